"""The wizard's steps, in order, and the way through them. Each tells where things stand, asks, and acts."""

from collections.abc import Callable
from typing import NamedTuple

from slm_factory.core.errors import UserError
from slm_factory.language import N_, _
from slm_factory.wizard import choices, documents, pairs, service
from slm_factory.wizard.screen import Back, Screen


class Step(NamedTuple):
    """A step: its name in the notes, its title, what it does."""

    name: str
    title: str
    act: Callable[[Screen], None]


STEPS = [
    Step("documents", N_("Documents"), documents.documents),
    Step("reading", N_("What is read from them"), documents.reading),
    Step("teacher", N_("Teacher"), choices.teacher),
    Step("student", N_("Student"), choices.student),
    Step("options", N_("Options"), choices.options),
    Step("generating", N_("Question-answer pairs"), pairs.generating),
    Step("checking", N_("Checks and marks"), pairs.checking),
    Step("reviewing", N_("Review"), pairs.reviewing),
    Step("training", N_("Training"), service.training),
    Step("judging", N_("Evaluation and gate"), service.judging),
    Step("serving", N_("Service"), service.serving),
    Step("asking", N_("First questions"), service.asking),
]


def walk(screen: Screen, start: int, note: Callable[[int], None]) -> None:
    """Goes through the steps from `start`; `note` is told of each one before it begins.

    Raises:
        Leave: the user goes on another time.
    """
    at = start
    while at < len(STEPS):
        note(at)
        screen.title(at + 1, len(STEPS), _(STEPS[at].title))
        at = max(0, at + pace(screen, STEPS[at]))


def pace(screen: Screen, step: Step) -> int:
    """Acts; 1 to go on, 0 to do the step again, -1 to go back."""
    try:
        step.act(screen)
    except Back:
        return -1
    except UserError as error:
        return after_failure(screen, error.problem, error.hint)
    except OSError as error:  # a full disk, a folder that may not be written
        return after_failure(screen, _("error: %s") % error, "")
    return 1


def after_failure(screen: Screen, problem: str, hint: str) -> int:
    """Tells what failed; 0 to try the step again, -1 to go back.

    Raises:
        Leave: the user goes on another time.
    """
    screen.tell(problem, "red")
    if hint:
        screen.tell(hint)
    try:
        screen.ask(_("Enter tries again, b goes back, q leaves:"))
    except Back:
        return -1
    return 0
