"""HWPX (OWPML, KS X 6101): python-hwpx opens the package and orders its sections; the walk over them is ours.

Its own Markdown knows neither outline styles nor merged cells, and puts tables behind their paragraph.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

from hwpx.opc.security import HwpxSecurityError
from hwpx.oxml.paragraph_heading import paragraph_heading
from hwpx.tools.text_extractor import TextExtractor

from slm_factory.parsers.hostile import local_name, open_archive, read_part, read_xml
from slm_factory.parsers.markdown import heading, join_blocks, list_item, one_line, paragraph
from slm_factory.parsers.numbering import Level, Numbering, naming_label
from slm_factory.parsers.parsed import Limits, Parsed, Refused
from slm_factory.parsers.tables import Cell, expand, flat_table, markdown_table

SPACES = {"tab": " ", "lineBreak": "\n", "nbSpace": " ", "fwSpace": " ", "hyphen": "-"}
# Below these stand texts that are not part of the body's flow: comments, memos, notes, headers and footers.
OUT_OF_FLOW = {
    "hiddenComment",
    "fieldBegin",
    "footNote",
    "endNote",
    "header",
    "footer",
    "secPr",
    "linesegarray",
}


def parse(data: bytes, limits: Limits) -> Parsed:
    """All sections as Markdown, with headings from the outline styles.

    Raises:
        Refused: the package is damaged, unsafe or encrypted.
    """
    with open_archive(data, limits) as archive:
        names = archive.namelist()
        manifest = (
            read_part(archive, "META-INF/manifest.xml", limits) if "META-INF/manifest.xml" in names else b""
        )
        if b"encryption-data" in manifest:
            raise Refused("the document is encrypted; save it without a password")
        header = next((name for name in names if name.lower().endswith("header.xml")), None)
        shapes = Shapes(read_xml(read_part(archive, header, limits)) if header else None)
        blocks: list[str] = []
        for section in read_sections(archive):
            blocks += Section(section, shapes).blocks()
        package = next((name for name in names if name.endswith("content.hpf")), None)
        meta = read_metadata(read_xml(read_part(archive, package, limits))) if package else {}
    return Parsed(join_blocks(blocks), "hwpx", meta.pop("title", "") or shapes.title, meta=meta)


def read_sections(archive: zipfile.ZipFile) -> list[Element]:
    """The root elements of all sections, in the order of the package's spine, else of their numbers.

    Raises:
        Refused: there are none, or the package is damaged.
    """
    try:
        with TextExtractor(archive) as extractor:
            sections = [section.element for section in extractor.iter_sections()]
    except (HwpxSecurityError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise Refused(f"damaged HWPX package: {error}") from error
    if not sections:
        raise Refused("a HWPX package without sections")
    return sections


def read_metadata(package: Element) -> dict[str, str]:
    """Title, author and day of the last change, as content.hpf states them."""
    meta = {}
    for element in package.iter():
        key = element.get("name") if local_name(element) == "meta" else local_name(element)
        text = one_line(element.text or "")
        if key in ("title", "creator", "ModifiedDate") and text and text != "text":
            meta[{"creator": "author", "ModifiedDate": "modified"}.get(key, key)] = text
    if "modified" in meta:
        meta["modified"] = meta["modified"][:10]
    return meta


class Shapes:
    """What header.xml says about paragraphs, outline levels and list labels; counts the numberings."""

    def __init__(self, header: Element | None) -> None:
        self.title = ""
        self.headings: dict[str, tuple[str, str, int]] = {}  # paraPr id -> type, numbering id, level from 0
        self.outline_styles: dict[str, int] = {}  # style id -> outline level from 0, by the style's name
        self.numberings: dict[str, Numbering] = {}
        for element in header.iter() if header is not None else ():
            name, identifier = local_name(element), element.get("id") or ""
            if name == "paraPr":
                found = paragraph_heading(element)
                if found is not None and found.get("type", "NONE") != "NONE":
                    shape = (found.get("type"), found.get("idRef") or "", number(found, "level"))
                    self.headings[identifier] = shape
            elif name == "style":
                match = re.fullmatch(r"(?:개요|Outline) (\d+)", element.get("name") or "")
                if match:
                    self.outline_styles[identifier] = int(match[1]) - 1
            elif name == "numbering":
                heads = [head for head in element if local_name(head) == "paraHead"]
                self.numberings[identifier] = Numbering(
                    {
                        number(head, "level", 1) - 1: Level(
                            head.get("numFormat") or "DIGIT", head.text or "", number(head, "start", 1)
                        )
                        for head in heads
                    }
                )

    def render(self, element: Element, text: str, outline: str) -> str:
        """A paragraph's text as a heading, a list item or a paragraph."""
        kind, numbering, level = self.headings.get(element.get("paraPrIDRef") or "", ("NONE", "", 0))
        style = self.outline_styles.get(element.get("styleIDRef") or "")
        if kind == "OUTLINE" or style is not None:
            label = naming_label(self.next_label(outline, level)) if kind == "OUTLINE" else ""
            depth = level if style is None else style
            self.title = self.title or (one_line(text) if depth == 0 else "")
            return heading(depth + 1, f"{label} {text}")
        if kind == "BULLET":
            return list_item(level, "-", text)
        if kind == "NUMBER":
            label = self.next_label(numbering, level)
            return list_item(level, label, text) if label else paragraph(text)
        return paragraph(text)

    def next_label(self, numbering: str, level: int) -> str:
        """The next label of a numbering, "" if it is not defined."""
        return self.numberings[numbering].next(level) if numbering in self.numberings else ""


