"""DOCX: the body in order, with headings, list numbers and tables, through python-docx and lxml."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import docx
from docx.document import Document
from docx.opc.exceptions import PackageNotFoundError
from docx.oxml.ns import qn
from docx.table import Table
from lxml import etree

from slm_factory.parsers.hostile import open_archive, read_part
from slm_factory.parsers.markdown import heading, join_blocks, list_item, paragraph
from slm_factory.parsers.numbering import Level, Numbering, naming_label
from slm_factory.parsers.parsed import Limits, Parsed, Refused
from slm_factory.parsers.tables import Cell, expand, flat_table, markdown_table

# What python-docx lets through from damaged archives and XML.
DAMAGES = (PackageNotFoundError, KeyError, ValueError, etree.XMLSyntaxError, zipfile.BadZipFile, zlib.error)
HEADING_STYLE = re.compile(r"(?:heading|제목)\s*([1-9])", re.IGNORECASE)
MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
# Deleted and moved-away text, instructions of fields, the second copy of a text box: not what a reader sees.
UNSEEN = {
    qn("w:del"),
    qn("w:moveFrom"),
    qn("w:instrText"),
    qn("w:delText"),
    FALLBACK,
    qn("w:pPr"),
    qn("w:rPr"),
}
BREAKS = {qn("w:tab"): " ", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}


def parse(data: bytes, limits: Limits) -> Parsed:
    """The document's body as Markdown; insertions accepted, deletions left out.

    Raises:
        Refused: the archive is damaged or unsafe, or is no ordinary Word document.
    """
    with open_archive(data, limits) as archive:
        if b"purl.oclc.org/ooxml" in read_part(archive, "word/document.xml", limits)[:20_000]:
            raise Refused("a Strict Open XML document; save it as an ordinary .docx")
    try:
        document = docx.Document(io.BytesIO(data))
    except DAMAGES as error:
        raise Refused(f"damaged Word document: {error}") from error
    reader = Reader(document)
    markdown = join_blocks(reader.blocks(document.element.body))
    properties = document.core_properties
    created = properties.modified or properties.created
    meta = {"author": properties.author or "", "modified": created.date().isoformat() if created else ""}
    return Parsed(
        markdown, "docx", (properties.title or reader.title).strip(),
        meta={key: value for key, value in meta.items() if value},
    )  # fmt: skip


class Reader:
    """Walks a body; keeps the counters of its numberings and the first title it meets."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.title = ""
        self.styles = {style.style_id: style for style in document.styles}
        self.numberings: dict[str, Numbering] = {}
        self.definitions = self.read_definitions()

    def read_definitions(self) -> dict[str, tuple[str, dict[int, Level], bool]]:
        """By numId: the abstract numbering it counts in, its levels, and whether it starts anew."""
        try:
            root = self.document.part.numbering_part.element
        except (KeyError, NotImplementedError):
            return {}  # a document without lists has no such part
        abstract = {
            item.get(qn("w:abstractNumId")): {
                number(level, "w:ilvl"): read_level(level) for level in item.findall(qn("w:lvl"))
            }
            for item in root.findall(qn("w:abstractNum"))
        }
        definitions = {}
        for item in root.findall(qn("w:num")):
            parent = value_of(item.find(qn("w:abstractNumId"))) or ""
            levels = dict(abstract.get(parent, {}))
            overrides = item.findall(qn("w:lvlOverride"))
            for override in overrides:
                depth = number(override, "w:ilvl")
                inner, start = override.find(qn("w:lvl")), value_of(override.find(qn("w:startOverride")))
                level = read_level(inner) if inner is not None else levels.get(depth, Level("decimal", "%1."))
                levels[depth] = level._replace(start=int(start)) if start and start.isdigit() else level
            definitions[item.get(qn("w:numId"))] = (parent, levels, bool(overrides))
        return definitions

    def blocks(self, container: etree._Element, is_nested: bool = False) -> Iterator[str]:
        """The Markdown blocks of a body, a text box or (`is_nested`) a cell, in document order."""
        for child in container:
            if child.tag == qn("w:p"):
                yield self.paragraph(child)
                for box in text_boxes(child):
                    yield from self.blocks(box, is_nested)
            elif child.tag == qn("w:tbl"):
                yield self.table(child, is_nested)
            elif child.tag == qn("w:sdt"):
                content = child.find(qn("w:sdtContent"))
                yield from self.blocks(content if content is not None else (), is_nested)
            elif child.tag in (qn("w:ins"), qn("w:customXml"), qn("w:smartTag")):
                yield from self.blocks(child, is_nested)

    def paragraph(self, element: Any) -> str:
        """One paragraph as a heading, a list item or text; "" when it is empty."""
        text = text_of(element).strip()
        if not text:
            return ""
        chain = self.style_chain(element)
        level = outline_level(element, chain)
        label, depth = self.label(element, chain)
        if level:
            self.title = self.title or (text if level == 1 else "")
            return heading(level, f"{naming_label(label)} {text}")
        if label:
            return list_item(depth, label, text)
        return paragraph(text)

    def table(self, element: Any, is_nested: bool = False) -> str:
        """A table, on one line if it stands in a cell. python-docx gives a merged cell once per grid cell."""
        rows = []
        for row in Table(element, self.document).rows:
            cells = [Cell("", columns=1) for _ in range(row.grid_cols_before)]
            for cell, covered in groupby(cell._tc for cell in row.cells):
                cells.append(Cell(" ".join(self.blocks(cell, is_nested=True)), columns=len(list(covered))))
            rows.append(cells)
        return flat_table(expand(rows)) if is_nested else markdown_table(expand(rows))

    def style_chain(self, element: Any) -> list[Any]:
        """The paragraph's style and the styles it is based on, nearest first."""
        chain: list[Any] = []
        style = self.styles.get(element.style) if element.style else None
        while style is not None and style not in chain:
            chain.append(style)
            style = getattr(style, "base_style", None)
        return chain

    def label(self, element: Any, chain: list[Any]) -> tuple[str, int]:
        """The list label of a paragraph and its depth; "" for a paragraph in no list."""
        properties = [element.pPr, *(style.element.pPr for style in chain)]
        found = [item.numPr for item in properties if item is not None and item.numPr is not None]
        if not found or (found[0].numId is None and len(found) == 1):
            return "", 0
        identifier = next((str(item.numId.val) for item in found if item.numId is not None), "0")
        depth = next((item.ilvl.val for item in found if item.ilvl is not None), 0)
        if identifier not in self.definitions:
            return "", 0  # 0 takes a paragraph out of its style's list
        parent, levels, is_own = self.definitions[identifier]
        level = levels.get(depth)
        if level is None or level.format == "none":
            return "", 0
        if level.format == "bullet":
            return "-", depth
        key = identifier if is_own else f"abstract {parent}"
        return self.numberings.setdefault(key, Numbering(levels)).next(depth) or "-", depth


