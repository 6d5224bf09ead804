"""What header.xml of OWPML (KS X 6101) says about paragraphs: headings, lists and their labels."""

import re
from typing import Any, NamedTuple

from hwpx.oxml.paragraph_heading import paragraph_heading
from lxml import etree

from slm_factory.parsers.hostile import local_name
from slm_factory.parsers.numbering import Level, Numbering

OUTLINE_STYLE = re.compile(r"(?:개요|제목|outline|heading) ?(\d{1,2})", re.IGNORECASE)
TITLE_STYLES = ("제목", "title")
MAX_DEPTH = 9  # levels of outlines and lists, from 0


class Role(NamedTuple):
    """What a paragraph is: a heading or a list item at a depth from 0, with its label, or neither."""

    kind: str = ""  # heading, item, or ""
    depth: int = 0
    label: str = ""


class Styles:
    """The paragraph shapes and numberings of a document; roles must be asked for in its order."""

    def __init__(self, header: etree._Element | None) -> None:
        self.heads: dict[str, tuple[str, str, int]] = {}  # paraPr id -> type, numbering id, depth
        self.outline_styles: dict[str, int] = {}  # style id -> depth, by the style's name
        self.numberings: dict[str, Numbering] = {}
        for element in header.iter("{*}paraPr", "{*}style", "{*}numbering") if header is not None else ():
            self.read(local_name(element), element.get("id") or "", element)

    def read(self, name: str, identifier: str, element: etree._Element) -> None:
        """Notes one shape, style or numbering."""
        if name == "numbering":
            self.numberings[identifier] = read_numbering(element)
        elif name == "style":
            style = (element.get("name") or "").strip()
            match = OUTLINE_STYLE.fullmatch(style)
            if match:
                self.outline_styles[identifier] = min(max(int(match[1]) - 1, 0), MAX_DEPTH)
            elif style.lower() in TITLE_STYLES:
                self.outline_styles[identifier] = 0
        else:
            found: Any = paragraph_heading(element)
            kind = "NONE" if found is None else found.get("type") or "NONE"
            if kind != "NONE":
                depth = number(found, "level", most=MAX_DEPTH)
                self.heads[identifier] = (kind, found.get("idRef") or "", depth)

    def role(self, paragraph: etree._Element, outline: str) -> Role:
        """The role of the next paragraph; `outline` is the numbering of its section's headings."""
        kind, numbering, depth = self.heads.get(paragraph.get("paraPrIDRef") or "", ("", "", 0))
        if kind == "OUTLINE":
            return Role("heading", depth, self.next_label(outline, depth))
        style = self.outline_styles.get(paragraph.get("styleIDRef") or "")
        label = "-" if kind == "BULLET" else self.next_label(numbering, depth) if kind == "NUMBER" else ""
        if style is not None:
            return Role("heading", style, "" if label == "-" else label)
        return Role("item", depth, label) if label else Role()

    def next_label(self, numbering: str, depth: int) -> str:
        """The next label of a numbering, "" if it is not defined."""
        return self.numberings[numbering].next(depth) if numbering in self.numberings else ""


def read_numbering(element: etree._Element) -> Numbering:
    """A numbering; `^n` stands for the numbers of all levels down to this one, `^N` adds a full stop."""
    levels = {}
    for head in element:
        if local_name(head) == "paraHead":
            level = number(head, "level", 1, MAX_DEPTH + 1)
            path = ".".join(f"^{higher}" for higher in range(1, level + 1))
            template = (head.text or "").replace("^n", path).replace("^N", f"{path}.")
            levels[level - 1] = Level(head.get("numFormat") or "DIGIT", template, number(head, "start", 1))
    return Numbering(levels)


def number(element: etree._Element, attribute: str, otherwise: int = 0, most: int = 32767) -> int:
    """An attribute as a number, at most `most`."""
    text = element.get(attribute) or ""
    return min(int(text), most) if re.fullmatch(r"[0-9]{1,10}", text) else otherwise
