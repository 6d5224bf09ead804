"""`slm-factory tool dashboard`: the pipeline, live in the terminal."""

import shlex
import subprocess
import sys
from typing import Annotated

import typer

from slm_factory.cli import repository
from slm_factory.cli.speech import speak
from slm_factory.core.errors import UserError, missing_extra
from slm_factory.language import _


def dashboard(
    lang: Annotated[str | None, typer.Option(help="ko or en; by default that of the locale.")] = None,
) -> None:
    """Watch the pipeline in the terminal, and run, stop, evolve or review from there.

    Stages with their state, progress and rate, loss curves, metrics against the champion, what the teacher
    took, versions and their verdicts. It shows as well what `dvc repro` does elsewhere. Fits 80 x 24.

    Example: slm-factory tool dashboard
    """
    repository.require_root()
    speak(lang)
    if not sys.stdout.isatty():
        raise UserError(
            "error: the dashboard needs a terminal",
            f"hint: {repository.program()} status prints the same once",
        )
    try:
        from slm_factory.dashboard.app import Dashboard
    except ImportError as error:
        raise missing_extra("textual", "tui") from error
    from slm_factory.dashboard import observe

    while True:
        screen = Dashboard()
        words = screen.run()
        if words is None:
            break
        code = subprocess.run(observe.command(*shlex.split(words)), check=False).returncode
        if code:
            raise typer.Exit(code)
    if screen.process:
        print(_("slm-factory %s goes on; the dashboard shows it again.") % screen.words)
