"""llama.cpp inside this process: whole contexts, streamed replies, and a port that answers nobody else."""

import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from slm_factory.core.errors import UserError
from slm_factory.engine.llama import Llama
from tests import tiny_gguf

pytest.importorskip("xllamacpp")
pytest.importorskip("gguf")

HELLO = [{"role": "user", "content": "hello"}]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("model") / "tiny.gguf"
    tiny_gguf.write(file)
    return file


def said(chunks: list[dict[str, Any]]) -> str:
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    return "".join(choice["delta"].get("content") or "" for choice in choices)


def test_the_port_answers_nobody_without_the_key(model: Path) -> None:
    with Llama(model, context_tokens=256) as llama:
        address = llama.server.listening_address
        assert address.startswith("http://127.0.0.1:")
        request = urllib.request.Request(f"{address}/tokenize", b"{}", {"Authorization": "Bearer guess"})
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(request, timeout=10)


def test_a_conversation_beyond_the_context_is_refused_not_cut(model: Path) -> None:
    with Llama(model, context_tokens=256) as llama, pytest.raises(UserError, match="context"):
        llama.answer([{"role": "user", "content": "x" * 300}], 8)


def test_each_slot_has_the_whole_context(model: Path) -> None:
    with Llama(model, context_tokens=512, slots=4) as llama:
        reply = llama.complete([{"role": "user", "content": "x" * 400}], 4)
    assert reply["usage"]["prompt_tokens"] > 400


def test_a_streamed_reply_says_what_the_whole_one_says(model: Path) -> None:
    chunks: list[dict[str, Any]] = []
    with Llama(model, context_tokens=512) as llama:
        whole = llama.complete(HELLO, 20)
        request = {"messages": HELLO, "max_tokens": 20, "temperature": 0.0}
        llama.stream(request, lambda chunk: bool(chunks.append(chunk)))  # type: ignore[func-returns-value]
    assert said(chunks) == whole["choices"][0]["message"]["content"]
    assert chunks[-1]["usage"]["completion_tokens"] == whole["usage"]["completion_tokens"]


def test_a_stream_ends_when_its_reader_has_enough(model: Path) -> None:
    chunks: list[dict[str, Any]] = []

    def take(chunk: dict[str, Any]) -> bool:
        chunks.append(chunk)
        return len(chunks) == 3

    grammar = {"type": "array", "items": {"enum": ["a"]}, "minItems": 100}
    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": grammar}}
    with Llama(model, context_tokens=2048) as llama:
        llama.stream({"messages": HELLO, "max_tokens": 1000, "response_format": form}, take)
    assert len(chunks) == 3


def test_a_file_that_is_no_model_is_two_lines(tmp_path: Path) -> None:
    (tmp_path / "bad.gguf").write_bytes(b"GGUF, but no more")
    with pytest.raises(UserError, match="cannot load"):
        Llama(tmp_path / "bad.gguf", context_tokens=256)
