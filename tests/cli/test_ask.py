"""`slm-factory ask`: a tiny student that knows its lessons by heart answers through llama.cpp."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from slm_factory.cli import ask as asking
from slm_factory.cli.ask import ask
from slm_factory.core.errors import UserError
from slm_factory.student.modelfile import modelfile
from slm_factory.student.templates import CHATML
from tests import tiny_gguf, tiny_student
from tests.conftest import REPOSITORY, set_params

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


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Any other model's file."""
    file = tmp_path_factory.mktemp("tiny") / "tiny.gguf"
    tiny_gguf.write(file)
    return file


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
def test_the_served_model_answers_on_stdout_and_what_it_took_goes_to_stderr(
    served: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ask(QUESTION, max_tokens=16)
    captured = capfd.readouterr()
    assert captured.out == answer_of(served / "models/merged", served) + "\n"
    last = captured.err.splitlines()[-1]
    assert last.startswith("tuned: ") and " tokens per second, " in last and " MB of memory" in last


@pytest.mark.slow
def test_base_and_tuned_answer_side_by_side(served: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ask(QUESTION, compare=True, max_tokens=16, as_json=True)
    row = json.loads(capfd.readouterr().out)
    assert row["question"] == QUESTION
    texts = {answer["model"]: answer["text"] for answer in row["answers"]}
    assert texts == {
        "base": answer_of(served / "models/seed", served),
        "tuned": answer_of(served / "models/merged", served),
    }
    assert texts["base"] != texts["tuned"]


@pytest.mark.slow
def test_base_alone_is_the_student_before_training(served: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ask(QUESTION, base=True, max_tokens=16)
    assert capfd.readouterr().out == answer_of(served / "models/seed", served) + "\n"


def test_each_line_of_a_file_is_answered_also_after_one_that_is_too_long(
    served: Path, tiny: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    long = "x" * 300
    Path("questions.txt").write_text(f"\ufeff가\n\n{long}\n  나\n", encoding="utf-8")
    with pytest.raises(UserError, match="1 of 3 questions were refused\nhint: ask a shorter"):
        ask(file=Path("questions.txt"), gguf=[tiny], max_tokens=8, as_json=True)
    captured = capfd.readouterr()
    rows = [json.loads(line) for line in captured.out.splitlines()]
    assert [row["question"] for row in rows] == ["가", long, "나"]
    assert "256 tokens" in rows[1]["error"]
    assert [row["answers"][0]["tokens"] for row in (rows[0], rows[2])] == [8, 8]
    assert captured.err.splitlines()[-1].startswith("tiny.gguf: 2 answers, median ")


def test_questions_come_on_stdin_too(served: Path, tiny: Path) -> None:
    command = [sys.executable, "-m", "slm_factory", "ask", "--file", "-", "--gguf", tiny, "--max-tokens", "4"]
    done = subprocess.run(command, input="가\n나\n", capture_output=True, text=True, env=environment())
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[::2] == ["가", "나"]


@pytest.mark.slow
def test_ctrl_c_ends_a_file_with_whole_lines_and_130(served: Path, tiny: Path) -> None:
    Path("questions.txt").write_text("가\n" * 10_000, encoding="utf-8")
    command = [sys.executable, "-m", "slm_factory", "ask", "--file", "questions.txt", "--json"]
    with subprocess.Popen(
        [*command, "--gguf", tiny], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        lines, said = process.stdout.readlines(), process.stderr.read().decode()
        assert process.wait() == 130
    assert all(json.loads(line)["answers"] for line in [first, *lines])
    counted = re.search(r"interrupted: (\d+) of 10000 questions were answered\n$", said)
    assert counted and int(counted[1]) in (len(lines), len(lines) + 1)
    assert "Traceback" not in said


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(REPOSITORY), "LC_ALL": "C.UTF-8"}


@pytest.fixture
def empty(workspace: Path) -> Path:
    """A workspace without a model."""
    (workspace / "dvc.yaml").write_text("stages: {}\n")
    return workspace


def test_without_a_model_the_hint_runs_the_pipeline(empty: Path) -> None:
    with pytest.raises(UserError, match=r"no model to ask yet\nhint: .* run$"):
        ask("What?")


def test_after_a_failed_gate_the_hint_names_the_verdict(empty: Path) -> None:
    (empty / "metrics").mkdir()
    (empty / "metrics/gate.json").write_text(json.dumps({"verdict": "fail", "rules": []}))
    with pytest.raises(UserError, match="did not pass the gate"):
        asking.served_gguf()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({}, "needs one of --question, --file and --interactive"),
        ({"question": "a", "file": Path("-")}, "needs one of"),
        ({"question": "a", "interactive": True}, "needs one of"),
        ({"question": "  "}, "the question is empty"),
        ({"file": Path("missing.txt")}, "there is no file missing.txt"),
        ({"file": Path("blank.txt")}, "blank.txt holds no question"),
        ({"file": Path("cp949.txt")}, r"not UTF-8 text \(byte 0\)\nhint: iconv -f CP949"),
        ({"interactive": True}, "needs a terminal\nhint: .* ask --file -"),
        ({"interactive": True, "as_json": True}, "for people"),
        ({"question": "a", "gguf": [Path("missing.gguf")]}, r"there is no file missing\.gguf"),
        ({"question": "a", "gguf": [Path("cp949.txt")]}, r"cp949\.txt is no GGUF file"),
        ({"question": "a", "version": ["v1"]}, "there is no version v1"),
    ],
)
def test_what_cannot_be_asked_is_told_before_a_model_is_loaded(
    empty: Path, options: dict[str, Any], problem: str
) -> None:
    Path("blank.txt").write_text("\n \n")
    Path("cp949.txt").write_bytes("질문".encode("cp949"))
    with pytest.raises(UserError, match=problem):
        ask(**options)
