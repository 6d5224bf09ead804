"""A repository with a pipeline of one stage, which makes what the real one makes, from a tiny student."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from slm_factory.core import files
from slm_factory.core.records import ANSWER
from slm_factory.student import gguf
from slm_factory.student.modelfile import modelfile
from slm_factory.student.templates import CHATML
from tests import tiny_student
from tests.conftest import set_params

STAGE = """import json, pathlib, shutil
source = pathlib.Path("data/documents") / pathlib.Path("data/documents/chosen.txt").read_text().strip()
for path in ("models/gguf", "data/evaluate.parquet", "metrics"):
    place = pathlib.Path(path)
    place.parent.mkdir(exist_ok=True)
    shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
    (shutil.copytree if (source / path).is_dir() else shutil.copy)(source / path, place)
"""
PIPELINE = {
    "stages": {
        "quantize": {
            "cmd": "python make.py",
            "desc": "everything",
            "deps": ["data/documents"],
            "params": ["gate"],
            "outs": ["models/gguf", "data/evaluate.parquet"],
            "metrics": [{"metrics": {"cache": False}}],
        }
    }
}


def evaluated() -> list[files.Row]:
    """The tuned student's answers to the lessons, all right."""
    numbers = ("rouge_1", "rouge_2", "rouge_l", "bleu", "chrf", "exact", "answer_loss")
    return [
        {name: "" for name in ("pair_id", "doc_id")}
        | dict.fromkeys(numbers, 0.0)
        | {"question_id": str(number), "slice": "recall", "contender": "tuned", "language": "ko"}
        | {"question": question, "reference": answer, "answer": answer, "key_facts": 1.0}
        | {"is_refusal": False, "tokens": 9}
        for number, (question, answer) in enumerate(tiny_student.LESSONS[:5])
    ]


def made(folder: Path, student: Path, type_name: str, verdict: str = "pass") -> None:
    """Writes what a run of the pipeline leaves behind: GGUF, answers, metrics."""
    place = folder / "models/gguf"
    place.mkdir(parents=True)
    if verdict == "pass":
        gguf.write(student, place / "model.gguf", type_name, name="tiny")
        text = modelfile("model.gguf", CHATML, tiny_student.SYSTEM, context_tokens=256, temperature=0.0)
        (place / "Modelfile").write_text(text, encoding="utf-8")
    else:
        (place / "REFUSED.md").write_text("refused\n")
    files.write_rows(folder / "data/evaluate.parquet", evaluated(), ANSWER)
    rule = {"name": "not_worse_than_champion_recall", "is_met": verdict == "pass", "explanation": "it fell"}
    metrics = {
        "gate": {"verdict": verdict, "rules": [rule]},
        "parse": {"documents": 3},
        "convert": {"train": 40},
        "evaluate": {"recall": {"tuned": {"n": 5, "key_facts": {"mean": 0.9, "low": 0.8, "high": 1.0}}}},
    }
    for name, value in metrics.items():
        files.write_json(folder / "metrics" / f"{name}.json", value)


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What three runs leave behind: two that passed, with different models, and one that was refused."""
    folder = tmp_path_factory.mktemp("sources")
    student = tiny_student.make(tmp_path_factory.mktemp("student"), steps=60)
    made(folder / "first", student, "f16")
    made(folder / "second", student, "f32")
    made(folder / "refused", student, "f16", "fail")
    return folder


def choose(name: str) -> None:
    """Changes the documents so that the next run leaves that behind."""
    Path("data/documents/chosen.txt").write_text(f"{name}\n")


def shell(command: str) -> str:
    """What a command prints."""
    return subprocess.run(command, shell=True, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(workspace: Path, sources: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The repository, with git and DVC, committed; its next run leaves `first` behind."""
    for name in ("NAME", "EMAIL"):
        monkeypatch.setenv(f"GIT_AUTHOR_{name}", "tester@example.com")
        monkeypatch.setenv(f"GIT_COMMITTER_{name}", "tester@example.com")
    set_params(workspace, **{"release.keep": 1, "release.smoke_questions": 3})
    shutil.copytree(sources, workspace / "data/documents")
    choose("first")
    (workspace / "make.py").write_text(STAGE)
    (workspace / "dvc.yaml").write_text(yaml.safe_dump(PIPELINE, sort_keys=False))
    (workspace / ".gitignore").write_text("/deploy/\n/cache/\n")
    (workspace / ".dvcignore").write_text("")
    shell("git init -q && dvc init -q && git add -A && git commit -qm start")
    return workspace
