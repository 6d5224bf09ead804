"""What every step of the wizard does with the user: tell, ask, run a command, write a parameter."""

import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from slm_factory.dashboard import observe
from slm_factory.language import _

BACK, QUIT = "b", "q"


class Back(Exception):
    """The user wants the step before."""


class Leave(Exception):
    """The user wants to go on another time."""


@dataclass
class Screen:
    """The terminal; `answers` come from the keyboard, in tests from a list."""

    console: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True))
    read: Callable[[str], str] = input

    def title(self, number: int, count: int, text: str) -> None:
        """The head of a step."""
        self.console.print()
        self.console.print(Text.assemble((f"{number}/{count} ", "dim"), (text, "bold")))

    def tell(self, text: str, style: str = "") -> None:
        """A line; what it holds is text, never markup."""
        self.console.print(Text(text, style))

    def table(self, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Rows under titles."""
        table = Table(*titles, box=None, pad_edge=False, header_style="dim")
        for row in rows:
            table.add_row(*map(Text, row))
        self.console.print(table)

    def ask(self, question: str, default: str = "") -> str:
        """The user's answer, `default` for an empty one.

        Raises:
            Back: the answer is `b`.
            Leave: the answer is `q`, or the input ends.
        """
        shown = f"{question} [{default}] " if default else f"{question} "
        try:
            answer = self.read(shown).strip()
        except EOFError as error:
            raise Leave from error
        if answer == BACK:
            raise Back
        if answer == QUIT:
            raise Leave
        return answer or default

    def choose(self, question: str, count: int, default: int = 0) -> int:
        """A number from 1 to `count`, `default` for an empty answer; asked again until it is one."""
        while True:
            answer = self.ask(question, str(default) if default else "")
            if not answer:
                return default
            if answer.isdigit() and 1 <= int(answer) <= count:
                return int(answer)
            self.tell(_("a number from 1 to %d, please") % count)

    def agrees(self, question: str, default: bool = True) -> bool:
        """Whether the user says yes."""
        while True:
            answer = self.ask(f"{question} (y/n)", "y" if default else "n").lower()
            if answer in ("y", "yes", "예", "네", "n", "no", "아니오"):
                return answer in ("y", "yes", "예", "네")

    def run(self, *words: str) -> bool:
        """Whether a command of ours ended well; it is shown as one would type it."""
        self.tell(f"$ slm-factory {' '.join(words)}", "cyan")
        code = subprocess.run(observe.command(*words), check=False).returncode
        if code in (130, -2):
            raise Leave
        return code == 0

    def train(self, *words: str) -> bool:
        """As `run`, with the losses shown as they come."""
        self.tell(f"$ slm-factory {' '.join(words)}", "cyan")
        seen: set[tuple[str, float]] = set()
        with subprocess.Popen(observe.command(*words)) as process:
            try:
                while process.poll() is None:
                    time.sleep(0.2)
                    self.losses(seen)
            except KeyboardInterrupt as error:
                process.wait()
                raise Leave from error
        return process.returncode == 0

    def losses(self, seen: set[tuple[str, float]]) -> None:
        """Prints each valid loss once; points of an earlier training are gone as soon as the stage starts."""
        running = observe.activity.read_all().get("train")
        if not running or running.state != "running":
            return
        for step, value in observe.points(Path(observe.CURVES) / "eval_loss.tsv", "eval_loss"):
            if ("eval_loss", step) not in seen:
                seen.add(("eval_loss", step))
                told = {"step": step, "value": value}
                self.tell("  " + _("step %(step)d: valid loss %(value).4f") % told, "dim")

    def set(self, values: dict[str, dict[str, Any]], source: Path) -> None:
        """Writes parameters, and shows each change as it could be typed."""
        from slm_factory.cli.profile import assign

        for key, before, after in assign(values, source):
            self.tell(f"params.yaml: {key}: {before} -> {after}", "cyan")
