"""A repository with a pipeline of one stage, which makes what the real one makes, from a tiny student."""

import os
import shutil
import subprocess
from pathlib import Path

import yaml
from typer.testing import CliRunner

from slm_factory.cli.main import app
from slm_factory.core import files
from slm_factory.core.records import ANSWER
from slm_factory.release import git, registry
from slm_factory.release.target import Target
from slm_factory.student import gguf
from slm_factory.student.modelfile import modelfile
from slm_factory.student.templates import CHATML
from tests import tiny_student
from tests.conftest import REPOSITORY, set_params

# git commits as nobody in particular, whatever the machine says.
ENVIRONMENT = {
    **{
        f"GIT_{who}_{what}": "tester@example.com"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    },
    "GIT_CONFIG_GLOBAL": os.devnull,
}
# Counts its runs in ignored `cache/ran`.
STAGE = """import pathlib, shutil
with open("cache/ran", "a") as ran:
    ran.write("once\\n")
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


def made(folder: Path, student: Path, name: str, verdict: str = "pass") -> None:
    """Writes what a run of the pipeline leaves behind: GGUF, answers, metrics."""
    place = folder / "models/gguf"
    place.mkdir(parents=True)
    if verdict == "pass":
        gguf.write(student, place / "model-f16.gguf", "f16", name=name)
        text = modelfile("model-f16.gguf", CHATML, tiny_student.SYSTEM, context_tokens=256, temperature=0.0)
        (place / "Modelfile").write_text(text, encoding="utf-8")
    else:
        (place / "REFUSED.md").write_text("refused\n")
    files.write_rows(folder / "data/evaluate.parquet", evaluated(), ANSWER)
    lost = "recall against the champion: -0.120 (-0.200 to -0.030), the interval must not lie below 0"
    rule = {"name": "not_worse_than_champion_recall", "is_met": verdict == "pass", "explanation": lost}
    metrics = {
        "gate": {"verdict": verdict, "rules": [rule]},
        "parse": {"documents": 3},
        "convert": {"train": 40},
        "evaluate": {
            "recall": {"tuned": {"n": 5, "key_facts": {"mean": 0.9, "low": 0.8, "high": 1.0}}},
            "abstain": {"tuned": {"n": 5, "refusal": {"mean": 0.6, "low": 0.4, "high": 0.8}}},
        },
    }
    for metric, value in metrics.items():
        files.write_json(folder / "metrics" / f"{metric}.json", value)


def write_sources(folder: Path) -> None:
    """Writes what three runs leave behind: two that passed, with different models, and a refused one."""
    student = tiny_student.make(folder.parent / f"{folder.name}-student", steps=60)
    made(folder / "first", student, "one")
    made(folder / "second", student, "two")
    made(folder / "refused", student, "three", "fail")


def lay_out(sources: Path) -> None:
    """Makes a repository of the current folder, which holds params.yaml; its next run leaves `first`."""
    params = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    names = ("gate", "quantize", "release", "student")  # DVC reads it many times, slowly
    few = {name: params[name] for name in names}
    Path("params.yaml").write_text(yaml.safe_dump(few, sort_keys=False, allow_unicode=True))
    set_params(Path(), **{"release.keep": 1, "release.smoke_questions": 2, "student.model": "hub/none"})
    Path("cache").mkdir(exist_ok=True)
    shutil.copytree(sources, "data/documents")
    choose("first")
    Path("make.py").write_text(STAGE)
    Path("dvc.yaml").write_text(yaml.safe_dump(PIPELINE, sort_keys=False))
    Path(".gitignore").write_text(f"{(REPOSITORY / '.gitignore').read_text()}/cache/\n")
    shutil.copy(REPOSITORY / ".dvcignore", ".dvcignore")
    shell("git init -q && dvc init -q && git add -A && git commit -qm start")


def invoke(*arguments: str) -> tuple[int, str]:
    """(exit code, output) of a command."""
    result = CliRunner().invoke(app, list(arguments))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def assert_whole(target: Target) -> None:
    """Alias, registry, git and the target say the same, and nothing is left to commit."""
    known = registry.load()
    assert target.serves(known.served)
    assert known.find(known.served).verdict == "pass"
    assert shell("git status --porcelain") == ""
    for version in known.versions:
        assert git.is_tag(version.name) == (version.verdict == "pass")


def runs() -> int:
    """How often the stage ran, which stands for training."""
    return len(Path("cache/ran").read_text().splitlines())


def choose(name: str) -> None:
    """Changes the documents so that the next run leaves that behind."""
    Path("data/documents/chosen.txt").write_text(f"{name}\n")


def shell(command: str) -> str:
    """What a command prints."""
    return subprocess.run(command, shell=True, check=True, capture_output=True, text=True).stdout
