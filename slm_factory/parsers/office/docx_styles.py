"""Styles and lists of a Word document: which paragraph is a heading, which label it carries, what is hidden.

Section numbers are those of ECMA-376 Part 1.
"""

import re
from typing import Any, NamedTuple

from docx.oxml.ns import qn
from lxml import etree

from slm_factory.parsers.numbering import Level, Numbering
from slm_factory.parsers.office.docx_visible import is_on

# Names of built-in styles; Word stores the English ones, Hancom Office and others their own.
HEADING_STYLE = re.compile(r"(?:heading|제목|개요)\s*([1-9])\b", re.IGNORECASE)
TITLE_STYLES = ("title", "제목")
BODY_LEVEL = 9  # an outline level that is none
MAX_BASES = 32  # of a style; Word allows eleven, and damaged files go in circles
MAX_DEPTH = 8  # levels of a list, from 0
MAX_START = 32767


def value_of(element: Any, name: str) -> str | None:
    """The `w:val` of a child; None where there is no such child."""
    found = None if element is None else element.find(qn(f"w:{name}"))
    return None if found is None else found.get(qn("w:val"))


def number_of(text: str | None, otherwise: int, most: int) -> int:
    """A number that is not negative, at most `most`."""
    return min(int(text), most) if text and text.isascii() and text.isdigit() else otherwise


class Styles:
    """The styles of a document by id (section 17.7)."""

    def __init__(self, root: etree._Element | None) -> None:
        self.by_id: dict[str, etree._Element] = {}
        self.default = ""  # id of the style of paragraphs that name none
        self.chains: dict[str, list[etree._Element]] = {}
        for style in root.iter(qn("w:style")) if root is not None else ():
            identifier = style.get(qn("w:styleId")) or ""
            self.by_id[identifier] = style
            if style.get(qn("w:type")) == "paragraph" and style.get(qn("w:default")) in ("1", "true", "on"):
                self.default = identifier

    def chain(self, identifier: str) -> list[etree._Element]:
        """A style and the styles it is based on, nearest first."""
        if identifier not in self.chains:
            chain: list[etree._Element] = []
            style = self.by_id.get(identifier)
            while style is not None and len(chain) < MAX_BASES:
                chain.append(style)
                style = self.by_id.get(value_of(style, "basedOn") or "")
            self.chains[identifier] = chain
        return self.chains[identifier]

    def of_paragraph(self, properties: Any) -> list[etree._Element]:
        """The styles that a paragraph with these `w:pPr` takes its properties from."""
        return self.chain(value_of(properties, "pStyle") or self.default)

    def heading_level(self, properties: Any) -> int:
        """1-6 for a heading, 0 for other text: by the outline level (section 17.3.1.20), else by the name."""
        chain = self.of_paragraph(properties)
        for item in [properties, *(style.find(qn("w:pPr")) for style in chain)]:
            level = number_of(value_of(item, "outlineLvl"), -1, BODY_LEVEL)
            if level >= 0:
                return level + 1 if level < BODY_LEVEL else 0
        for style in chain:
            name = (value_of(style, "name") or "").strip()
            match = HEADING_STYLE.match(name)
            if match:
                return int(match[1])
            if name.lower() in TITLE_STYLES:
                return 1
        return 0

    def hides(self, run: etree._Element) -> bool:
        """Whether a run is hidden (`w:vanish`, 17.3.2.41), by itself, its style or its paragraph's."""
        properties = run.find(qn("w:rPr"))
        paragraph = next(run.iterancestors(qn("w:p")), None)
        styles = self.chain(value_of(properties, "rStyle") or "")
        if paragraph is not None:
            styles = styles + self.of_paragraph(paragraph.find(qn("w:pPr")))
        for item in [properties, *(style.find(qn("w:rPr")) for style in styles)]:
            state = is_on(item, "vanish")
            if state is not None:
                return state
        return False


class List(NamedTuple):
    """A `w:num`: one list of the document, which counts together with all of the same abstract numbering."""

    abstract: str
    levels: dict[int, Level]
    restarted: frozenset[int]  # levels that start anew where this list begins
    linked: dict[str, int]  # level by the id of the paragraph style that has it


