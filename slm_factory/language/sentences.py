"""Finished sentences in another language: where the code that makes a text knows nothing of languages.

Packages below the command line, and typer, tell errors in English. The catalogue holds their sentences as
templates with {fields}, apart from other texts by its context; what stands in the fields is put into the
translation. `python -m docs.make_messages` gathers the templates from the code.
"""

import re
from string import Formatter

from slm_factory import language
from slm_factory.language import N_, _

CONTEXT = "sentence"  # gettext's msgctxt
DEPTH = 3  # a reason within a message within a line


def sentence(text: str, depth: int = DEPTH) -> str:
    """`text` in the language of the program; as it is where no template fits."""
    for template, translation in language.in_context(CONTEXT).items():
        values = fields(template, text)
        if values is not None:
            inner = {name: sentence(value, depth - 1) if depth else value for name, value in values.items()}
            return translation.format(**inner)
    return text


def told(line: str) -> str:
    """A line of an error in the language of the program, with its `error:` or `hint:`."""
    for prefix in (N_("error: "), N_("hint: ")):
        if line.startswith(prefix):
            return _(prefix) + sentence(line.removeprefix(prefix))
    return sentence(line)


def fields(template: str, text: str) -> dict[str, str] | None:
    """What stands in the fields of `template` when `text` was made from it, else None."""
    parts = list(Formatter().parse(template))
    if not all(literal in text for literal, *_ in parts):
        return None  # before a pattern is compiled: there are hundreds of templates
    pattern, seen = "", set[str]()
    for literal, name, *_rest in parts:
        pattern += re.escape(literal)
        if name is not None:
            pattern += f"(?P={name})" if name in seen else f"(?P<{name}>.*?)"
            seen.add(name)
    found = re.fullmatch(pattern, text, re.DOTALL)
    return found.groupdict() if found else None
