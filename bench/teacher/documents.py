"""One document added to many: what the teacher is asked, here and in a fresh clone after `dvc pull`."""

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from bench.loop import Measurement, run
from bench.teacher.server import REPOSITORY, Behaviour, Running, serving
from bench.teacher.workplace import environment, facts, name_of, set_params

DVC = [sys.executable, "-m", "dvc"]
CODE = ("slm_factory", "stages", "prompts", "dvc.yaml", ".dvcignore", ".gitignore")
INPUTS = ("abstain", "general", "questions", "refine", "review")
FACTS = 4  # of a document
TASKS = {"facts": "generate", "marks": "score", "wordings": "augment", "turns": "dialogue"}


def documents(work: Path, is_quick: bool) -> list[Measurement]:
    """Runs all teacher stages over many documents, then adds one; the same in a clone with an empty store."""
    count = 12 if is_quick else 1000
    repository, clone = work / "repository", work / "clone"
    with serving(Behaviour(0.02)) as server:
        make(repository, count)
        first = repro(repository, server)
        git(repository, "add", ".")
        git(repository, "commit", "-q", "-m", "run")
        dvc(repository, server, "push", "-q")
        git(work, "clone", "-q", str(repository), str(clone))
        print(f"documents: {count} of them, requests {first}")
        rows = added(repository, server, count, "added")
        dvc(clone, server, "pull", "-q", "generate", "score", "augment", "dialogue")
        return rows + added(clone, server, count, "added to a fresh clone")


def make(folder: Path, count: int) -> None:
    """A git and DVC repository with this code and `count` documents."""
    folder.mkdir(parents=True)
    for name in CODE:
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder)
    (folder / "data/documents").mkdir(parents=True)
    for name in INPUTS:
        shutil.copy(REPOSITORY / f"data/{name}.jsonl", folder / "data")
    (folder / "data/review.jsonl").write_text("", encoding="utf-8")
    teacher = {"teacher.backend": "openai", "teacher.model": "m", "teacher.concurrency": 32}
    set_params(folder, **teacher, **{"generate.question_wordings": 3, "augment.share": 0.2})
    for number in range(count):
        add(folder, number)
    git(folder, "init", "-q")
    subprocess.run([*DVC, "init", "-q"], cwd=folder, check=True)
    subprocess.run(
        [*DVC, "remote", "add", "-d", "storage", str(folder.parent / "storage")], cwd=folder, check=True
    )
    (folder / ".git/info/exclude").write_text(".answers/\n", encoding="utf-8")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "documents")


def add(folder: Path, number: int) -> None:
    """Writes document `number`; no other one states its facts."""
    text = facts(number, FACTS).replace("\n", "\n\n")
    file = folder / f"data/documents/d{number:05d}.md"
    file.write_text(f"# Relays {name_of(number)}\n\n{text}\n", encoding="utf-8")


def added(folder: Path, server: Running, number: int, what: str) -> list[Measurement]:
    """Adds document `number`, and tells apart the requests about it and about others."""
    add(folder, number)
    server.reset()
    print(f"documents: one {what}, requests {repro(folder, server)}")
    asked = server.stats()["asked"]
    own = Counter(TASKS[task] for task, relays in asked if relays == [name_of(number)])
    return [
        Measurement(f"one document {what}: requests about others", len(asked) - own.total(), 0, ""),
        Measurement(f"one document {what}: stages that asked about it", len(own), 4, "", is_floor=True),
    ]


def repro(folder: Path, server: Running) -> dict[str, int]:
    """Requests by stage while all teacher stages are brought up to date."""
    before = Counter(TASKS[task] for task, _ in server.stats()["asked"])
    dvc(folder, server, "repro", "augment", "dialogue")
    return dict(Counter(TASKS[task] for task, _ in server.stats()["asked"]) - before)


def dvc(folder: Path, server: Running, *arguments: str) -> None:
    """Runs DVC in `folder` with the code that stands there and a store of its own."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    settings = {**environment(folder, server.address), "PATH": path, "PYTHONPATH": ""}
    run([*DVC, *arguments], folder, settings)


def git(folder: Path, *arguments: str) -> None:
    """Runs git in `folder` as nobody in particular."""
    who = ["-c", "user.name=bench", "-c", "user.email=bench@example.org"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)
