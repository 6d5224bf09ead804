"""DOCX: the body in order, with headings, list labels, tables and notes, through python-docx and lxml.

python-docx opens the package; its own text leaves out labels, notes, text boxes and whatever was inserted
while changes were tracked, so the walk over the XML is ours (ECMA-376 Part 1, section 17).
"""

import re
from collections.abc import Iterator
from typing import Any

import docx
from docx.opc.constants import CONTENT_TYPE
from docx.oxml.ns import qn
from lxml import etree

from slm_factory.parsers.markdown import LIST_ITEM, heading, join_blocks, list_item, one_line, paragraph
from slm_factory.parsers.office.docx_styles import Lists, Styles
from slm_factory.parsers.office.docx_tables import read_rows
from slm_factory.parsers.office.docx_text import Pieces, read_text
from slm_factory.parsers.office.docx_visible import FALSE, show
from slm_factory.parsers.office.drawing import RELATION, chart_grid, chart_title, diagram_items
from slm_factory.parsers.office.ooxml import open_package, related, root_of, target_of
from slm_factory.parsers.parsed import Options, Parsed, Refused
from slm_factory.parsers.tables import Cell, expand, flat_table, markdown_table

PARAGRAPH, TABLE, BODY, SECTION = (qn(f"w:{name}") for name in ("p", "tbl", "body", "sectPr"))
NOTE_MARK = re.compile(r"\[\^\d+\]")
# Around the number of a page, which text pieces show as NUL: "- 3 -", "Page 3 of 10", "3쪽".
AROUND_PAGE = r"(?:[\s\-–—~/|.()\[\]]|page|of|p\.|쪽|페이지|면)*"
PAGE_NUMBER = re.compile(rf"{AROUND_PAGE}\x00(?:{AROUND_PAGE}\x00)*{AROUND_PAGE}", re.IGNORECASE)


def parse(data: bytes, options: Options) -> Parsed:
    """Headers, body, footers and notes as Markdown, as they read with all tracked changes accepted.

    Raises:
        Refused: the archive is damaged or unsafe, or is no Word document.
    """
    document, properties, warnings = open_package(
        data, options, CONTENT_TYPE.WML_DOCUMENT_MAIN, docx.Document
    )
    try:
        reader = Reader(document.part)
        blocks = list(reader.document())
    except RecursionError as error:
        raise Refused("a Word document with tables or boxes nested too deeply") from error
    return Parsed(
        join_blocks(blocks), "docx", title=properties.title or reader.title,
        meta=properties.meta(), warnings=warnings + tuple(reader.warnings),
    )  # fmt: skip


