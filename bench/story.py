"""Tells the life of a student by the commands that a user types, and checks what is claimed of it.

    python -m bench.story [--work FOLDER] [--new-cache]

In a clone of the committed repository: a first version is built; three incident reports make a second one
that knows more; a document full of wrong repetitions is refused, and the second version goes on serving; a
report is deleted, and the third version no longer knows it; a rollback brings the second one back. Prints
the transcript: commands, what they print, seconds. Exits 1 when a claim is not true.

The clone shares the DVC cache of this repository, so what was made there before is not made again;
`--new-cache` makes everything. With the seed student each training takes minutes.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

from bench.loop import REPOSITORY, documents_of, metric
from slm_factory.core import files
from slm_factory.core.files import Row
from slm_factory.engine.llama import Llama
from slm_factory.metrics.answers import key_facts
from slm_factory.student.chat import question_messages
from slm_factory.student.modelfile import Modelfile, context_tokens, named_gguf

REPORTS = Path("samples/story/reports")  # three incident reports
WRONG = Path("samples/story/wrong")  # other values for what the documents say already
PLACE = Path("data/documents/보고서")
REFUSED = 3
# What a command suggests to do next tells no part of the story.
SUGGESTIONS = ("Ask it:", "Own documents:", "Real teacher:", "Real student:")


@dataclass
class Story:
    """The clone in which the story is told, and what turned out not to be true."""

    root: Path
    environment: dict[str, str]
    untrue: list[str] = field(default_factory=list)

    def type(self, command: str, expected: int = 0) -> str:
        """What a command prints on stdout; the command, its output and its seconds are printed.

        Raises:
            SystemExit: it ended with another code than expected.
        """
        print(f"\n$ {command}", flush=True)
        started = time.monotonic()
        done = subprocess.run(
            command, shell=True, cwd=self.root, env=self.environment, capture_output=True, text=True
        )
        if done.returncode != expected:
            sys.exit(f"ended with {done.returncode}, not {expected}:\n{done.stdout}\n{done.stderr[-3000:]}")
        shown = [line for line in done.stdout.splitlines() if line and not line.startswith(SUGGESTIONS)]
        print("\n".join([*shown, f"[exit code {expected}, {time.monotonic() - started:.0f} s]"]), flush=True)
        return done.stdout

    def claim(self, what: str, is_true: bool) -> None:
        """Prints a claim and whether it is true; one that is not is remembered."""
        print(f"  {'true' if is_true else 'NOT TRUE'}: {what}", flush=True)
        if not is_true:
            self.untrue.append(what)

    def served(self) -> str:
        """The version that users get."""
        return Path(os.readlink(self.root / "deploy/current")).name

    def asked(self, question: str) -> str:
        """What the version in service answers, through llama.cpp."""
        place = self.root / "deploy/current"
        system = Modelfile.read(place / "Modelfile").system
        with Llama(named_gguf(place), context_tokens=context_tokens(place)) as llama:
            return llama.answer_all([question_messages(system, question)], 96)[0].strip()

    def answers(self, slice_name: str) -> list[Row]:
        """The rows of a slice in data/evaluate.parquet."""
        rows = files.read_rows(self.root / "data/evaluate.parquet")
        return [row for row in rows if row["slice"] == slice_name]

    def rules(self) -> dict[str, dict[str, Any]]:
        """The gate's rules, by name."""
        return {rule["name"]: rule for rule in metric(self.root, "gate")["rules"]}

    def tables_with(self, document: str) -> list[str]:
        """Names of the tables with rows of a document; evaluate asks about it and is left out."""
        names = sorted(path.stem for path in (self.root / "data").glob("*.parquet"))
        return [name for name in names if name != "evaluate" and document in documents_of(self.root, name)]


def recall(rows: Iterable[Row], contender: str, *, is_new: bool) -> float:
    """The contender's mean of key facts on recall questions new to the champion, or on the others."""
    own = [row for row in rows if row["contender"] == contender and row["is_new"] == is_new]
    return fmean(row["key_facts"] for row in own if row["key_facts"] is not None)


def first_version(story: Story) -> str:
    """The name of the version built from the documents that are there."""
    story.type("slm-factory tool evolve --yes")
    version = story.served()
    story.claim(f"{version} serves", metric(story.root, "gate")["verdict"] == "pass")
    return version


def reports_are_added(story: Story, first: str) -> str:
    """The name of the second version, which knows three incident reports too."""
    story.type(f"cp {REPORTS}/* {PLACE}/")
    story.type("slm-factory tool evolve --yes")
    second, rows = story.served(), story.answers("recall")
    before, after = (recall(rows, name, is_new=True) for name in ("champion", "tuned"))
    told = f"on the new documents {first} has a recall of {before:.2f}, {second} one of {after:.2f}"
    story.claim(told, second != first and before < 0.3 and after > 0.6)
    before, after = (recall(rows, name, is_new=False) for name in ("champion", "tuned"))
    held = [rule for name, rule in story.rules().items() if name.startswith("not_worse_than_champion_recall")]
    told = f"on the old ones {before:.2f} and {after:.2f}: no measurable fall, in no folder"
    story.claim(told, all(rule["is_met"] for rule in held))
    return second