class Section:
    """One section: its paragraphs, and the tables and text boxes where they stand in them."""

    def __init__(self, root: Element, shapes: Shapes) -> None:
        self.root = root
        self.shapes = shapes
        properties = next((item for item in root.iter() if local_name(item) == "secPr"), None)
        self.outline = "" if properties is None else properties.get("outlineShapeIDRef") or ""

    def blocks(self) -> list[str]:
        """The Markdown blocks of the section in document order."""
        return [
            block for element in self.root if local_name(element) == "p" for block in self.paragraph(element)
        ]

    def paragraph(self, element: Element, is_nested: bool = False) -> Iterator[str]:
        """The blocks of one paragraph (`is_nested`: in a cell): its text, cut where an object stands."""
        text = ""
        for piece in pieces(element):
            if isinstance(piece, str):
                text += piece
                continue
            if text.strip():
                yield self.shapes.render(element, text.strip(), self.outline)
                text = ""
            write = self.table if local_name(piece) == "tbl" else self.box
            yield from write(piece, is_nested)
        if text.strip():
            yield self.shapes.render(element, text.strip(), self.outline)

    def box(self, element: Element, is_nested: bool = False) -> Iterator[str]:
        """The blocks of the paragraphs in a text box, a caption or a cell."""
        for sub_list in (child for child in element if local_name(child) == "subList"):
            for child in sub_list:
                if local_name(child) == "p":
                    yield from self.paragraph(child, is_nested)

    def table(self, element: Element, is_nested: bool = False) -> Iterator[str]:
        """A table, then its caption; a table of one cell is a frame, whose content stays as it is."""
        rows = [
            [cell for cell in row if local_name(cell) == "tc"] for row in element if local_name(row) == "tr"
        ]
        if len(rows) == 1 and len(rows[0]) == 1:
            yield from self.box(rows[0][0], is_nested)
        else:
            grid = expand([self.cell(cell) for cell in row] for row in rows)
            yield flat_table(grid) if is_nested else markdown_table(grid)
        for child in element:
            if local_name(child) == "caption":
                yield from self.box(child, is_nested)

    def cell(self, element: Element) -> Cell:
        """A cell with its text and span; a table in it comes on one line."""
        span = next((child for child in element if local_name(child) == "cellSpan"), element)
        text = " ".join(self.box(element, is_nested=True))
        return Cell(text, number(span, "rowSpan", 1), number(span, "colSpan", 1))


def pieces(element: Element) -> Iterator[str | Element]:
    """The texts and the objects (tables, text boxes, captions) of a paragraph, in order, outermost only."""
    for run in element:
        if local_name(run) == "run":
            for child in run:
                yield from piece(child)


def piece(element: Element) -> Iterator[Any]:
    """The texts and objects in one child of a run. Text that change tracking marks as deleted is left out."""
    name = local_name(element)
    if name == "t":
        yield text_of(element)
    elif name in SPACES:
        yield SPACES[name]
    elif name in ("tbl", "drawText", "caption"):
        yield element
    elif name == "script":  # of an equation
        yield element.text or ""
    elif name == "switch":  # the same object in two versions
        branches = sorted(element, key=lambda branch: local_name(branch) != "case")
        for child in branches[0] if branches else ():
            yield from piece(child)
    elif name == "dutmal":  # a word with a gloss over it
        yield "".join(child.text or "" for child in element if local_name(child) == "mainText")
    elif name == "compose":  # characters drawn over each other
        yield element.get("composeText") or ""
    elif name not in OUT_OF_FLOW:
        for child in element:
            yield from piece(child)


def text_of(element: Element) -> str:
    """The text of a `t` element."""
    parts, is_deleted = [element.text or ""], False
    for child in element:
        name = local_name(child)
        is_deleted = name == "deleteBegin" or (is_deleted and name != "deleteEnd")
        if not is_deleted:
            parts += [SPACES.get(name, ""), child.tail or ""]
    return "".join(parts)


def number(element: Element, attribute: str, otherwise: int = 0) -> int:
    """An attribute as a number."""
    text = element.get(attribute) or ""
    return int(text) if text.isdigit() else otherwise
