"""The language of what people read: gettext catalogues below `locale`, chosen once when a program starts.

    from slm_factory.language import _

    _("Approve")                     # translated when it is called, not when a module is read
    ngettext("%d pair", "%d pairs", n) % n

`make messages` brings the catalogues up to date with the sources. English is what stands in the code.
"""

import gettext as standard
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from slm_factory.language.choice import LANGUAGES, VARIABLE, chosen

DOMAIN = "slm_factory"
CATALOGUES = Path(__file__).parent / "locale"
SEPARATOR = "\x04"  # between context and message in a compiled catalogue, as GNU gettext has it

_current: standard.NullTranslations = standard.NullTranslations()

__all__ = [
    "CATALOGUES",
    "DOMAIN",
    "LANGUAGES",
    "N_",
    "VARIABLE",
    "_",
    "catalogue",
    "chosen",
    "current",
    "in_context",
    "ngettext",
    "pgettext",
    "use",
]


def use(language: str | None = None, environment: Mapping[str, str] | None = None) -> str:
    """Sets the language for all that follows, by the locale where none is named; returns it (ko or en)."""
    global _current
    name = language or chosen(environment)
    _current = catalogue(name)
    return name


def catalogue(language: str) -> standard.NullTranslations:
    """The translations to a language; of English, and of one that we do not speak, none."""
    return standard.translation(DOMAIN, CATALOGUES, [language], fallback=True)


def current() -> str:
    """The language of the program: ko or en."""
    return _current.info().get("language", "en")


def _(message: str) -> str:
    """`message` in the language of the program."""
    return _current.gettext(message) if message else ""


def ngettext(one: str, many: str, count: int) -> str:
    """`one` or `many`, as `count` asks for, in the language of the program."""
    return _current.ngettext(one, many, count)


def pgettext(context: str, message: str) -> str:
    """`message` in the language of the program, where the same word has another sense in another context."""
    return _current.pgettext(context, message)


def N_(message: str) -> str:
    """`message` itself: marks a text that is translated later."""
    return message


def in_context(context: str) -> dict[str, str]:
    """Every message of a context with its translation, none in English; those that say most come first."""
    return _in_context(_current, context)


@cache
def _in_context(translations: standard.NullTranslations, context: str) -> dict[str, str]:
    # gettext has no way to list messages but this attribute, which every reader of .mo files relies on.
    catalogue: dict[str, str] = getattr(translations, "_catalog", {})
    start = context + SEPARATOR
    found = {key.removeprefix(start): text for key, text in catalogue.items() if str(key).startswith(start)}
    return dict(sorted(found.items(), key=lambda item: -len(item[0])))
