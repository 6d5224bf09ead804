"""A user at the wizard: answers from a list, commands that are told and not run, small tables.

`python -m tests.wizard.sitting` kills the wizard at each step, and prints what each start told as JSON.
"""

import json
import os
import shlex
import signal
import sys
from dataclasses import dataclass, field, replace
from io import StringIO
from pathlib import Path

from rich.console import Console

from slm_factory.cli import needs
from slm_factory.cli.main import app
from slm_factory.cli.needs import Need
from slm_factory.core import files
from slm_factory.core.records import CHUNK, DOCUMENT, PAIR, SCORED
from slm_factory.language import _
from slm_factory.wizard import documents, pairs, service
from slm_factory.wizard.screen import Screen
from slm_factory.wizard.steps import STEPS
from tests import rows

NEEDS = {
    "hosted": Need("hosted", None, None, (0.41, 2.78), ("documents leave this house",)),
    "local": Need("local", 4.9e9, (3_000.0, 6_600.0), (0.0, 0.0), ("stays in this house",)),
    "small": Need("small", 1.2e9, (64.0, 64.0), None, ("fits in memory",)),
    "large": Need("large", 57.1e9, (690_000.0, 690_000.0), (47.9, 47.9), ("told once it is fetched",)),
}


def need_of(profile: Path) -> Need:
    """The same on every machine, in the language that is set."""
    need = NEEDS[profile.stem]
    return replace(need, notes=tuple(map(_, need.notes)))


def lay_out() -> None:
    """What each step reads, below the current folder, which holds params.yaml."""
    for name in ("펌프.pdf", "notes/backup.md"):
        file = documents.DOCUMENTS / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x" * 1000)
    pump = {"doc_id": "펌프.pdf", "language": "ko", "pages": 12}
    backup = {"doc_id": "notes/backup.md", "language": "en", "pages": None, "warnings": ["no title"]}
    files.write_rows(documents.PARSED, [rows.document(**backup), rows.document(**pump)], DOCUMENT)
    chunks = [rows.chunk(**{"doc_id": "펌프.pdf"}) for number in range(3)] + [
        rows.chunk(doc_id="notes/backup.md")
    ]
    files.write_rows(documents.CHUNKS, chunks, CHUNK)
    files.write_json(
        documents.PARSE_METRICS, {"skipped": [{"doc_id": "old.doc", "reason": "an old binary file"}]}
    )
    texts = {
        "question": "알파 펌프의 한계 압력은 얼마인가요?",
        "answer": "알파 펌프의 한계 압력은 7 bar입니다.",
    }
    told = {"doc_id": "펌프.pdf", "evidence": "알파 펌프의 한계 압력은 7 bar이다. " * 12, "pair_id": "a0"}
    files.write_rows(pairs.GENERATED, [rows.pair(**texts, **told)], PAIR)
    rejected = {"is_kept": False, "reasons": ["number without evidence: 78"]}
    low = {"is_kept": False, "reasons": ["score below 3: faithfulness 2"]}
    scored = [rows.scored(pair_id=name) for name in "abc"]
    files.write_rows(pairs.SCORED, [*scored, scored[0] | rejected, scored[1] | low], SCORED)
    files.write_json(service.GATE, {"verdict": "pass"})
    profiles = Path("profiles")
    profiles.mkdir()
    for name, section in (
        ("hosted", "teacher"),
        ("local", "teacher"),
        ("small", "student"),
        ("large", "student"),
    ):
        (profiles / f"{name}.yaml").write_text(f"{section}:\n  model: {name}\n")


@dataclass
class Sitting(Screen):
    """A screen whose user gives `answers`; commands are told, and end well unless `outcomes` differs."""

    answers: list[str] = field(default_factory=list)
    printed: StringIO = field(default_factory=StringIO)
    outcomes: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.console = Console(file=self.printed, width=80, highlight=False)
        self.read = self.answer

    def answer(self, question: str) -> str:
        """The next answer, written behind its question as a terminal shows it."""
        if not self.answers:
            raise EOFError
        answer = self.answers.pop(0)
        self.printed.write(f"{question}{answer}\n")
        return answer

    def ours(self, *words: str) -> None:
        """The command as it is shown where slm-factory is on the PATH."""
        self.command(shlex.join(["slm-factory", *words]))

    def run(self, *words: str) -> bool:
        """Tells the command; True unless `outcomes` says otherwise."""
        self.ours(*words)
        return self.outcomes.get(words[0], True)

    def train(self, *words: str) -> None:
        """Tells the command."""
        self.demand(*words)

    @property
    def told(self) -> str:
        """What the terminal shows."""
        return "\n".join(line.rstrip() for line in self.printed.getvalue().splitlines())


def killed(last: int) -> str:
    """What the wizard tells until the step `last` begins, where a SIGKILL ends it; commands end at once."""
    told, telling = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(telling, sys.stdout.fileno())
        begin(last)
    os.close(telling)
    with os.fdopen(told) as stream:
        lines = list(iter(stream.readline, "here\n"))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return "".join(lines)


def begin(last: int) -> None:
    """The wizard as a user who presses Enter sees it; at the step `last` it waits for ever."""
    title = Screen.title

    def waiting(self: Screen, number: int, count: int, text: str) -> None:
        title(self, number, count, text)
        if number == last:
            print("here", flush=True)
            signal.pause()

    Screen.title = waiting  # type: ignore[method-assign]
    Screen.run = lambda self, *words: True  # type: ignore[method-assign]
    Screen.train = lambda self, *words: None  # type: ignore[method-assign]
    Screen.ask = lambda self, question, default="": default  # type: ignore[method-assign]
    needs.teacher = needs.student = need_of
    app(["tool", "wizard", "--lang", "en"])


if __name__ == "__main__":  # in a process of its own: one with threads, as pytest may be, must not fork
    print(json.dumps([killed(number + 1) for number in range(len(STEPS))]))
