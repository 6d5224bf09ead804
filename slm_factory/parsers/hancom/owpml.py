"""Sections of OWPML (KS X 6101) as Markdown blocks: what HWPX stores and HWP 5 is converted to.

Paragraphs, tables and text boxes come in the order of the XML, so a table stands where it stands in its
paragraph. Foot- and endnotes are counted together; changes that were tracked read as accepted.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from lxml import etree

from slm_factory.parsers.hancom.spacing import repair
from slm_factory.parsers.hancom.styles import Role, Styles
from slm_factory.parsers.hancom.tables import span_of, split_table
from slm_factory.parsers.hancom.text import PAGE, flow
from slm_factory.parsers.hostile import local_name
from slm_factory.parsers.markdown import LIST_ITEM, heading, join_blocks, list_item, one_line, paragraph
from slm_factory.parsers.office.drawing import chart_grid, chart_title
from slm_factory.parsers.parsed import Options, Parsed
from slm_factory.parsers.tables import Cell, expand, flat_table, fold_form, markdown_table

MAX_HEADING_CHARACTERS = 100  # official papers use outline levels for sentences, too
SENTENCE_END = re.compile(r"[니한된는있없이었았였했인하되]다\Z|[.。]\Z")
LETTER = re.compile(r"[^\W\d_]")
AROUND_PAGE = re.compile(r"page|of|쪽|페이지|면|[\W\d_]", re.IGNORECASE)

Part = Callable[[str], "etree._Element | None"]


class Body:
    """Walks the sections of a document; keeps the counters of its lists and the notes it meets."""

    def __init__(self, header: etree._Element | None, part: Part = lambda name: None) -> None:
        self.styles = Styles(header)
        self.part = part  # of the package, by name: charts
        self.title = ""  # the first heading of the highest level
        self.outline = ""  # the numbering of this section's headings
        self.notes: list[str] = []
        self.heads: dict[str, None] = {}  # ordered sets: each text comes once
        self.feet: dict[str, None] = {}
        self.blocks: list[str] = []
        self.deleted: set[str | None] = set()  # tracked deletions that are open
        self.endings: Counter[str | None] = Counter()  # the ends of deletions ahead

    def read(self, section: etree._Element) -> None:
        """Adds a section to the document."""
        properties = next(section.iter("{*}secPr"), None)
        self.outline = "" if properties is None else properties.get("outlineShapeIDRef") or ""
        self.endings = Counter(end.get("Id") for end in section.iter("{*}deleteEnd"))
        self.deleted.clear()
        self.blocks += self.paragraphs(section, is_plain=False)

    def markdown(self) -> str:
        """Headers, what was read so far, footers and notes."""
        return join_blocks([*self.heads, *self.blocks, *self.feet, *self.notes])

    def paragraphs(self, container: etree._Element, is_plain: bool) -> Iterator[str]:
        """The blocks of the paragraphs in a section or box, or in a cell or note as plain lines."""
        for child in container.iterchildren("{*}p", "{*}subList"):
            if local_name(child) == "p":
                yield from self.paragraph(child, is_plain)
            else:
                yield from self.paragraphs(child, is_plain)

    def paragraph(self, element: etree._Element, is_plain: bool) -> Iterator[str]:
        """The blocks of one paragraph: its text, cut where an object stands."""
        role = self.styles.role(element, self.outline)  # an empty paragraph counts, too
        text = ""
        for piece in self.visible(element):
            if isinstance(piece, str):
                text += piece
                continue
            if local_name(piece) in ("footNote", "endNote"):
                text += self.note_mark(piece)
                continue
            if text.strip():
                yield self.render(text.strip(), role, is_plain)
                text, role = "", Role()
            yield from self.object(piece, is_plain)
        if text.strip():
            yield self.render(text.strip(), role, is_plain)

    def visible(self, element: etree._Element) -> Iterator[str | etree._Element]:
        """The texts and objects of a paragraph without what change tracking marks as deleted.

        A deletion may run over several paragraphs, but only if it ends in this section.
        """
        for piece in flow(element):
            identifier = None if isinstance(piece, str) else piece.get("Id")
            name = "" if isinstance(piece, str) else local_name(piece)
            if name == "deleteBegin":
                self.deleted.add(identifier)
            elif name == "deleteEnd":
                self.deleted.discard(identifier)
                self.endings[identifier] -= 1
            elif not self.deleted:
                yield piece
        self.deleted = {identifier for identifier in self.deleted if self.endings[identifier] > 0}

    def render(self, text: str, role: Role, is_plain: bool) -> str:
        """The text of a paragraph in Markdown."""
        if is_plain:
            return f"{role.label} {text}".strip()
        is_sentence = len(text) > MAX_HEADING_CHARACTERS or SENTENCE_END.search(text)
        if role.kind == "heading" and role.depth < 6 and not is_sentence:
            self.title = self.title or (one_line(text) if role.depth == 0 else "")
            return heading(role.depth + 1, f"{role.label} {text}")
        if not role.label:
            return paragraph(text)
        item = list_item(role.depth, role.label, text)
        # Labels that Markdown takes for no list, as (1), begin no item, and indented they would be code.
        return item if LIST_ITEM.match(item) else item.strip()

    def object(self, element: etree._Element, is_plain: bool) -> Iterator[str]:
        """The blocks of what stands in a paragraph besides text."""
        name = local_name(element)
        if name == "tbl":
            yield from self.table(element, is_plain)
        elif name in ("header", "footer"):
            self.running(element, self.heads if name == "header" else self.feet)
        elif name == "chart":
            root = self.part(element.get("chartIDRef") or "")
            if root is not None:
                grid = expand([Cell(text) for text in row] for row in chart_grid(root))
                yield chart_title(root)
                yield flat_table(grid) if is_plain else markdown_table(grid)
        else:  # drawText, caption
            yield from self.paragraphs(element, is_plain)

    def table(self, element: etree._Element, is_plain: bool) -> Iterator[str]:
        """A table with its caption above or below it."""
        captions = list(element.iterchildren("{*}caption"))
        for caption in captions:
            if caption.get("side") in ("TOP", "LEFT"):
                yield from self.paragraphs(caption, is_plain)
        for is_prose, rows in split_table(element):
            if is_prose:
                for cell in chain.from_iterable(rows):
                    yield from self.paragraphs(cell, is_plain)
            elif is_plain:  # nested: spans are not repeated, or text would grow with every level
                yield flat_table([self.cell(cell).text for cell in row] for row in rows)
            else:
                yield markdown_table(fold_form(expand([self.cell(cell) for cell in row] for row in rows)))
        for caption in captions:
            if caption.get("side") not in ("TOP", "LEFT"):
                yield from self.paragraphs(caption, is_plain)

    def cell(self, element: etree._Element) -> Cell:
        """A cell with its text and span."""
        text = " ".join(self.paragraphs(element, is_plain=True))
        return Cell(text, span_of(element, "rowSpan"), span_of(element, "colSpan"))

    def note_mark(self, note: etree._Element) -> str:
        """The mark of a foot- or endnote; its text is kept for the end of the document."""
        index = len(self.notes)
        self.notes.append("")  # takes its number before the notes that stand in it
        text = one_line(" ".join(self.paragraphs(note, is_plain=True)))
        self.notes[index] = f"[^{index + 1}]: {text}".rstrip()
        return f"[^{index + 1}]"

    def running(self, element: etree._Element, lines: dict[str, None]) -> None:
        """Adds the lines of a header or footer, but those that only tell the page."""
        for line in self.paragraphs(element, is_plain=True):
            if PAGE not in line or AROUND_PAGE.sub("", line):
                lines.setdefault(paragraph(line.replace(PAGE, "")))


def finish(
    body: Body, format_name: str, meta: dict[str, str], warnings: Sequence[str], options: Options
) -> Parsed:
    """The document. A title without two letters is none: Hancom Office takes the first line for one."""
    markdown = body.markdown()
    title = meta.pop("title", "")
    meta["modified"] = meta.get("modified", "")[:10]
    return Parsed(
        repair(markdown) if options.korean_spacing else markdown,
        format_name,
        title=title if len(LETTER.findall(title)) > 1 else body.title,
        meta={key: value for key, value in meta.items() if value},
        warnings=tuple(warnings),
    )