def read_level(element: etree._Element) -> Level:
    """A `w:lvl` as a level; Word starts at 0 only when told to."""
    start = value_of(element.find(qn("w:start"))) or "1"
    return Level(
        value_of(element.find(qn("w:numFmt"))) or "decimal",
        value_of(element.find(qn("w:lvlText"))) or "",
        int(start) if start.isdigit() else 1,
    )


def value_of(element: etree._Element | None) -> str | None:
    """The `w:val` of an element."""
    return None if element is None else element.get(qn("w:val"))


def number(element: etree._Element, attribute: str) -> int:
    """An attribute as a number, 0 when it is none."""
    text = element.get(qn(attribute)) or ""
    return int(text) if text.isdigit() else 0


def outline_level(element: Any, chain: list[Any]) -> int:
    """1-6 for a heading, 0 for other text: by the outline level, else by the style's name."""
    for properties in [element.pPr, *(style.element.pPr for style in chain)]:
        level = None if properties is None else value_of(properties.find(qn("w:outlineLvl")))
        if level is not None and level.isdigit():
            return int(level) + 1 if int(level) < 9 else 0  # 9 is body text
    for style in chain:
        match = HEADING_STYLE.match(style.name or "")
        if match:
            return int(match[1])
        if (style.name or "").lower() in ("title", "제목"):
            return 1
    return 0


def text_of(element: etree._Element) -> str:
    """The visible text of a paragraph, without the text boxes anchored in it."""
    parts: list[str] = []
    for child in element:
        if child.tag in UNSEEN or child.tag == qn("w:txbxContent"):
            continue
        if child.tag in (qn("w:t"), f"{MATH}t"):
            parts.append(child.text or "")
        elif child.tag in BREAKS:
            parts.append(BREAKS[child.tag])
        else:
            parts.append(text_of(child))
    return "".join(parts)


def text_boxes(element: etree._Element) -> Iterator[etree._Element]:
    """The outermost text boxes anchored in a paragraph, each once."""
    for child in element:
        if child.tag == qn("w:txbxContent"):
            yield child
        elif child.tag not in UNSEEN:
            yield from text_boxes(child)
