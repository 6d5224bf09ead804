"""Commands in processes of their own that are killed (SIGKILL) before the n-th thing they change outside.

The processes are forked from a server that has imported what they need, so that one costs little.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

PROGRAM = ["tests.release.killing", "slm_factory.cli.main", "slm_factory.release.cycle", "dvc.repo"]
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload([*PROGRAM, "dvc.repo.reproduce", "dvc.repo.checkout", "ollama"])


def run(folder: Path, *command: str, kill_at: int = -1) -> tuple[int, str, int]:
    """(exit code, output, steps begun) of a command in `folder`; -9: it was killed before step `kill_at`."""
    receiver, sender = CONTEXT.Pipe(duplex=False)
    output = folder / "cache/output"
    output.parent.mkdir(exist_ok=True)
    arguments = (folder, dict(os.environ), command, kill_at, output, sender)
    process = CONTEXT.Process(target=work, args=arguments)
    process.start()
    sender.close()
    steps = 0
    with contextlib.suppress(EOFError):
        while True:
            steps = receiver.recv()
    process.join()
    return process.exitcode or 0, output.read_text(encoding="utf-8"), steps


def work(
    folder: Path,
    environment: dict[str, str],
    command: tuple[str, ...],
    kill_at: int,
    output: Path,
    sender: Connection,
) -> None:
    """The child: runs the command, counting its steps, and kills itself when it is told to."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    with output.open("w", encoding="utf-8") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    sys.stdout = sys.stderr = os.fdopen(1, "w", buffering=1, encoding="utf-8", closefd=False)
    count_steps(kill_at, sender)
    from slm_factory.cli.main import app

    app(list(command))


def count_steps(kill_at: int, sender: Connection) -> None:
    """Makes every call that changes something outside a step."""
    from slm_factory.cli import profile
    from slm_factory.core import files
    from slm_factory.release import git, ollama, registry, target

    steps = 0

    def step(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal steps
            if steps == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
            steps += 1
            sender.send(steps)
            return function(*arguments, **options)

        return call

    class StepByStep:
        """The module os, of which a rename is a step."""

        replace = staticmethod(step(os.replace))

        def __getattr__(self, name: str) -> Any:
            return getattr(os, name)

    files.os = target.os = StepByStep()  # type: ignore[assignment]
    asked = git.git
    changing = step(asked)
    git.git = lambda *words: (changing if words[0] in ("add", "commit", "tag") else asked)(*words)
    for place, name in (
        (registry, "save"),
        (profile, "assign"),
        *((target.Folder, name) for name in ("put", "answers", "alias", "remove")),
        *(
            (ollama.Ollama, name)
            for name in ("create", "upload", "differences", "answers", "alias", "remove")
        ),
    ):
        setattr(place, name, step(getattr(place, name)))
