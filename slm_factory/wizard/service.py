"""The wizard's steps from pairs to a served model: train, evaluate and judge, put in service, ask."""

import shlex
import subprocess
from pathlib import Path

from slm_factory.core import files
from slm_factory.language import _
from slm_factory.wizard.screen import Screen

GATE = Path("metrics/gate.json")


def training(screen: Screen) -> None:
    """Trains, with the losses as they come."""
    screen.train("run", "--until", "train")


def judging(screen: Screen) -> None:
    """Evaluates base and tuned on held-out questions, lets the gate judge, exports what passed."""
    screen.demand("run")
    if not has_passed():
        screen.tell(
            _("The gate refused. b goes back: more wordings, more epochs, or another student help."), "yellow"
        )
        screen.ask(_("Enter goes on without a new version, b goes back:"))


def has_passed() -> bool:
    """Whether the gate let the last student in."""
    return bool(files.read_json(GATE)["verdict"] == "pass")


def serving(screen: Screen) -> None:
    """Registers the version, deploys it, asks it, and gives it to users."""
    if not has_passed():
        screen.tell(_("The gate refused, so there is nothing new to serve."), "yellow")
        return
    if screen.agrees(_("Put this version in service?")):
        require_git(screen)
        screen.demand("tool", "evolve", "--yes")
    else:
        screen.tell(_("Later:"))
        screen.ours("tool", "evolve")


def require_git(screen: Screen) -> None:
    """Asks who commits, where git does not know."""
    for key, question in (
        ("user.name", _("Your name, for git:")),
        ("user.email", _("Your e-mail, for git:")),
    ):
        known = subprocess.run(["git", "config", key], capture_output=True, check=False).stdout.strip()
        if not known:
            value = screen.ask(question)
            screen.command(shlex.join(["git", "config", key, value]))
            subprocess.run(["git", "config", key, value], check=True)


def asking(screen: Screen) -> None:
    """The first questions."""
    while True:
        question = screen.ask(_("A question, or Enter to end:"))
        if not question:
            return
        screen.run("ask", "--question", question)
