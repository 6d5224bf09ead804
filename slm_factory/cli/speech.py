"""The language that a command speaks to people."""

from slm_factory import language
from slm_factory.core.errors import UserError


def speak(lang: str | None) -> None:
    """Chooses the language of the interface: the one named, else that of the locale.

    Raises:
        UserError: there is no such language.
    """
    if lang is not None and lang not in language.LANGUAGES:
        raise UserError(
            f"error: there is no language '{lang}'", f"hint: --lang {' or '.join(language.LANGUAGES)}"
        )
    language.use(lang)
