"""GGUF files, read by llama.cpp."""

import json
import shutil
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from slm_factory.core.errors import UserError
from slm_factory.core.store import Store
from slm_factory.engine.llama import Llama
from slm_factory.student import chat, gguf
from slm_factory.student.generate import Student
from slm_factory.student.model import load_tokenizer
from tests.tiny_student import LESSONS, conversation

QUESTIONS = [q for q, _ in LESSONS] + [
    "백업 담당자는 누구?",
    "How long is the 점검 창?",
    "1,500ms를 넘으면 무엇을 하나요?",
]


def post(llama: Llama, route: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(
        llama.server.listening_address + route,
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {llama.api_key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as reply:
        return json.load(reply)


def test_f16_answers_every_question_like_transformers(taught: Path, tmp_path: Path) -> None:
    asked = [conversation(question) for question in QUESTIONS]
    with Store(tmp_path / "answers.sqlite") as store:
        expected = [answer["text"] for answer in Student(str(taught), store).answer(asked, 48)]
    gguf.write(taught, tmp_path / "model.gguf", "f16", name="tiny")
    with Llama(tmp_path / "model.gguf", context_tokens=256) as llama:
        assert llama.answer_all(asked, 48) == expected
    assert expected[: len(LESSONS)] == [answer for _, answer in LESSONS]
    assert len(set(expected)) > 6


@pytest.mark.parametrize("kind", ["f32", "bf16", "q8_0", "q5_0", "q4_0"])
def test_every_kind_of_type_is_loaded_and_remembers_a_lesson(taught: Path, tmp_path: Path, kind: str) -> None:
    gguf.write(taught, tmp_path / "model.gguf", kind, name="tiny")
    with Llama(tmp_path / "model.gguf", context_tokens=256) as llama:
        right = sum(llama.answer(conversation(q), 48) == a for q, a in LESSONS)
    assert right >= (1 if kind.startswith(("q4", "q5")) else 7)


def test_prompt_tokens_equal_those_of_transformers(taught: Path, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(taught)
    gguf.write(taught, tmp_path / "model.gguf", "f16", name="tiny")
    with Llama(tmp_path / "model.gguf", context_tokens=256) as llama:
        for question in [*QUESTIONS, "  띄어쓰기\n\n와 줄바꿈\t12345 don't?! 漢字 😀"]:
            messages = conversation(question)
            prompt = post(llama, "/apply-template", {"messages": messages})["prompt"]
            ids = post(llama, "/tokenize", {"content": prompt, "parse_special": True, "add_special": True})
            assert ids["tokens"] == chat.prompt_ids(tokenizer, messages)


def test_metadata_is_what_servers_need(taught: Path, tmp_path: Path) -> None:
    from gguf import GGUFReader, LlamaFileType

    gguf.write(taught, tmp_path / "model.gguf", "q8_0", name="tiny")
    fields = GGUFReader(tmp_path / "model.gguf").fields
    value = {name: field.contents() for name, field in fields.items()}
    assert value["general.file_type"] == LlamaFileType.MOSTLY_Q8_0
    assert value["tokenizer.ggml.add_bos_token"] is False
    assert value["qwen3.rope.freq_base"] == 10000.0
    assert value["qwen3.context_length"] == 256
    assert (
        "tools" not in value["tokenizer.chat_template"] and "<think>" not in value["tokenizer.chat_template"]
    )


def test_the_same_model_gives_the_same_bytes(taught: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        gguf.write(taught, tmp_path / name, "q8_0", name="tiny")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


DYNAMIC = {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 10000.0}


def change(folder: Path, file: str, **values: Any) -> None:
    content = json.loads((folder / file).read_text(encoding="utf-8")) | values
    (folder / file).write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "values", "kind", "problem"),
    [
        ("config.json", {}, "q9_9", "q9_9 cannot be made here"),
        ("config.json", {"architectures": ["BertModel"]}, "f16", "BertModel cannot be converted"),
        ("config.json", {"rope_parameters": DYNAMIC}, "f16", "rope scaling dynamic"),
        ("tokenizer.json", {"pre_tokenizer": {"type": "Whitespace"}}, "f16", "neither a byte-level BPE"),
    ],
)
def test_what_cannot_be_converted_is_refused_before_any_file(
    taught: Path, tmp_path: Path, file: str, values: dict[str, Any], kind: str, problem: str
) -> None:
    copy = Path(shutil.copytree(taught, tmp_path / "copy"))
    change(copy, file, **values)
    with pytest.raises(UserError, match=problem):
        gguf.write(copy, tmp_path / "model.gguf", kind, name="tiny")
    assert not (tmp_path / "model.gguf").exists()
