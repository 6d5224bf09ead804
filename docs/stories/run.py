"""Executes a story: a page's console blocks in one shell, each output beside the one that the page shows.

    python -m docs.stories.run docs/stories/incident.md [--home FOLDER]

Lines with `$ ` are commands (`> ` goes on), what follows is their whole output. In it, `...` stands for any
text, on a line of its own for any lines; versions, times and gaps may differ, and numbers with a point by a
tenth. A command has to succeed, unless `echo $?` comes next. Blocks of other languages are not run.

The shell begins in an empty home, with this repository as ~/slm-factory and a store of its own; the page's
port is replaced by a free one. Prints the transcript; exits 1 with the difference where there is one. What a
model says is in blocks marked `console student`, whose output is compared only with the student of the page.
"""

import argparse
import contextlib
import difflib
import math
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
BLOCK = re.compile(r"^```console(?P<marks>[^\n]*)\n(?P<text>.*?)^```", re.M | re.S)
PORT = re.compile(r"\b11435\b")  # of `slm-factory serve`
VERSION = re.compile(r"v\d{8}T\d{6}Z")
SPECIAL = re.compile(rf"(?P<any>\.\.\.)|(?P<version>{VERSION.pattern})|(?P<number>\d+\.\d+)|(?P<gap>[ \t]+)"
                     r"|(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d)")  # fmt: skip
TOLERANCE = 0.1  # of numbers with a point, absolute below 1, relative above
LIMIT_SECONDS = 3600  # of one command
WHO = ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL")


class Mismatch(Exception):
    """A command ended or printed otherwise than its page shows; the words tell where and how."""


@dataclass(frozen=True)
class Step:
    """A command, what is shown below it, its line on the page, and whether a model speaks there."""

    command: str
    shown: str
    line: int
    is_students: bool


def steps(page: str) -> Iterator[Step]:
    """The commands of a page's console blocks, in order."""
    for block in BLOCK.finditer(page):
        first = page.count("\n", 0, block.start("text")) + 1
        is_students = "student" in block["marks"].split()
        command, line = "", 0
        shown: list[str] = []
        for number, text in enumerate(block["text"].splitlines(), first):
            if text.startswith("$ "):
                if command:
                    yield Step(command, "\n".join(shown), line, is_students)
                command, shown, line = text[2:], [], number
            elif text.startswith("> ") and not shown:
                command += "\n" + text[2:]
            else:
                shown.append(text)
        if command:
            yield Step(command, "\n".join(shown), line, is_students)


class Shell:
    """One bash, so that `cd` and `export` hold for the commands that follow; use it as a context manager."""

    def __init__(self, home: Path, environment: dict[str, str]) -> None:
        self.mark = f"--- {os.urandom(8).hex()}"
        self.process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=home,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.code = 0

    def __enter__(self) -> "Shell":
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()
        self.process.communicate()

    def kill(self) -> None:
        """Ends the shell and what it has left running."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)

    def type(self, command: str) -> str:
        """What a command prints on stdout and stderr; its exit code is in `code`.

        Raises:
            Mismatch: the shell ended, or the command took too long.
        """
        assert self.process.stdin and self.process.stdout
        script = f"{{ (exit {self.code})\n{command}\n}} </dev/null\necho; echo '{self.mark}' $?\n"
        self.process.stdin.write(script)
        self.process.stdin.flush()
        lines: list[str] = []
        limit = threading.Timer(LIMIT_SECONDS, self.kill)
        limit.start()
        try:
            for line in self.process.stdout:
                if line.startswith(self.mark):
                    self.code = int(line.rpartition(" ")[2])
                    return "".join(lines)
                lines.append(line)
        finally:
            limit.cancel()
        raise Mismatch(f"the shell ended:\n{''.join(lines)}")


@dataclass
class Page:
    """What the page's names for versions and its port are in this run, and whether its student is here."""

    port: str
    has_its_student: bool
    versions: dict[str, str] = field(default_factory=dict)

    def here(self, text: str) -> str:
        """A text of the page with the names of this run."""
        named = VERSION.sub(lambda found: self.versions.get(found[0], found[0]), text)
        return PORT.sub(self.port, named)

    def compare(self, shown: str, printed: str) -> bool:
        """Whether `printed` is what the page shows; versions that it tells of are known from then on."""
        names: list[str] = []
        numbers: list[float] = []

        def expression(found: re.Match[str]) -> str:
            match found.lastgroup:
                case "any":
                    return r"[^\n]*?"
                case "gap":
                    return "[ \t]+"
                case "time":
                    return r"\d{4}-\d\d-\d\d \d\d:\d\d"
                case "number":
                    numbers.append(float(found[0]))
                    return rf"(?P<number{len(numbers)}>\d+\.\d+)"
            if found[0] in self.versions:
                return self.versions[found[0]]
            if found[0] in names:
                return f"(?P=version{names.index(found[0])})"
            names.append(found[0])
            return f"(?P<version{len(names) - 1}>{VERSION.pattern})"

        wanted = [
            r"(?:[^\n]*\n)*?" if line == "..." else escaped(line, expression) + "\n"
            for line in lines_of(shown)
        ]
        found = re.fullmatch("".join(wanted), "".join(f"{line}\n" for line in lines_of(printed)))
        if found is None:
            return False
        for number, name in enumerate(names):
            self.versions[name] = found[f"version{number}"]
        pairs = [(value, float(found[f"number{place}"])) for place, value in enumerate(numbers, 1)]
        return not self.has_its_student or all(
            math.isclose(*pair, rel_tol=TOLERANCE, abs_tol=TOLERANCE) for pair in pairs
        )