class Reader:
    """Walks a document; keeps the counters of its lists, the notes it meets and the first title."""

    def __init__(self, part: Any) -> None:
        self.part = part
        self.title = ""
        self.warnings: list[str] = []
        self.styles = Styles(self.root_of("styles"))
        self.lists = Lists(self.root_of("numbering"), self.styles)
        self.has_hidden_styles = any(
            next(style.iter(qn("w:vanish")), None) is not None for style in self.styles.by_id.values()
        )
        self.notes: dict[tuple[str, str], str] = {}  # kind and id -> its mark

    def root_of(self, kind: str) -> etree._Element | None:
        """The root of the part that the document has of this kind, None if it has none."""
        return root_of(next(iter(related(self.part, kind)), None))

    def show(self, root: etree._Element) -> None:
        """Leaves in the tree what a reader sees."""
        has_hidden = self.has_hidden_styles or next(root.iter(qn("w:vanish")), None) is not None
        show(root, self.styles.hides if has_hidden else None)

    def document(self) -> Iterator[str]:
        """The Markdown blocks of the whole document.

        Raises:
            Refused: it has no body.
        """
        root = self.part.element
        body = root.find(BODY)
        if body is None:
            raise Refused("no Word document: its main part has no body")
        self.warn_of_imports(root)
        headers, footers = self.running(root, "header"), self.running(root, "footer")
        self.show(root)
        yield from headers
        yield from self.blocks(body)
        yield from footers
        yield from self.note_blocks()

    def warn_of_imports(self, root: etree._Element) -> None:
        """Names what only Word can fetch into a document."""
        count = sum(1 for _ in root.iter(qn("w:altChunk"), qn("w:subDoc")))
        if count:
            self.warnings.append(f"{count} documents embedded in it are not read")

    def blocks(self, container: etree._Element, is_plain: bool = False) -> Iterator[str]:
        """The Markdown blocks of a body or a text box, in order; of a cell or a note as plain lines."""
        for child in container:
            if child.tag == PARAGRAPH:
                yield from self.paragraph(child, is_plain)
            elif child.tag == TABLE:
                yield from self.table(child, is_plain)

    def paragraph(self, element: etree._Element, is_plain: bool) -> Iterator[str]:
        """A paragraph as a heading, a list item or text, then the boxes and charts anchored in it."""
        pieces = read_text(element, self.note_mark)
        text = pieces.text.strip()
        properties = element.find(qn("w:pPr"))
        label, depth = self.lists.label(properties)  # an empty paragraph counts, too
        if text:
            yield self.render(text, label, depth, properties, is_plain)
        yield from self.objects(pieces, is_plain)

    def render(self, text: str, label: str, depth: int, properties: Any, is_plain: bool) -> str:
        """The text of a paragraph in Markdown."""
        if is_plain:
            return f"{label} {text}".strip()
        level = self.styles.heading_level(properties)
        if level:
            self.title = self.title or (one_line(NOTE_MARK.sub("", text)) if level == 1 else "")
            return heading(level, f"{'' if label == '-' else label} {text}")
        if not label:
            return paragraph(text)
        item = list_item(depth, label, text)
        # Labels that Markdown takes for no list, as (1), begin no item, and indented they would be code.
        return item if LIST_ITEM.match(item) else item.strip()

    def objects(self, pieces: Pieces, is_plain: bool) -> Iterator[str]:
        """The blocks of what is anchored in a paragraph."""
        yield from pieces.descriptions
        for box in pieces.boxes:
            yield from self.blocks(box, is_plain)
        for element in pieces.charts:
            root = root_of(target_of(self.part, element.get(f"{RELATION}id")))
            if root is not None:
                yield chart_title(root)
                yield (flat_table if is_plain else markdown_table)(expand_texts(chart_grid(root)))
        for element in pieces.diagrams:
            root = root_of(target_of(self.part, element.get(f"{RELATION}dm")))
            if root is not None:
                yield from diagram_items(root)

    def table(self, element: etree._Element, is_plain: bool) -> Iterator[str]:
        """A table, on one line if it stands in a cell; one of a single cell is a frame around its content."""
        cells = element.findall(f"{qn('w:tr')}/{qn('w:tc')}")
        if len(cells) == 1:
            yield from self.blocks(cells[0], is_plain)
            return
        grid = expand(read_rows(element, lambda cell: " ".join(self.blocks(cell, is_plain=True))))
        yield flat_table(grid) if is_plain else markdown_table(grid)

    def note_mark(self, reference: etree._Element) -> str:
        """The mark of a foot- or endnote where it is referred to; both are counted together."""
        kind = "footnotes" if reference.tag == qn("w:footnoteReference") else "endnotes"
        key = (kind, reference.get(qn("w:id")) or "")
        return f"[^{self.notes.setdefault(key, str(len(self.notes) + 1))}]"

    def note_blocks(self) -> Iterator[str]:
        """The notes that the text refers to, in the order of their marks."""
        texts: dict[tuple[str, str], str] = {}
        for kind in {kind for kind, _ in self.notes}:
            root = self.root_of(kind)
            if root is None:
                continue
            self.show(root)
            for note in root:
                key = (kind, note.get(qn("w:id")) or "")
                if key in self.notes:
                    texts[key] = one_line(" ".join(self.blocks(note, is_plain=True)))
        for key, mark in list(self.notes.items()):
            yield f"[^{mark}]: {texts.get(key, '')}".rstrip()

    def running(self, root: etree._Element, kind: str) -> list[str]:
        """The headers or footers that sections use, each text once and without page numbers (17.10)."""
        settings = self.root_of("settings")
        even = None if settings is None else settings.find(qn("w:evenAndOddHeaders"))
        has_even = even is not None and (even.get(qn("w:val")) or "1").lower() not in FALSE
        blocks: dict[str, None] = {}  # an ordered set
        seen: set[str] = set()
        for section in root.iter(SECTION):
            for reference in section.findall(qn(f"w:{kind}Reference")):
                use, identifier = reference.get(qn("w:type")), reference.get(qn("r:id")) or ""
                is_used = (use != "first" or section.find(qn("w:titlePg")) is not None) and (
                    use != "even" or has_even
                )
                if is_used and identifier not in seen:
                    seen.add(identifier)
                    blocks.update(dict.fromkeys(self.running_blocks(identifier)))
        return list(blocks)

    def running_blocks(self, identifier: str) -> Iterator[str]:
        """The lines of one header or footer."""
        root = root_of(target_of(self.part, identifier))
        if root is None:
            return
        self.show(root)
        for block in self.blocks(root, is_plain=True):
            line = paragraph(PAGE_NUMBER.sub(" ", block))
            if line.strip():
                yield line


def expand_texts(grid: list[list[str]]) -> list[list[str]]:
    """The grid with texts made safe for a table."""
    return expand([[Cell(text) for text in row] for row in grid])
