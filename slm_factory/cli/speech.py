"""The language that a command speaks to people."""

from slm_factory import language
from slm_factory.core.errors import UserError
from slm_factory.language import N_, _
from slm_factory.language.sentences import sentence


def speak(lang: str | None) -> None:
    """Chooses the language of the interface, where one is named; else that of the program stays.

    Raises:
        UserError: there is no such language.
    """
    if lang is None:
        return
    if lang not in language.LANGUAGES:
        raise UserError(
            f"error: there is no language '{lang}'", f"hint: --lang {' or '.join(language.LANGUAGES)}"
        )
    language.use(lang)


def told(line: str) -> str:
    """A line of an error in the language of the program, with its `error:` or `hint:`."""
    for prefix in (N_("error: "), N_("hint: ")):
        if line.startswith(prefix):
            return _(prefix) + sentence(line.removeprefix(prefix))
    return sentence(line)
