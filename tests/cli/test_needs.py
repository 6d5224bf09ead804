"""What profiles would need is told offline, without a key, from what is at hand."""

import re
from pathlib import Path

import pytest

from slm_factory.cli import needs
from slm_factory.core import files
from slm_factory.core.records import CHUNK, DOCUMENT
from slm_factory.student.settings import StudentSettings
from slm_factory.training.settings import TrainSettings
from tests import rows
from tests.conftest import REPOSITORY

PROFILES = REPOSITORY / "profiles"
TEXT = "The limit pressure of Alpha is 7 bar. The pump is checked every 30 days. " * 20


@pytest.fixture
def chunks(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sixty chunks of one document; no key is set."""
    (workspace / "prompts").symlink_to(REPOSITORY / "prompts")
    (workspace / "data").mkdir()
    for name in ("questions", "refine"):
        (workspace / f"data/{name}.jsonl").write_text("")
    files.write_rows(workspace / "data/parse.parquet", [rows.document()], DOCUMENT)
    made = [rows.chunk(chunk_id=f"c{number:02}", index=number, text=TEXT) for number in range(60)]
    files.write_rows(workspace / "data/chunk.parquet", made, CHUNK)
    for key in needs.KEYS.values():
        monkeypatch.delenv(key, raising=False)
    return workspace


def test_a_hosted_teacher_costs_money_and_is_told_to_lack_its_key(chunks: Path) -> None:
    found = needs.teacher(PROFILES / "openai.yaml")
    assert found.money and 0.1 < found.money[0] < found.money[1] < 20
    assert found.notes == ("documents leave this house", "OPENAI_API_KEY is not set")
    assert found.memory is None


def test_a_sample_stands_for_all_chunks(chunks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = needs.teacher(PROFILES / "openai.yaml").money
    monkeypatch.setattr(needs, "SAMPLE", 10)
    sampled = needs.teacher(PROFILES / "openai.yaml").money
    assert whole and sampled and sampled == pytest.approx(whole, rel=0.2)


def test_a_local_teacher_takes_memory_and_no_money(chunks: Path) -> None:
    found = needs.teacher(PROFILES / "ollama-qwen3-8b.yaml")
    assert found.money == (0, 0) and found.seconds is None, "nothing was ever timed"
    assert found.memory == pytest.approx(4.9e9, rel=0.1)
    assert needs.teacher(PROFILES / "vllm.yaml").memory == 16e9


@pytest.mark.parametrize("name", needs.SHAPES)
def test_a_shape_has_the_parameters_of_its_name(name: str) -> None:
    shape = needs.shape_of(student_settings(name))
    billions = re.search(r"([\d.]+)b\b", name, re.IGNORECASE)
    told = float(billions[1]) if billions else 2.7  # Phi-2
    assert shape and shape.parameters / 1e9 == pytest.approx(told, rel=0.1)


def test_an_unknown_student_has_no_shape() -> None:
    assert needs.shape_of(student_settings("nobody/nothing-1b")) is None


def student_settings(model: str) -> StudentSettings:
    return StudentSettings(model=model, system_prompt="x", refusal_ko="x", refusal_en="x")


def test_every_student_of_a_profile_is_told_with_its_figures(workspace: Path) -> None:
    (workspace / "models").symlink_to(REPOSITORY / "models")
    machine = needs.machine()
    for file in sorted(PROFILES.glob("*.yaml")):
        if "model" in (needs.params.read(file).get("student") or {}):
            found = machine.need(file)
            assert found.memory and found.seconds, file.stem
            is_told = found.notes[0].startswith("does not fit") is (found.memory > machine.free)
            assert is_told, file.stem


def test_more_rows_take_more_time_and_no_more_memory(workspace: Path) -> None:
    machine = needs.machine()
    shape = needs.shape_of(student_settings("Qwen/Qwen3-0.6B"))
    settings = TrainSettings.model_validate(needs.params.read()["train"]).model_copy(update={"epochs": 1})
    assert shape
    found = []
    for machine.rows in (320, 640):
        found.append(machine.training(shape, settings))
    assert found[1][0] == found[0][0]
    assert found[1][1] == pytest.approx(2 * found[0][1])


def test_the_rows_of_the_last_run_are_counted(workspace: Path) -> None:
    assert needs.expected_rows() == 1000, "nothing is there to reckon with"
    (workspace / "data").mkdir()
    (workspace / "data/convert.jsonl").write_text("{}\n" * 12)
    assert needs.expected_rows() == 12
