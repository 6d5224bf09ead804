"""The language that a command speaks to people."""

from slm_factory import language
from slm_factory.core.errors import UserError


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