def escaped(line: str, expression: Callable[[re.Match[str]], str]) -> str:
    """A regular expression for a line, with what `expression` gives for its special parts."""
    parts, end = [], 0
    for found in SPECIAL.finditer(line):
        parts += [re.escape(line[end : found.start()]), expression(found)]
        end = found.end()
    return "".join([*parts, re.escape(line[end:])])


def lines_of(text: str) -> list[str]:
    """The lines of a text that hold something, without space at their ends."""
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def environment(home: Path, clone: Path) -> dict[str, str]:
    """The environment of somebody in `home` who has activated this Python and uses the code of `clone`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SLM_FACTORY", "DVC"))}
    return {
        **kept,
        **dict.fromkeys(WHO, "story@example.com"),
        **{"HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache"), "PYTHONPATH": str(clone)},
        **{"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
        **{"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "COLUMNS": "110", "GIT_CONFIG_GLOBAL": os.devnull},
    }


def free_port() -> str:
    """A port of this machine that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


def run(page: Path, home: Path, *, clone: Path = REPOSITORY, has_its_student: bool = True) -> None:
    """Executes the page in the empty folder `home`; prints commands, outputs and seconds.

    `clone` is the repository whose slm-factory is used; without its student, figures and answers may differ.

    Raises:
        Mismatch: something is otherwise than shown.
    """
    names = Page(free_port(), has_its_student)
    todo = list(steps(page.read_text(encoding="utf-8")))
    (home / "slm-factory").symlink_to(clone)
    with Shell(home, environment(home, clone)) as shell:
        for step, following in zip(todo, [*todo[1:], None], strict=True):
            print(f"$ {step.command}", flush=True)
            started = time.monotonic()
            printed = shell.type(names.here(step.command))
            print(f"{printed.rstrip()}\n[{time.monotonic() - started:.1f} s]", flush=True)
            place = f"{page.name}:{step.line}: {step.command}"
            if shell.code and (following is None or following.command != "echo $?"):
                raise Mismatch(f"{place}\nended with {shell.code}:\n{printed}")
            is_free = step.is_students and not has_its_student
            if not is_free and not names.compare(step.shown, printed):
                shown = lines_of(names.here(step.shown))
                difference = difflib.unified_diff(shown, lines_of(printed), "page", "run", lineterm="", n=99)
                raise Mismatch("\n".join([place, *difference]))


def main() -> int:
    """Executes the page named on the command line; 1 when something is otherwise than it shows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("page", type=Path)
    parser.add_argument("--home", type=Path, help="an empty folder, kept afterwards")
    arguments = parser.parse_args()
    home = (arguments.home or Path(tempfile.mkdtemp(prefix="slm-factory-story-"))).resolve()
    home.mkdir(parents=True, exist_ok=True)
    try:
        run(arguments.page, home)
    except Mismatch as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    finally:
        if arguments.home is None:
            shutil.rmtree(home, ignore_errors=True)
    print(f"\n{arguments.page}: all is as shown")
    return 0


if __name__ == "__main__":
    sys.exit(main())
