"""Versions in Ollama: uploaded, created, shown, asked, aliased and deleted through its API."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from slm_factory.core.errors import UserError
from slm_factory.release.ollama import Ollama
from slm_factory.student.chat import question_messages
from tests import tiny_student
from tests.conftest import set_params
from tests.ollama_store import StoringOllama, storing
from tests.ollama_wire import Refusal
from tests.release.tiny_pipeline import assert_whole, choose, invoke, runs

ONE, TWO = "v20260101T000000Z", "v20260101T000001Z"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StoringOllama]:
    with storing(tmp_path / "blobs") as running:
        monkeypatch.setenv("OLLAMA_HOST", running.url)
        yield running


def gguf(sources: Path, name: str) -> Path:
    return sources / name / "models/gguf"


def refused(words: str, server: StoringOllama, at: str) -> None:
    """Lets the server refuse at a step of an upload or a create."""

    def fails(step: str) -> None:
        if step == at:
            raise Refusal(500, words)

    server.fails = fails


def test_a_version_is_uploaded_once_created_as_the_modelfile_says_and_really_answers(
    server: StoringOllama, sources: Path
) -> None:
    target = Ollama("slm")
    assert target.put(ONE, gguf(sources, "first"))
    assert target.put(TWO, gguf(sources, "first"))
    assert sum(request.startswith("POST /api/blobs/") for request in server.seen) == 1, "HEAD comes first"
    assert not target.put(ONE, gguf(sources, "first"))
    made = server.find(f"slm:{ONE}")
    assert (made.system, made.parameters["num_ctx"]) == (tiny_student.SYSTEM, 256)
    assert "<|im_end|>" in made.parameters["stop"] and ".Messages" in made.template
    lessons = tiny_student.LESSONS[:3]
    asked = [question_messages(tiny_student.SYSTEM, question) for question, _ in lessons]
    assert target.answers(ONE, asked, 40) == [answer for _, answer in lessons], (
        "llama.cpp, Go template, stops"
    )


def test_the_alias_moves_by_copy_and_a_deleted_version_leaves_it(
    server: StoringOllama, sources: Path
) -> None:
    target = Ollama("ops/slm")
    for version, name in ((ONE, "first"), (TWO, "second")):
        target.put(version, gguf(sources, name))
        target.alias(version)
    assert target.serves(TWO) and not target.serves(ONE)
    assert target.versions() == [ONE, TWO]
    target.alias(ONE)
    target.remove(TWO)
    assert target.serves(ONE) and target.versions() == [ONE]


@pytest.mark.parametrize("level", ["q8_0", "q4_K_M"])
def test_the_server_quantises_from_f16(server: StoringOllama, sources: Path, level: str) -> None:
    target = Ollama("slm", level)
    target.put(ONE, gguf(sources, "first"))
    assert server.find(f"slm:{ONE}").level == level.upper()
    assert not target.put(ONE, gguf(sources, "first"))
    with pytest.raises(UserError, match=r"(?s)another quantization.*ollama rm slm:v2026"):
        Ollama("slm", "q4_K_S").put(ONE, gguf(sources, "first"))


def test_a_version_without_f16_cannot_be_quantised_there(
    server: StoringOllama, sources: Path, tmp_path: Path
) -> None:
    (tmp_path / "Modelfile").write_bytes((gguf(sources, "first") / "Modelfile").read_bytes())
    with pytest.raises(UserError, match=r"(?s)no F16 GGUF.*server_quantization"):
        Ollama("slm", "q8_0").put(ONE, tmp_path)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"template": "{{ .Prompt }}"}, "template"),
        ({"system": "another"}, "system"),
        ({"parameters": {"num_ctx": 256, "temperature": 0, "stop": ["x"]}}, "stop"),
    ],
)
def test_what_the_server_shows_otherwise_is_told(
    server: StoringOllama, sources: Path, change: dict, what: str
) -> None:
    target = Ollama("slm")
    target.put(ONE, gguf(sources, "first"))
    made = server.find(f"slm:{ONE}")
    server.models[f"slm:{ONE}"] = type(made)(**{**vars(made), **change})
    with pytest.raises(UserError, match=rf"shows slm:{ONE} with another {what} than"):
        target.put(ONE, gguf(sources, "first"))


def test_large_numbers_and_line_breaks_survive_how_the_server_prints_them(
    server: StoringOllama, sources: Path, tmp_path: Path
) -> None:
    text = (gguf(sources, "first") / "Modelfile").read_text(encoding="utf-8")
    text = text.replace("num_ctx 256", "num_ctx 2097152").replace("temperature 0", "temperature 0.7")
    text = text.replace(tiny_student.SYSTEM, f'{tiny_student.SYSTEM}\nSay "no" otherwise.')
    (tmp_path / "Modelfile").write_text(text, encoding="utf-8")
    (tmp_path / "model-f16.gguf").write_bytes((gguf(sources, "first") / "model-f16.gguf").read_bytes())
    assert Ollama("slm").put(ONE, tmp_path)


@pytest.mark.parametrize(
    ("step", "words", "hint"),
    [
        ("upload", "write blob: no space left on device", "free some space"),
        ("create", "write blob: no space left on device", "free some space"),  # HTTP 200, then an error line
        ("create", 'tensor "blk.1" exceeds file size', "ollama list and its log"),
    ],
)
def test_a_server_that_fails_late_costs_the_alias_nothing(
    repository: Path, ollama: StoringOllama, step: str, words: str, hint: str
) -> None:
    invoke("tool", "evolve", "--yes")
    served = ollama.models["slm:latest"]
    choose("second")
    refused(words, ollama, step)
    code, output = invoke("tool", "evolve", "--yes")
    assert code == 2 and f"error: Ollama refuses: {words}\nhint: {hint}" in output
    assert ollama.models["slm:latest"] == served and len(ollama.models) == 2
    ollama.fails = lambda step: None
    assert invoke("tool", "evolve", "--yes")[0] == 0
    assert ollama.models["slm:latest"] != served and runs() == 2
    assert_whole(Ollama("slm"))


def test_a_create_without_a_last_line_has_not_succeeded(server: StoringOllama, sources: Path) -> None:
    refused("", server, "create")
    with pytest.raises(UserError, match=rf"Ollama stopped while it made slm:{ONE}\nhint: its log"):
        Ollama("slm").put(ONE, gguf(sources, "first"))
    assert server.models == {}


def test_a_server_that_dies_in_a_create_is_told_in_two_lines(server: StoringOllama, sources: Path) -> None:
    target = Ollama("slm")

    def die(step: str) -> None:
        raise ConnectionAbortedError

    server.fails = die
    with pytest.raises(UserError, match="Ollama does not answer"):
        target.put(ONE, gguf(sources, "first"))


def test_without_a_server_nothing_is_begun(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_params(repository, **{"release.target": "ollama"})
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:9")
    code, output = invoke("tool", "evolve", "--yes")
    assert code == 2 and "Ollama does not answer" in output and not Path("cache/ran").exists()


def test_another_model_of_our_name_is_not_taken_over(
    repository: Path, ollama: StoringOllama, sources: Path
) -> None:
    other = Ollama("slm")
    other.put("mine", gguf(sources, "first"))
    other.alias("mine")
    ollama.models["slm:latest"] = ollama.models.pop("slm:mine")
    code, output = invoke("tool", "evolve", "--yes")
    assert code == 2 and "another model named slm:latest" in output and "ollama cp slm:latest NEW" in output
    assert not Path("cache/ran").exists() and list(ollama.models) == ["slm:latest"]


def test_versions_beyond_keep_are_deleted_and_rollback_brings_them_back(
    repository: Path, ollama: StoringOllama
) -> None:
    invoke("tool", "evolve", "--yes")
    choose("second")
    invoke("tool", "evolve", "--yes")
    target = Ollama("slm")
    [second] = target.versions()
    assert invoke("rollback")[0] == 0
    assert not target.serves(second)
    assert_whole(target)
