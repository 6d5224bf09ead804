"""The GGUF client on a random model of 100 thousand weights: a grammar makes JSON of its noise."""

import asyncio
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from slm_factory.core.errors import UserError
from slm_factory.teachers import gguf_client
from slm_factory.teachers.chat import Disturbed, Reply
from slm_factory.teachers.gguf_client import GgufClient
from slm_factory.teachers.teacher import TeacherFailure
from tests import tiny_gguf
from tests.teacher_settings import teacher_settings

pytest.importorskip("xllamacpp")
pytest.importorskip("gguf")

SCHEMA = {
    "type": "object",
    "properties": {"mark": {"type": "integer", "minimum": 1, "maximum": 5}, "reason": {"enum": ["a", "b"]}},
    "required": ["mark", "reason"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("model") / "tiny.gguf"
    tiny_gguf.write(file)
    return file


@contextmanager
def loaded(model: Path, **changes: Any) -> Iterator[GgufClient]:
    values = {"backend": "gguf", "model": str(model), "context_tokens": 2048, "max_tokens": 1000} | changes
    client = GgufClient(teacher_settings(**values))
    try:
        yield client
    finally:
        asyncio.run(client.close())


def hello(number: int = 0) -> list[dict[str, str]]:
    return [{"role": "user", "content": f"hello {number}"}]


def test_answers_keep_to_the_schema_several_at_a_time(workspace: Path, model: Path) -> None:
    with loaded(model, concurrency=3) as client:

        async def several() -> list[Reply]:
            return await asyncio.gather(*(client.chat(hello(number), SCHEMA) for number in range(6)))

        replies = asyncio.run(several())
    for reply in replies:
        answer = json.loads(reply["text"])
        assert answer["mark"] in range(1, 6) and answer["reason"] in ("a", "b")
        assert reply["finish_reason"] == "stop"
        assert reply["usage"]["prompt_tokens"] > 20 and reply["usage"]["completion_tokens"] > 10
    assert not client.is_remote


def test_each_of_several_chats_has_the_whole_context(workspace: Path, model: Path) -> None:
    """llama.cpp deals its context out among its slots."""
    with loaded(model, concurrency=4) as client:
        long = [{"role": "user", "content": "x" * 1900}]
        assert asyncio.run(client.chat(long, SCHEMA))["usage"]["prompt_tokens"] > 1900


def test_a_prompt_beyond_the_context_is_refused_not_cut(workspace: Path, model: Path) -> None:
    with loaded(model) as client, pytest.raises(TeacherFailure, match="longer than the server's context"):
        asyncio.run(client.chat([{"role": "user", "content": "x" * 3000}], SCHEMA))


def test_a_schema_without_a_grammar_fails_its_chat(workspace: Path, model: Path) -> None:
    with loaded(model) as client, pytest.raises(TeacherFailure, match=r"llama\.cpp refuses"):
        asyncio.run(client.chat(hello(), {"type": "nonsense"}))


def test_a_chat_is_answered_also_where_its_grammar_fails(workspace: Path, model: Path) -> None:
    """The random model writes bytes that are no text, which llama.cpp cannot read."""
    long_text = {
        "type": "object",
        "properties": {"a": {"type": "string", "minLength": 200}},
        "required": ["a"],
    }
    with loaded(model, temperature=1.0, max_tokens=400) as client:
        assert asyncio.run(client.chat(hello(), long_text))["usage"]["completion_tokens"] > 0


def test_a_chat_that_is_given_up_stops_at_its_next_token(workspace: Path, model: Path) -> None:
    """Alone the model would go on for some ten seconds and end with a whole answer."""
    items = {"type": "array", "items": {"enum": ["a"]}, "minItems": 1000}
    endless = {"type": "array", "items": items, "minItems": 100}
    with loaded(model, max_tokens=1_000_000, context_tokens=400_000, concurrency=1) as client:
        given_up = threading.Event()
        threading.Timer(0.1, given_up.set).start()
        with pytest.raises(Disturbed, match="broke off"):
            client.complete(client.request(hello(), endless), given_up)


def test_who_stops_waiting_gives_the_chat_up(
    workspace: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    with loaded(model) as client:
        monkeypatch.setattr(client, "complete", lambda request, given_up: seen.append(given_up.wait(30)))

        async def wait_briefly() -> None:
            async with asyncio.timeout(0.05):
                await client.chat(hello(), SCHEMA)

        with pytest.raises(TimeoutError):
            asyncio.run(wait_briefly())
    assert seen == [True]


def test_a_model_is_known_by_its_bytes_not_its_path(
    workspace: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Path(shutil.copy(model, workspace / "other.gguf"))
    names = {}
    for file in (model, copy):
        with loaded(file) as client:
            names[client.name] = client.model
            assert str(file.parent) not in json.dumps([client.name, client.model, client.options])
    assert list(names) == ["gguf/tiny", "gguf/other"]
    assert len(set(names.values())) == 1 and len(names["gguf/tiny"]) == 64
    copy.write_bytes(copy.read_bytes() + b"\0")
    with loaded(copy) as client:
        assert client.model != names["gguf/other"]


def test_the_hash_of_an_unchanged_file_is_remembered(
    workspace: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = gguf_client.content_hash(model)
    monkeypatch.setattr("hashlib.file_digest", None)  # to call it again would fail
    assert gguf_client.content_hash(model) == first


def test_the_model_is_loaded_by_its_first_chat_and_again_after_it_was_freed(
    workspace: Path, model: Path
) -> None:
    with loaded(model) as client:
        assert client.llama is None
        for _ in range(2):

            async def ask_and_close() -> str:
                reply = await client.chat(hello(), SCHEMA)
                await client.close()
                return reply["text"]

            json.loads(asyncio.run(ask_and_close()))
            assert client.llama is None


def test_a_missing_file_is_told_before_the_run(workspace: Path) -> None:
    with pytest.raises(UserError, match=r"no file models/none\.gguf"):
        GgufClient(teacher_settings(backend="gguf", model="models/none.gguf"))


def test_a_file_that_is_no_model_is_two_lines(workspace: Path) -> None:
    (workspace / "bad.gguf").write_bytes(b"GGUF, but no more")
    client = GgufClient(teacher_settings(backend="gguf", model="bad.gguf"))
    with pytest.raises(UserError, match="cannot load"):
        asyncio.run(client.chat(hello(), SCHEMA))


def test_without_a_schema_nothing_binds_the_answer(workspace: Path, model: Path) -> None:
    with loaded(model, max_tokens=24) as client:
        reply = asyncio.run(client.chat(hello(), None))
    assert reply["finish_reason"] == "length"  # noise that no grammar ends
    assert not reply["text"].startswith("{")
