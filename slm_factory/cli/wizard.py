"""`slm-factory tool wizard`: from documents to a served model, step by step."""

from pathlib import Path
from typing import Annotated

import typer

from slm_factory.cli import repository
from slm_factory.cli.speech import speak
from slm_factory.language import _

NOTES = Path(".dvc/tmp/slm-factory/wizard.txt")


def wizard(
    restart: Annotated[bool, typer.Option("--restart", help="Begin with the first step.")] = False,
    lang: Annotated[str | None, typer.Option(help="ko or en; by default that of the locale.")] = None,
) -> None:
    """Go from documents to a served model, one question at a time.

    Documents, teacher, student, options, pairs, checks, review, training, evaluation, service, questions.
    `b` goes a step back, `q` leaves; the next start goes on there. Whatever is chosen is also printed as the
    command or the line of params.yaml that does the same.

    Examples: slm-factory tool wizard; slm-factory tool wizard --restart
    """
    repository.require_root()
    speak(lang)
    from slm_factory.core.files import replacing
    from slm_factory.wizard.screen import Leave, Screen
    from slm_factory.wizard.steps import STEPS, walk

    names = [step.name for step in STEPS]
    noted = NOTES.read_text(encoding="utf-8").strip() if NOTES.is_file() and not restart else ""
    start = names.index(noted) if noted in names else 0  # notes of another version are none
    screen = Screen()
    if start:
        screen.tell(_("Going on with step %d; --restart begins anew.") % (start + 1))

    def note(at: int) -> None:
        with replacing(NOTES) as beside:  # a kill must not leave an empty one
            beside.write_text(names[at], encoding="utf-8")

    try:
        walk(screen, start, note)
    except (Leave, KeyboardInterrupt):
        screen.tell("\n" + _("Left. %s tool wizard goes on from here.") % repository.program())
        return
    NOTES.unlink(missing_ok=True)
    screen.tell("\n" + _("Done. From now on, after documents have changed:"))
    screen.ours("tool", "evolve")
