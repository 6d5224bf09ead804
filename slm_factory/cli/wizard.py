"""`slm-factory tool wizard`: from documents to a served model, step by step."""

from pathlib import Path
from typing import Annotated

import typer

from slm_factory.cli import repository

NOTES = Path(".dvc/tmp/slm-factory/wizard.txt")


def wizard(
    restart: Annotated[bool, typer.Option("--restart", help="Begin with the first step.")] = False,
) -> None:
    """Go from documents to a served model, one question at a time.

    Documents, teacher, student, options, pairs, checks, review, training, evaluation, service, questions.
    `b` goes a step back, `q` leaves; the next start goes on there. Whatever is chosen is also printed as the
    command or the line of params.yaml that does the same.

    Examples: slm-factory tool wizard; slm-factory tool wizard --restart
    """
    repository.require_root()
    from slm_factory.wizard.screen import Leave, Screen
    from slm_factory.wizard.steps import STEPS, walk

    names = [step.name for step in STEPS]
    noted = NOTES.read_text(encoding="utf-8").strip() if NOTES.is_file() and not restart else ""
    start = names.index(noted) if noted in names else 0  # notes of another version are none
    screen = Screen()
    if start:
        screen.tell(f"Going on with step {start + 1}; --restart begins anew.")

    def note(at: int) -> None:
        NOTES.parent.mkdir(parents=True, exist_ok=True)
        NOTES.write_text(names[at], encoding="utf-8")

    try:
        walk(screen, start, note)
    except (Leave, KeyboardInterrupt):
        screen.tell(f"\nLeft. {repository.program()} tool wizard goes on from here.")
        return
    NOTES.unlink(missing_ok=True)
    screen.tell("Done. From now on, after documents have changed: slm-factory tool evolve")
