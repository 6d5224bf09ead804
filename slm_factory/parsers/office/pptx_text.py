"""Paragraphs of DrawingML text bodies with their bullets (ECMA-376 Part 1, section 21.1.2)."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from lxml import etree

from slm_factory.parsers.hostile import local_name
from slm_factory.parsers.markdown import LIST_ITEM, list_item, one_line, paragraph
from slm_factory.parsers.numbering import write_number
from slm_factory.parsers.office.drawing import DRAWING
from slm_factory.parsers.office.omml import MATH, linear
from slm_factory.parsers.office.symbols import from_symbol_font

MAX_LEVEL = 8
MAX_START = 32767  # of a numbering (section 20.1.10.69)
RUNNING_FIELDS = ("slidenum", "datetime")
BULLETS = ("buNone", "buChar", "buAutoNum", "buBlip")
# ST_TextAutonumberScheme (section 20.1.10.61): how it counts, then how it is punctuated.
SCHEME = re.compile(r"(\w+?)(Period|ParenR|ParenBoth|Plain|Minus)\Z")
SCHEMES = {
    "alphaLc": "lowerLetter",
    "alphaUc": "upperLetter",
    "romanLc": "lowerRoman",
    "romanUc": "upperRoman",
    "circleNumDb": "decimalEnclosedCircle",
    "circleNumWdWhite": "decimalEnclosedCircle",
    "circleNumWdBlack": "decimalEnclosedCircle",
    "ea1JpnKor": "koreanDigital2",
    "ea1Chs": "japaneseCounting",
    "ea1Cht": "japaneseCounting",
    "arabicDb": "decimalFullWidth",
}
PUNCTUATION = {"Period": "{}.", "ParenR": "{})", "ParenBoth": "({})", "Plain": "{}", "Minus": "{}-"}


def read_paragraph(element: etree._Element) -> str:
    """The text of an `a:p`, without the numbers of slides and today's date."""
    parts = []
    for child in element:
        name = local_name(child)
        if name == "r" or (name == "fld" and not (child.get("type") or "").startswith(RUNNING_FIELDS)):
            text = child.findtext(f"{DRAWING}t") or ""
            font = child.find(f"{DRAWING}rPr/{DRAWING}sym")
            parts.append(text if font is None else from_symbol_font(text, font.get("typeface") or ""))
        elif name == "br":
            parts.append("\n")
        elif name == "m":  # an equation, in the namespace of PowerPoint 2010
            parts += [linear(equation) for equation in child.iter(f"{MATH}oMath")]
    text = "".join(parts).strip()
    is_emptied = element.find(f"{DRAWING}fld") is not None and not re.search(r"\w", text)
    return "" if is_emptied else text  # the dashes around the number of a slide


def plain_text(body: Any) -> str:
    """The paragraphs of a text body on one line, numbered ones with their number."""
    if body is None:
        return ""
    lines = (f"{label} {text}".strip() for label, _, text in read_body(body, ()))
    return one_line(" ".join(lines))


def body_blocks(body: Any, styles: Sequence[Any]) -> Iterator[str]:
    """The paragraphs of a text body, items among them; `styles` are its list styles, nearest first."""
    for label, level, text in read_body(body, styles) if body is not None else ():
        item = list_item(level, label, text)
        if label and LIST_ITEM.match(item):
            yield item
        else:
            yield paragraph(f"{label} {text}".strip())


def read_body(body: etree._Element, styles: Sequence[Any]) -> Iterator[tuple[str, int, str]]:
    """Label, level from 0 and text of each paragraph that has text; the label is "" without a bullet.

    A numbering goes on behind deeper paragraphs, and ends with one as high that it does not number.
    """
    counts: dict[int, tuple[str, int]] = {}  # level -> scheme, last number
    own = body.find(f"{DRAWING}lstStyle")
    for element in body.findall(f"{DRAWING}p"):
        text = read_paragraph(element)
        if not text:
            continue
        properties = element.find(f"{DRAWING}pPr")
        stated = "" if properties is None else properties.get("lvl") or ""
        level = min(int(stated), MAX_LEVEL) if stated.isascii() and stated.isdigit() else 0
        bullet = find_bullet(properties, [own, *styles], level)
        name = "buNone" if bullet is None else local_name(bullet)
        counts = {key: count for key, count in counts.items() if key <= level}
        if bullet is None or name != "buAutoNum":
            counts.pop(level, None)
            yield ("" if name == "buNone" else "-"), level, text
            continue
        scheme, start = bullet.get("type") or "", bullet.get("startAt") or "1"
        first = min(int(start), MAX_START) if start.isascii() and start.isdigit() else 1
        last_scheme, last = counts.get(level, ("", 0))
        counts[level] = scheme, (last + 1 if last_scheme == scheme else first)
        yield number_label(*counts[level]), level, text


def find_bullet(properties: Any, styles: Sequence[Any], level: int) -> etree._Element | None:
    """What a paragraph or the nearest list style says about its bullet, None if nothing does."""
    levels = [None if style is None else style.find(f"{DRAWING}lvl{level + 1}pPr") for style in styles]
    for item in [properties, *levels]:
        for child in item if item is not None else ():
            if local_name(child) in BULLETS:
                return child
    return None


def number_label(scheme: str, number: int) -> str:
    """A number as a scheme writes it; in digits and with a full stop if the scheme is unknown."""
    match = SCHEME.match(scheme)
    counted, punctuation = (match[1], match[2]) if match else ("arabic", "Period")
    return PUNCTUATION[punctuation].format(write_number(SCHEMES.get(counted, "decimal"), number))
