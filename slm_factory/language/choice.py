"""Which language a locale asks for."""

import os
from collections.abc import Mapping

LANGUAGES = ("ko", "en")
# As POSIX and GNU gettext rank them; LANGUAGE may list several.
VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


def chosen(environment: Mapping[str, str] | None = None) -> str:
    """The first of our languages that the locale names, else en.

    LANGUAGE counts only where another variable sets a locale other than C, as in GNU gettext.
    """
    variables = os.environ if environment is None else environment
    locale = next((variables[name] for name in VARIABLES[1:] if variables.get(name)), "C")
    if locale.split(".")[0] in ("C", "POSIX"):
        return "en"
    wanted = [*variables.get("LANGUAGE", "").split(":"), locale]
    codes = (name.partition(".")[0].partition("_")[0].lower() for name in wanted)
    return next((code for code in codes if code in LANGUAGES), "en")
