"""Executes stories: a page's console blocks in one shell, each output beside the one that the page shows.

    python -m docs.stories.run docs/stories/incident.md ... [--home FOLDER]

Lines with `$ ` are commands (`> ` goes on), what follows is their whole output. In it, `...` stands for any
text, on a line of its own for any lines; versions, times and gaps may differ, and numbers with a point by a
tenth. A command has to succeed, unless `echo $?` comes next. Blocks of other languages are not run.

The shell begins in an empty home, with this repository as ~/slm-factory and a store of its own; the page's
port is replaced by a free one, and the language is English. Prints the transcript; every page is run to its
end, unless a command fails, and the differences are told then: exit code 1. What a model says is in blocks
marked `console student`, whose output is compared only with the student of the page.
"""

import argparse
import contextlib
import difflib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from docs.stories.page import Page, lines_of, steps

REPOSITORY = Path(__file__).resolve().parent.parent.parent
LIMIT_SECONDS = 3600  # of one command
WHO = ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL")


class Mismatch(Exception):
    """A command ended or printed otherwise than its page shows; the words tell where and how."""


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
        """What a command prints on stdout and stderr, shown as it comes; its exit code is in `code`.

        Raises:
            Mismatch: the shell ended, or the command took too long.
        """
        assert self.process.stdin and self.process.stdout
        script = f"{{ (exit {self.code})\n{command}\n}} </dev/null\nprintf '\\n%s %d\\n' '{self.mark}' $?\n"
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
                print(line, end="", flush=True)
                lines.append(line)
        finally:
            limit.cancel()
        raise Mismatch(f"the shell ended:\n{''.join(lines)}")


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
        Mismatch: outputs are otherwise than shown (all of them are told, at the end), or a command failed.
    """
    names = Page(free_port(), has_its_student)
    todo = list(steps(page.read_text(encoding="utf-8")))
    differences: list[str] = []
    (home / "slm-factory").symlink_to(clone)
    with Shell(home, environment(home, clone)) as shell:
        for step, following in zip(todo, [*todo[1:], None], strict=True):
            print(f"$ {step.command}", flush=True)
            started = time.monotonic()
            printed = shell.type(names.here(step.command))
            print(f"[{time.monotonic() - started:.1f} s]", flush=True)
            place = f"{page.name}:{step.line}: {step.command}"
            if shell.code and (following is None or following.command != "echo $?"):
                raise Mismatch("\n\n".join([*differences, f"{place}\nended with {shell.code}:\n{printed}"]))
            is_free = step.is_students and not has_its_student
            if not is_free and not names.compare(step.shown, printed):
                shown = lines_of(names.here(step.shown))
                lines = difflib.unified_diff(shown, lines_of(printed), "page", "run", lineterm="", n=99)
                differences.append("\n".join([place, *lines]))
    if differences:
        raise Mismatch("\n\n".join(differences))


def main() -> int:
    """Executes the pages named on the command line; 1 when something is otherwise than one of them shows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pages", type=Path, nargs="+", metavar="PAGE")
    parser.add_argument("--home", type=Path, help="keep the homes, one a page, in this folder")
    arguments = parser.parse_args()
    homes = (arguments.home or Path(tempfile.mkdtemp(prefix="slm-factory-stories-"))).resolve()
    untrue: dict[Path, Mismatch] = {}
    try:
        for page in arguments.pages:
            home = homes / page.stem
            home.mkdir(parents=True)
            try:
                run(page, home)
            except Mismatch as error:
                untrue[page] = error
    finally:
        if arguments.home is None:
            shutil.rmtree(homes, ignore_errors=True)
    for page in arguments.pages:
        print(f"\n{page}: {untrue.get(page, 'all is as shown')}", flush=True)
    return 1 if untrue else 0


if __name__ == "__main__":
    sys.exit(main())
