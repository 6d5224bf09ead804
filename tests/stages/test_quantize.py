"""The quantize stage, with a tiny student as the merged model."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from slm_factory.core import files
from slm_factory.core.errors import UserError
from slm_factory.core.records import ANSWER
from slm_factory.engine.llama import Llama
from stages import quantize
from tests import tiny_student
from tests.conftest import set_params
from tests.tiny_student import LESSONS, SYSTEM, conversation


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_student.make(tmp_path_factory.mktemp("student"), steps=60)


@pytest.fixture
def prepared(workspace: Path, student: Path) -> Path:
    shutil.copytree(student, quantize.MERGED)
    rows = [
        dict.fromkeys(ANSWER.names)
        | {"question_id": str(at), "slice": "recall", "contender": contender, "question": q, "reference": a}
        | {"tokens": 32}
        for at, (q, a) in enumerate(LESSONS)
        for contender in ("base", "tuned")
    ]
    rows.append(rows[-1] | {"question_id": "t", "slice": "text", "question": "", "reference": "A text."})
    files.write_rows(quantize.QUESTIONS, rows, ANSWER)
    set_params(workspace, **{"student.system_prompt": SYSTEM, "quantize.context_tokens": 256})
    return workspace


def test_every_type_is_written_and_proven_on_every_question(prepared: Path) -> None:
    quantize.main()
    measured = files.read_json(quantize.METRICS)
    assert measured["served"] == "q8_0"
    assert list(measured["types"]) == ["f16", "q8_0"]
    assert measured["types"]["f16"]["questions"] == len(LESSONS)
    assert measured["types"]["f16"]["identical"] == 1.0
    assert measured["types"]["f16"]["key_facts"] == {"mean": 1.0, "low": 1.0, "high": 1.0}
    assert measured["types"]["f16"]["key_facts_lost"] == {"mean": 0.0, "low": 0.0, "high": 0.0}
    assert measured["types"]["q8_0"]["key_facts"]["mean"] >= 0.8
    assert measured["types"]["q8_0"]["bytes"] < measured["types"]["f16"]["bytes"]


def test_the_modelfile_serves_the_last_type_that_lies_beside_it(prepared: Path) -> None:
    set_params(prepared, **{"quantize.types": ["q8_0", "f16"]})
    quantize.main()
    first = (quantize.GGUF / "Modelfile").read_text(encoding="utf-8").split("\n")[0]
    served = quantize.GGUF / first.removeprefix("FROM ./")
    assert served.name == "model-f16.gguf"
    with Llama(served, context_tokens=256) as llama:
        assert llama.answer(conversation(LESSONS[0][0]), 48) == LESSONS[0][1]


def test_a_type_s_loss_is_paired_by_question_and_of_recall_alone() -> None:
    row = {"reference": "30분", "question": "?", "slice": "recall"}
    other = row | {"slice": "abstain"}
    reference, answers = (
        ["30분입니다.", "30분입니다.", "30분입니다."],
        ["30분.", "40분입니다.", "30분입니다."],
    )
    measured = quantize.parity([row, row, other], reference, answers)
    assert measured["questions"] == 3 and measured["identical"] == round(1 / 3, 4)
    assert measured["recall_questions"] == 2
    assert measured["key_facts"]["mean"] == measured["key_facts_lost"]["mean"] == 0.5
    assert measured["key_facts_lost"]["high"] == 1.0
    alone = quantize.parity([other], ["30분"], ["30분"])
    assert alone["key_facts"] is None and alone["key_facts_lost"] is None


def losing(*shares: float) -> dict[str, dict[str, Any]]:
    names = ("f16", "q8_0", "q4_0")
    return {name: {"key_facts_lost": {"mean": share}} for name, share in zip(names, shares, strict=True)}


@pytest.mark.parametrize(
    ("shares", "served"), [((0.0, 0.0, 0.02), "q4_0"), ((0.0, 0.01, 0.3), "q8_0"), ((0.0, 0.5, -0.1), "q4_0")]
)
def test_the_last_type_that_loses_little_enough_is_served(shares: tuple[float, ...], served: str) -> None:
    assert quantize.choose_served(losing(*shares), 0.02) == served


def test_nothing_is_served_that_loses_too_much(prepared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"f16 0\.100, q8_0 0\.200, q4_0 0\.300\nhint: add a larger type"):
        quantize.choose_served(losing(0.1, 0.2, 0.3), 0.02)
    assert quantize.choose_served({"f16": {"key_facts_lost": None}}, 0.0) == "f16"  # recall was not asked


def test_an_unknown_type_is_refused_before_any_work(prepared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_params(prepared, **{"quantize.types": ["f16", "q9_9"]})
    monkeypatch.setattr(quantize.gguf, "write", lambda *a, **k: pytest.fail("wrote a file"))
    with pytest.raises(UserError, match="q9_9 cannot be made"):
        quantize.main()
    assert not quantize.GGUF.exists()


def test_a_refusal_is_passed_on(workspace: Path) -> None:
    quantize.MERGED.mkdir(parents=True)
    (quantize.MERGED / "REFUSED.md").write_text("# Refused\n", encoding="utf-8")
    quantize.main()
    assert [file.name for file in quantize.GGUF.iterdir()] == ["REFUSED.md"]
    assert files.read_json(quantize.METRICS) == {"is_quantized": False}