class Lists:
    """Labels of the numbered paragraphs of a document, which must be asked for in order (section 17.9)."""

    def __init__(self, root: etree._Element | None, styles: Styles) -> None:
        self.styles = styles
        self.numberings: dict[str, Numbering] = {}
        self.begun: set[tuple[str, int]] = set()
        self.lists: dict[str, List] = {}
        if root is None:
            return
        abstracts = {item.get(qn("w:abstractNumId")) or "": item for item in root.iter(qn("w:abstractNum"))}
        lists = {item.get(qn("w:numId")) or "": item for item in root.iter(qn("w:num"))}
        parents = {key: value_of(item, "abstractNumId") or "" for key, item in lists.items()}
        for key, item in lists.items():
            parent = self.follow_link(parents[key], abstracts, parents)
            self.lists[key] = read_list(item, parent, abstracts.get(parent))

    def follow_link(self, parent: str, abstracts: dict[str, etree._Element], parents: dict[str, str]) -> str:
        """The abstract numbering that another one stands for through a list style (section 17.9.21)."""
        style = self.styles.by_id.get(value_of(abstracts.get(parent), "numStyleLink") or "")
        properties = None if style is None else style.find(f"{qn('w:pPr')}/{qn('w:numPr')}")
        return parents.get(value_of(properties, "numId") or "", parent)

    def label(self, properties: Any) -> tuple[str, int]:
        """The label and the depth of a paragraph with these `w:pPr`; "" for one in no list."""
        chain = self.styles.of_paragraph(properties)
        stated = [
            item.find(qn("w:numPr"))
            for item in [properties, *(style.find(qn("w:pPr")) for style in chain)]
            if item is not None and item.find(qn("w:numPr")) is not None
        ]
        identifier = next((text for item in stated if (text := value_of(item, "numId")) is not None), "0")
        found = self.lists.get(identifier)
        if found is None:
            return "", 0  # 0 takes a paragraph out of its style's list
        own = None if properties is None else properties.find(qn("w:numPr"))
        linked = (found.linked.get(style.get(qn("w:styleId")) or "") for style in chain)
        depth: int | None = None
        if value_of(own, "ilvl") is None:
            depth = next((level for level in linked if level is not None), None)
        if depth is None:
            text = next((text for item in stated if (text := value_of(item, "ilvl")) is not None), None)
            depth = number_of(text, 0, MAX_DEPTH)
        return self.next(identifier, found, depth), depth

    def next(self, identifier: str, found: List, depth: int) -> str:
        """The label of the next paragraph in a list; bullets of all kinds are `-`."""
        numbering = self.numberings.setdefault(found.abstract, Numbering(found.levels))
        if depth in found.restarted and (identifier, depth) not in self.begun:
            numbering.start_again(depth)
        self.begun.add((identifier, depth))
        label = numbering.next(depth, found.levels)
        level = found.levels.get(depth)
        return "-" if level is not None and level.format == "bullet" else label


def read_list(item: etree._Element, parent: str, abstract: etree._Element | None) -> List:
    """A `w:num` with the levels of its abstract numbering, as far as it does not override them."""
    levels, linked = {}, {}
    for element in abstract.findall(qn("w:lvl")) if abstract is not None else ():
        depth = number_of(element.get(qn("w:ilvl")), 0, MAX_DEPTH)
        levels[depth] = read_level(element)
        style = value_of(element, "pStyle")
        if style:
            linked[style] = depth
    restarted = set()
    for override in item.findall(qn("w:lvlOverride")):
        depth = number_of(override.get(qn("w:ilvl")), 0, MAX_DEPTH)
        inner, start = override.find(qn("w:lvl")), value_of(override, "startOverride")
        level = levels.get(depth, Level("decimal", f"%{depth + 1}.")) if inner is None else read_level(inner)
        if start is not None:
            level = level._replace(start=number_of(start, level.start, MAX_START))
            restarted.add(depth)
        levels[depth] = level
    return List(parent, levels, frozenset(restarted), linked)


def read_level(element: etree._Element) -> Level:
    """A `w:lvl` (section 17.9.6); Word starts at 1 unless told otherwise."""
    restart = value_of(element, "lvlRestart")
    return Level(
        value_of(element, "numFmt") or "decimal",
        value_of(element, "lvlText") or "",
        number_of(value_of(element, "start"), 1, MAX_START),
        None if restart is None else number_of(restart, 0, MAX_DEPTH + 1),
        bool(is_on(element, "isLgl")),
    )
