"""Pages in Korean and English at once: a reader switches, and no machine's locale gets into an output.

Their words have a catalogue of their own, below `locale`: the stage analyze depends on this package, and a
new text of the wizard must not make its report stale. `make messages` gathers them.
"""

import base64
import gettext
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from slm_factory.report.labels import LABELS

PAGES = Path(__file__).with_name("pages")
CATALOGUES = Path(__file__).with_name("locale")
DOMAIN = "report"


def render(template: str, language: str, **values: Any) -> str:
    """A self-contained page of `pages/`, which opens in the reader's language, without scripts in `language`.

    Every text is escaped; the page's policy lets no address and no script but its own be loaded.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(PAGES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"word": word, "number": number, "path": path}
    style, script = (PAGES.joinpath(f"frame.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    environment.globals |= {
        "_": both,
        "frame_style": Markup(style),
        "frame_script": Markup(script),
        "policy": f"default-src 'none'; style-src '{digest(style)}'; script-src '{digest(script)}'",
        "language": language,
    }
    return environment.get_template(template).render(values)


def digest(source: str) -> str:
    """How a Content-Security-Policy names a style or a script (CSP 3, 2.3.1)."""
    return f"sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}"


def both(message: str, **values: Any) -> Markup:
    """`message` in both languages, of which the page shows one; `values`, escaped, fill its %(names)s."""
    shown = {name: escape(value) for name, value in values.items()}
    english, korean = (
        Markup(text % shown if shown else text) for text in (message, catalogue().gettext(message))
    )
    if korean == english:
        return english
    return Markup('<span class="ko" lang="ko">{}</span><span class="en" lang="en">{}</span>').format(
        korean, english
    )


def word(text: str) -> Markup:
    """A word that a stage wrote, translated if it is one of `LABELS`; a reason's beginning is enough."""
    head, colon, rest = text.partition(": ")
    if text in LABELS:
        return both(text)
    return both(head) + escape(colon + rest) if head in LABELS else escape(text)


def path(text: str) -> Markup:
    """A file's name, which may be broken after its folders and words."""
    return Markup("<wbr>").join(re.split(r"(?<=[/_])", text))


@cache
def catalogue() -> gettext.NullTranslations:
    """The Korean of the pages."""
    return gettext.translation(DOMAIN, CATALOGUES, ["ko"])


def number(value: float) -> str:
    """A count with thousands separators, anything else with at most four digits behind the point."""
    if isinstance(value, int) or value == int(value):
        return f"{int(value):,}"
    return f"{value:,.4f}".rstrip("0")
