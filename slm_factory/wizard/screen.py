"""What every step of the wizard does with the user: tell, ask, run a command, write a parameter."""

import contextlib
import json
import re
import shlex
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table
from rich.text import Text

from slm_factory.cli import repository
from slm_factory.cli.console import console
from slm_factory.core.errors import UserError
from slm_factory.dashboard import observe
from slm_factory.language import _

BACK, QUIT = "b", "q"
YES, NO = ("y", "yes", "예", "네"), ("n", "no", "아니오", "아니요")
INTERRUPTED = (130, -2)  # exit codes after Ctrl-C
LOCKS = Path(".dvc/tmp/rwlock")  # in which DVC notes who writes what


class Back(Exception):
    """The user wants the step before."""


class Leave(Exception):
    """The user wants to go on another time."""


@dataclass
class Screen:
    """The terminal; `answers` come from the keyboard, in tests from a list."""

    console: Console = field(default_factory=console)
    read: Callable[[str], str] = input

    def title(self, number: int, count: int, text: str) -> None:
        """The head of a step."""
        self.console.print()
        self.console.rule(
            Text.assemble((f"{number}/{count} ", "dim"), (text, "bold")), align="left", style="dim"
        )

    def tell(self, text: str, style: str = "") -> None:
        """A paragraph; what it holds is text, never markup."""
        self.console.print(Text(text, style))

    def command(self, line: str) -> None:
        """What one could type instead, on one line however long, so that it can be copied."""
        self.console.print(Text(f"$ {line}", "cyan"), soft_wrap=True)

    def ours(self, *words: str) -> None:
        """A command of ours, as this program was called, whether or not it is on the PATH."""
        self.command(f"{repository.program()} {shlex.join(words)}")

    def hang(self, mark: str, text: str, style: str = "") -> None:
        """A paragraph beside a mark, under which its further lines do not go."""
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_row(f"  {mark}", Text(text))
        self.console.print(table, style=style)

    def table(self, titles: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> None:
        """Rows under titles; columns in `right` hold numbers."""
        table = Table(box=None, pad_edge=False, header_style="dim")
        for at, title in enumerate(titles):
            table.add_column(title, justify="right" if at in right else "left", overflow="fold")
        for row in rows:
            table.add_row(*map(Text, row))
        self.console.print(table)
        self.console.print()

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
            if answer.isdecimal() and 1 <= int(answer) <= count:
                return int(answer)
            self.tell(_("a number from 1 to %d, please") % count, "yellow")

    def agrees(self, question: str, default: bool = True) -> bool:
        """Whether the user says yes."""
        while True:
            answer = self.ask(f"{question} (y/n)", "y" if default else "n").lower()
            if answer in YES + NO:
                return answer in YES

    def run(self, *words: str) -> bool:
        """Whether a command of ours ended well; it is shown as one would type it.

        Raises:
            Leave: the user stopped it.
        """
        self.ours(*words)
        code = subprocess.run(observe.command(*words), check=False).returncode
        if code in INTERRUPTED:
            raise Leave
        return code == 0

    def demand(self, *words: str) -> None:
        """Runs a command of ours.

        Raises:
            Leave: the user stopped it.
            UserError: it failed, and has told why.
        """
        self.wait()
        if not self.run(*words):
            raise UserError(_("error: that did not work"), _("hint: its own words stand above"))

    def train(self, *words: str) -> None:
        """As `demand`, with the losses shown as they come."""
        self.wait()
        self.ours(*words)
        seen: set[float] = set()
        with subprocess.Popen(observe.command(*words)) as process:
            try:
                while process.poll() is None:
                    time.sleep(0.2)
                    self.losses(seen)
            except KeyboardInterrupt as error:
                process.wait()
                raise Leave from error
        if process.returncode in INTERRUPTED:
            raise Leave
        if process.returncode:
            raise UserError(_("error: that did not work"), _("hint: its own words stand above"))

    def wait(self) -> None:
        """Returns when no other command works here: one of a wizard that was killed, or in another terminal.

        Raises:
            Back, Leave: the user does not want to wait for it.
        """
        while others := workers():
            for process, line in others.items():
                told = {"line": line, "pid": process.pid, "doing": doing()}
                self.tell(_("Still at work here: %(line)s (process %(pid)d)%(doing)s") % told, "yellow")
            self.ask(_("Enter waits until it has ended, b goes back, q leaves:"))
            seen: set[float] = set()
            while any(map(lives, others)):
                time.sleep(0.2)
                self.losses(seen)

    def losses(self, seen: set[float]) -> None:
        """Prints each valid loss once; points of an earlier training are gone as soon as the stage starts."""
        running = observe.activity.read_all().get("train")
        if not running or running.state != "running":
            return
        learned = dict(observe.points(observe.CURVES / "loss.tsv", "loss"))
        for step, value in observe.points(observe.CURVES / "eval_loss.tsv", "eval_loss"):
            if step in seen:
                continue
            seen.add(step)
            told = {"step": step, "loss": learned.get(step, float("nan")), "value": value}
            text = (
                _("step %(step)d: loss %(loss).4f, valid loss %(value).4f")
                if step in learned
                else _("step %(step)d: valid loss %(value).4f")
            )
            self.tell("  " + text % told, "dim")


def workers() -> dict[psutil.Process, str]:
    """The living processes that run stages here, and the command line of each."""
    try:
        writers = json.loads(LOCKS.read_text(encoding="utf-8")).get("write", {}).values()
    except (FileNotFoundError, ValueError):  # no DVC has run yet, or one is just writing it
        return {}
    found = {}
    for writer in writers:
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(writer["pid"])
            if lives(process):
                shown = re.sub(r"^\S*/", "", writer["cmd"]).replace("__main__.py", "slm-factory", 1)
                found[process] = shown
    return found


def lives(process: psutil.Process) -> bool:
    """Whether a process still works; one that has ended may wait for long to be looked after by init."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def doing() -> str:
    """What the stages that run now have done so far, behind a comma."""
    running = [told for told in observe.activity.read_all().values() if told.state == "running"]
    counts = [f" {told.done}/{told.total}" if told.total else "" for told in running]
    return "".join(f", {told.stage}{count}" for told, count in zip(running, counts, strict=True))
