"""`slm-factory ask`: a tiny student that knows its lessons by heart answers through llama.cpp."""

import json
import shutil
from pathlib import Path

import pytest

from slm_factory.cli import ask as asking
from slm_factory.cli.ask import ask
from slm_factory.core.errors import UserError
from slm_factory.student.modelfile import modelfile
from slm_factory.student.templates import CHATML
from tests import tiny_student
from tests.conftest import set_params

QUESTION, _ = tiny_student.LESSONS[1]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a student, seed, and another one's GGUF as if it were the first's trained self."""
    from slm_factory.student import gguf

    root = tmp_path_factory.mktemp("models")
    tiny_student.make(root / "seed", seed=1)
    tuned = tiny_student.make(root / "merged", seed=2)
    gguf.write(tuned, root / "gguf/model-f16.gguf", "f16", name="tiny")
    served = modelfile("model-f16.gguf", CHATML, tiny_student.SYSTEM, context_tokens=256, temperature=0)
    (root / "gguf/Modelfile").write_text(served, encoding="utf-8")
    return root


def answer_of(model: Path, folder: Path) -> str:
    """What llama.cpp answers to QUESTION with the student in `model`, asked directly."""
    from slm_factory.engine.llama import Llama
    from slm_factory.student import gguf

    gguf.write(model, folder / "direct.gguf", "f16", name="tiny")
    with Llama(folder / "direct.gguf", context_tokens=256) as llama:
        return llama.answer(tiny_student.conversation(QUESTION), 16)


@pytest.fixture
def served(workspace: Path, models: Path) -> Path:
    """A workspace with those models."""
    (workspace / "dvc.yaml").write_text("stages: {}\n")
    set_params(workspace, **{"student.system_prompt": tiny_student.SYSTEM, "quantize.context_tokens": 256})
    shutil.copytree(models, workspace / "models")
    return workspace


@pytest.mark.slow
def test_the_served_model_answers_on_stdout_and_its_speed_goes_to_stderr(
    served: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ask(QUESTION, base=False, max_tokens=16)
    captured = capfd.readouterr()
    assert captured.out == answer_of(served / "models/merged", served) + "\n"
    assert captured.err.splitlines()[-1].endswith(" tokens per second")


@pytest.mark.slow
def test_base_asks_the_student_before_training(served: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ask(QUESTION, base=True, max_tokens=16)
    said = capfd.readouterr().out
    assert said == answer_of(served / "models/seed", served) + "\n"
    assert said != answer_of(served / "models/merged", served) + "\n"


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
