"""What `run` shows at its end, from the files that the stages write."""

import re
from pathlib import Path
from typing import Any

import pytest

from slm_factory.cli import repository, summary
from slm_factory.core import files, records
from slm_factory.student.modelfile import modelfile
from slm_factory.student.templates import CHATML
from tests.conftest import REPOSITORY


def measured(mean: float) -> dict[str, float]:
    return {"mean": mean, "low": mean - 0.05, "high": mean + 0.05}


@pytest.fixture
def evaluated(workspace: Path) -> Path:
    """A workspace after a run that the gate let pass, with a served model."""
    (workspace / "dvc.yaml").write_text("stages: {}\n")
    recall = {
        name: {"n": 150, "key_facts": measured(mean)} for name, mean in (("base", 0.05), ("tuned", 0.9))
    }
    files.write_json(summary.EVALUATE, {"recall": recall})
    files.write_json(summary.GATE, {"verdict": "pass", "rules": []})
    (workspace / "models/gguf").mkdir(parents=True)
    served = modelfile("model-q8_0.gguf", CHATML, "Short.", context_tokens=256, temperature=0)
    (workspace / "models/gguf/Modelfile").write_text(served)
    (workspace / "models/gguf/model-q8_0.gguf").write_bytes(bytes(1000))
    rows = [answer("Not known?", 0.0), answer("Who's on call?", 1.0)]
    files.write_rows(summary.ANSWERS, rows, records.ANSWER)
    return workspace


def answer(question: str, key_facts: float) -> dict[str, Any]:
    row = dict.fromkeys(records.ANSWER.names)
    return row | {"slice": "recall", "contender": "tuned", "question": question, "key_facts": key_facts}


def shown(capsys: pytest.CaptureFixture[str]) -> str:
    summary.show()
    return capsys.readouterr().out


def test_base_and_tuned_stand_side_by_side_with_intervals(
    evaluated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = next(line for line in shown(capsys).splitlines() if line.startswith("recall"))
    assert line.split()[-5:] == ["150", "0.05", "(0.00-0.10)", "0.90", "(0.85-0.95)"]


def test_a_passed_gate_shows_the_model_and_a_command_that_can_be_copied(
    evaluated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = shown(capsys)
    assert "Gate: pass" in output
    assert "models/gguf/model-q8_0.gguf" in output
    # A question that the model knows, quoted for the shell, after the program as it was called.
    assert f"""{repository.program()} ask --question 'Who'"'"'s on call?'""" in output


def shares(**means: float) -> dict[str, Any]:
    return {name: {"n": 9, "key_facts": measured(mean)} for name, mean in means.items()}


@pytest.mark.parametrize(
    ("gain", "is_better", "words"),
    [
        (
            (0.1, 0.02, 0.2),
            True,
            "base + retrieval would serve better than tuning alone (+0.10 key facts, +0.02 to",
        ),
        ((-0.5, -0.6, -0.4), False, "tuning alone serves better (-0.50"),
        ((0.1, -0.1, 0.2), False, "neither is better beyond chance (+0.10"),
    ],
)
def test_it_says_plainly_whether_retrieval_would_serve_better(
    evaluated: Path, capsys: pytest.CaptureFixture[str], gain: tuple[float, ...], is_better: bool, words: str
) -> None:
    found = {"contender": "base_retrieval", "gain": dict(zip(("mean", "low", "high"), gain, strict=True))}
    recall = shares(base=0.0, tuned=0.8, base_retrieval=0.9, tuned_retrieval=0.7)
    files.write_json(summary.EVALUATE, {"recall": recall, "retrieval": found | {"is_better": is_better}})
    [line] = [line for line in shown(capsys).splitlines() if line.startswith("Retrieval: ")]
    assert words in line
    assert line.endswith("tuned 0.80, base + retrieval 0.90, tuned + retrieval 0.70")


def test_the_teacher_s_judgement_stands_beside_the_key_facts(
    evaluated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recall = shares(tuned=0.8)
    recall["tuned"]["judged_correct"] = measured(0.75)
    judge = {"agreement": {"tuned": {"n": 40, "share": 0.95, "kappa": 0.875}}, "failed": 0}
    files.write_json(summary.EVALUATE, {"recall": recall, "judge": judge})
    assert "of tuned: 0.75 right; agrees with key facts on 95% of 40, kappa 0.88" in shown(capsys)


def test_a_failed_gate_shows_each_broken_rule_and_no_model(
    evaluated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = [
        {"name": "headline", "is_met": False, "explanation": "0.20 is below 0.50"},
        {"name": "forgetting", "is_met": True, "explanation": "fine"},
    ]
    files.write_json(summary.GATE, {"verdict": "fail", "rules": rules})
    for file in (evaluated / "models/gguf").iterdir():
        file.unlink()
    output = shown(capsys)
    assert "Gate: fail" in output
    assert "headline: 0.20 is below 0.50" in output
    assert "fine" not in output
    assert "ask --question" not in output


def test_before_the_first_evaluation_nothing_is_shown(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shown(capsys) == ""


def test_the_profiles_that_are_named_exist(evaluated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    named = re.findall(r" profile (\S+)", shown(capsys))
    assert len(named) == 2
    for name in named:
        assert (REPOSITORY / "profiles" / f"{name}.yaml").is_file(), name


def test_the_program_is_named_as_it_was_called(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = workspace / ".venv/bin/slm-factory"
    tool.parent.mkdir(parents=True)
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    monkeypatch.setattr("sys.argv", [".venv/bin/slm-factory", "run"])
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert repository.program() == ".venv/bin/slm-factory"
    monkeypatch.setenv("PATH", str(tool.parent))
    assert repository.program() == "slm-factory"
