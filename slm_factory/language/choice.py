"""Which language a person asks for: by a variable of ours, else by the locale."""

import os
from collections.abc import Mapping

LANGUAGES = ("ko", "en")
# Of ours, for a terminal whose locale names no language; programs that we start inherit it.
VARIABLE = "SLM_FACTORY_LANG"
# As POSIX and GNU gettext rank them; LANGUAGE may list several.
VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


def chosen(environment: Mapping[str, str] | None = None) -> str:
    """The language that SLM_FACTORY_LANG names, else the first of ours that the locale names, else en.

    LANGUAGE counts only where another variable sets a locale other than C, as in GNU gettext.
    """
    variables = os.environ if environment is None else environment
    if variables.get(VARIABLE) in LANGUAGES:
        return variables[VARIABLE]
    locale = next((variables[name] for name in VARIABLES[1:] if variables.get(name)), "C")
    if locale.split(".")[0] in ("C", "POSIX"):
        return "en"
    wanted = [*variables.get("LANGUAGE", "").split(":"), locale]
    codes = (name.partition(".")[0].partition("_")[0].lower() for name in wanted)
    return next((code for code in codes if code in LANGUAGES), "en")