def wrong_repetitions_are_refused(story: Story, second: str) -> None:
    """A document that contradicts others spoils the student: the gate refuses, and nothing else happens."""
    story.type(f"cp {WRONG}/* {PLACE}/")
    story.type("slm-factory tool evolve --yes", REFUSED)
    rows = story.answers("recall")
    before, after = (recall(rows, name, is_new=False) for name in ("champion", "tuned"))
    fell = not story.rules()["not_worse_than_champion_recall"]["is_met"]
    story.claim(f"recall on the old documents fell from {before:.2f} to {after:.2f}", fell and after < before)
    story.claim(f"{second} still serves", story.served() == second)
    kept = all((story.root / PLACE / file.name).is_file() for file in (story.root / WRONG).iterdir())
    is_clean = not subprocess.check_output(["git", "status", "--porcelain"], cwd=story.root)
    story.claim("the documents are as they were, and everything is committed", kept and is_clean)


def a_report_is_deleted(story: Story, second: str) -> str:
    """A question about the deleted report, which the third version no longer answers."""
    gone = sorted(file.name for file in (story.root / REPORTS).iterdir())[0]
    wrong = [file.name for file in (story.root / WRONG).iterdir()]
    story.type(f"rm {' '.join(str(PLACE / name) for name in (gone, *wrong))}")
    story.type("slm-factory tool evolve --yes")
    document = (PLACE / gone).relative_to("data/documents").as_posix()
    third = story.served()
    story.claim(f"{third} serves", third != second)
    story.claim(f"no table holds a row of {document}", story.tables_with(document) == [])
    probes = story.answers("withdrawn")
    given = {
        name: fmean(row["key_facts"] for row in probes if row["contender"] == name)
        for name in ("champion", "tuned")
    }
    told = f"of its facts {second} gives {given['champion']:.0%}, {third} {given['tuned']:.0%}"
    story.claim(told, story.rules()["gives_no_withdrawn_facts"]["is_met"] and given["champion"] > 0.6)
    known = next(row for row in probes if row["contender"] == "champion" and row["key_facts"] == 1)
    answer = story.asked(known["question"])
    told = f'asked "{known["question"]}", {third} does not say "{known["reference"]}" but "{answer}"'
    story.claim(told, key_facts(known["reference"], known["question"], answer) != 1)
    return str(known["question"])


def rolled_back(story: Story, second: str, question: str) -> None:
    """The second version serves again, and knows what it knew."""
    story.type("slm-factory rollback")
    story.claim(f'{second} serves: "{story.asked(question)}"', story.served() == second)


def told_by_git_and_dvc(story: Story, first: str, second: str) -> None:
    """Log, metrics and history tell the story."""
    log = story.type("git log --oneline --decorate -8")
    story.claim("the log names the versions", all(f"tag: {name}" in log for name in (first, second)))
    shown = story.type(
        f"dvc metrics diff --md --targets metrics/evaluate.json -- {first} {second}"
        " | grep -e Path -e tuned.key_facts.mean -e perplexity.mean"
    )
    story.claim("the difference of metrics tells of recall", "recall.tuned.key_facts.mean" in shown)
    history = story.type("slm-factory history")
    told = ("in service", "withdrawn", "fail, ")
    story.claim("the history tells what became of each", all(word in history for word in told))


def tell(story: Story) -> None:
    """The whole story, chapter by chapter."""
    first = first_version(story)
    second = reports_are_added(story, first)
    wrong_repetitions_are_refused(story, second)
    question = a_report_is_deleted(story, second)
    rolled_back(story, second, question)
    told_by_git_and_dvc(story, first, second)


def environment(root: Path, store: Path) -> dict[str, str]:
    """The environment of a user in `root`, whose code runs there with this Python and a store of its own."""
    paths = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    names = ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL")
    return {
        **os.environ,
        **dict.fromkeys(names, "story@example.com"),
        **{"PATH": paths, "PYTHONPATH": str(root), "SLM_FACTORY_CACHE": str(store), "COLUMNS": "120"},
    }


def clone(root: Path, *, is_sharing: bool) -> None:
    """Clones the committed state of this repository, with its DVC cache or an empty one."""
    subprocess.run(["git", "clone", "--quiet", str(REPOSITORY), str(root)], check=True)
    if is_sharing:
        dvc = [str(Path(sys.executable).parent / "dvc"), "cache", "dir"]
        cache = subprocess.check_output(dvc, cwd=REPOSITORY, text=True).strip()
        subprocess.run([*dvc, "--local", cache], cwd=root, check=True, stdout=subprocess.DEVNULL)


def main() -> int:
    """Clones, tells the story; 1 when a claim is not true."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, help="folder for the clone; kept afterwards")
    parser.add_argument("--new-cache", action="store_true", help="make everything anew")
    arguments = parser.parse_args()
    work = (arguments.work or Path(tempfile.mkdtemp(prefix="slm-factory-story-"))).resolve()
    root = work / "slm-factory"
    story = Story(root, environment(root, work / "store"))
    try:
        clone(root, is_sharing=not arguments.new_cache)
        tell(story)
    finally:
        if arguments.work is None:
            shutil.rmtree(work, ignore_errors=True)
    print(f"\n{len(story.untrue)} claims are not true" if story.untrue else "\nevery claim is true")
    return 1 if story.untrue else 0


if __name__ == "__main__":
    sys.exit(main())
