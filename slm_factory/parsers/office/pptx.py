"""PPTX: slides in order, each a page, with titles, bullets, tables, charts and notes.

python-pptx opens the package; its own text knows neither inherited bullets nor diagrams, equations and
reading order, so the walk over the XML is ours (ECMA-376 Part 1, section 19).
"""

from collections.abc import Iterator
from typing import Any

from lxml import etree
from pptx import Presentation
from pptx.opc.constants import CONTENT_TYPE

from slm_factory.core.text import language
from slm_factory.parsers.hostile import local_name
from slm_factory.parsers.markdown import heading, join_blocks
from slm_factory.parsers.office.drawing import (
    CHART,
    DIAGRAM,
    DRAWING,
    RELATION,
    chart_grid,
    chart_title,
    description,
    diagram_items,
)
from slm_factory.parsers.office.ooxml import choose_alternatives, open_package, related, root_of, target_of
from slm_factory.parsers.office.pptx_shapes import SLIDE, TITLES, Shape, Templates, read_shapes
from slm_factory.parsers.office.pptx_text import body_blocks, plain_text
from slm_factory.parsers.parsed import Options, Parsed, Refused
from slm_factory.parsers.tables import Cell, expand, markdown_table

NOTES = {"ko": "발표자 노트", "en": "Speaker notes"}


def parse(data: bytes, options: Options) -> Parsed:
    """The slides as Markdown, each followed by its notes; hidden ones are left out with a warning.

    Raises:
        Refused: the archive is damaged or unsafe, no presentation, or has too many slides.
    """
    presentation, properties, warnings = open_package(
        data, options, CONTENT_TYPE.PML_PRESENTATION_MAIN, Presentation
    )
    try:
        reader = Reader(presentation.part)
        if len(reader.slides) > options.max_pages:
            raise Refused(f"{len(reader.slides)} slides, more than max_pages ({options.max_pages})")
        pages = [join_blocks(reader.page(number)) for number in range(1, len(reader.slides) + 1)]
    except RecursionError as error:
        raise Refused("a presentation with groups nested too deeply") from error
    markdown, starts = "", []
    for page in pages:
        markdown += "\n" if markdown and page else ""
        starts.append(len(markdown))
        markdown += page
    return Parsed(
        markdown, "pptx", title=properties.title or reader.title, pages=len(pages),
        page_starts=tuple(starts), meta=properties.meta(),
        warnings=warnings + tuple(reader.warnings()),
    )  # fmt: skip


class Reader:
    """Walks the slides; keeps the first title, and which slides it could not or should not read."""

    def __init__(self, part: Any) -> None:
        self.part = part
        self.title = ""
        self.hidden: list[str] = []
        self.missing: list[str] = []
        self.slides = [
            item.get(f"{RELATION}id") or "" for item in part._element.iter(f"{SLIDE}sldId")
        ]  # ids of relationships

    def warnings(self) -> Iterator[str]:
        """What was left out."""
        if self.hidden:
            yield f"hidden slides are left out: {', '.join(self.hidden)}"
        if self.missing:
            yield f"slides that are missing in the file: {', '.join(self.missing)}"

    def page(self, number: int) -> Iterator[str]:
        """The Markdown blocks of a slide, counted from 1."""
        part = target_of(self.part, self.slides[number - 1])
        root = root_of(part)
        if root is None:
            self.missing.append(str(number))
            return
        if root.get("show") in ("0", "false"):
            self.hidden.append(str(number))
            return
        choose_alternatives(root)
        slide = Slide(part, root, self.templates(part))
        yield from slide.blocks()
        self.title = self.title or slide.title

    def templates(self, part: Any) -> Templates:
        """What the slide in `part` takes after."""
        layout = next(iter(related(part, "slideLayout")), None)
        master = None if layout is None else next(iter(related(layout, "slideMaster")), None)
        return Templates(root_of(layout), root_of(master))


class Slide:
    """One slide: its shapes in reading order, then its notes."""

    def __init__(self, part: Any, root: etree._Element, templates: Templates) -> None:
        self.part = part
        self.root = root
        self.templates = templates
        self.title = ""

    def blocks(self) -> Iterator[str]:
        """The Markdown blocks of the slide."""
        written = [
            block
            for shape in read_shapes(self.root.find(f"{SLIDE}cSld/{SLIDE}spTree"), self.templates)
            for block in self.shape(shape)
        ]
        yield from written
        notes = list(self.notes())
        if notes:
            yield heading(3, NOTES[language("".join(written + notes))])
            yield from notes

    def shape(self, shape: Shape) -> Iterator[str]:
        """The blocks of one shape."""
        kind, element = local_name(shape.element), shape.element
        if kind == "grpSp":
            for inner in read_shapes(element, self.templates):
                yield from self.shape(inner)
        elif kind == "pic":
            properties = element.find(f"{SLIDE}nvPicPr/{SLIDE}cNvPr")
            yield description(None if properties is None else properties.get("descr"))
        elif kind == "graphicFrame":
            yield from self.frame(element)
        elif shape.placeholder in TITLES:
            text = plain_text(element.find(f"{SLIDE}txBody"))
            self.title = self.title or text
            yield heading(1 if shape.placeholder == "ctrTitle" else 2, text) if text else ""
        else:
            yield from body_blocks(element.find(f"{SLIDE}txBody"), shape.styles)

    def frame(self, element: etree._Element) -> Iterator[str]:
        """A table, chart or diagram."""
        for table in element.iter(f"{DRAWING}tbl"):
            yield markdown_table(expand(read_rows(table)))
        for chart in element.iter(f"{CHART}chart"):
            root = root_of(target_of(self.part, chart.get(f"{RELATION}id")))
            if root is not None:
                yield chart_title(root)
                yield markdown_table(expand([[Cell(text) for text in row] for row in chart_grid(root)]))
        for diagram in element.iter(f"{DIAGRAM}relIds"):
            root = root_of(target_of(self.part, diagram.get(f"{RELATION}dm")))
            if root is not None:
                yield from diagram_items(root)

    def notes(self) -> Iterator[str]:
        """The blocks of the notes below the slide."""
        for part in related(self.part, "notesSlide"):
            root = root_of(part)
            for mark in root.iter(f"{SLIDE}ph") if root is not None else ():
                shape = next(mark.iterancestors(f"{SLIDE}sp"), None)
                if mark.get("type") == "body" and shape is not None:
                    yield from body_blocks(shape.find(f"{SLIDE}txBody"), ())


def read_rows(table: etree._Element) -> list[list[Cell]]:
    """The rows of a table (section 21.1.3); cells that another one covers are left out."""
    return [
        [
            Cell(plain_text(cell.find(f"{DRAWING}txBody")), span(cell, "rowSpan"), span(cell, "gridSpan"))
            for cell in row.findall(f"{DRAWING}tc")
            if not {"1", "true"} & {cell.get("hMerge"), cell.get("vMerge")}
        ]
        for row in table.findall(f"{DRAWING}tr")
    ]


def span(cell: etree._Element, name: str) -> int:
    """How many rows or columns a cell covers."""
    text = cell.get(name) or "1"
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 1
