"""`slm-factory ask`: a tiny student that knows its lessons by heart answers through llama.cpp."""

import json
import shutil
from pathlib import Path

import pytest

from slm_factory.cli import ask as asking
from slm_factory.cli.ask import ask
from slm_factory.core.errors import UserError
from tests import tiny_student
from tests.conftest import set_params

QUESTION, ANSWER = tiny_student.LESSONS[1]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an untrained student, seed, and a trained one as gguf with its Modelfile."""
    from slm_factory.student import gguf

    root = tmp_path_factory.mktemp("models")
    tiny_student.make(root / "models/seed")
    trained = tiny_student.make(root / "trained", steps=150)
    (root / "models/gguf").mkdir()
    gguf.write(trained, root / "models/gguf/model-f16.gguf", "f16", name="tiny")
    (root / "models/gguf/Modelfile").write_text("FROM ./model-f16.gguf\n")
    return root / "models"


@pytest.fixture
def served(workspace: Path, models: Path) -> Path:
    """A workspace with those models."""
    (workspace / "dvc.yaml").write_text("stages: {}\n")
    set_params(workspace, **{"student.system_prompt": tiny_student.SYSTEM, "quantize.context_tokens": 256})
    shutil.copytree(models, workspace / "models")
    return workspace


@pytest.mark.slow
def test_the_answer_goes_to_stdout_and_the_speed_to_stderr(
    served: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ask(QUESTION, base=False, max_tokens=64)
    captured = capfd.readouterr()
    assert captured.out == f"{ANSWER}\n"
    assert "tokens per second" in captured.err.splitlines()[-1]


@pytest.mark.slow
def test_base_asks_the_student_before_training(served: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ask(QUESTION, base=True, max_tokens=8)
    assert ANSWER not in capfd.readouterr().out


def test_without_a_model_the_hint_runs_the_pipeline(workspace: Path) -> None:
    (workspace / "dvc.yaml").write_text("stages: {}\n")
    with pytest.raises(UserError, match=r"no model to ask yet\nhint: .* run$"):
        ask("What?", base=False, max_tokens=8)


def test_after_a_failed_gate_the_hint_names_the_verdict(workspace: Path) -> None:
    (workspace / "dvc.yaml").write_text("stages: {}\n")
    (workspace / "metrics").mkdir()
    (workspace / "metrics/gate.json").write_text(json.dumps({"verdict": "fail", "rules": []}))
    with pytest.raises(UserError, match="did not pass the gate"):
        asking.served_gguf()


def test_an_empty_question_is_refused(workspace: Path) -> None:
    (workspace / "dvc.yaml").write_text("stages: {}\n")
    with pytest.raises(UserError, match="the question is empty"):
        ask("  ", base=False, max_tokens=8)
