"""Hangul documents as people write them, with known text; and what stands in real ones, read independently.

Made with python-hwpx's writer. Numbers of lists and headings, headers and footers, and labels of notes are no
part of the gold. Text in a table of which no two cells stand side by side is a frame's, and counts as
paragraphs.
"""

import random
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from xml.etree import ElementTree

from hwpx import HwpxDocument
from hwpx.oxml.paragraph import HwpxOxmlParagraph
from hwpx.oxml.table import HwpxOxmlTable

from bench.gold.document import Gold
from bench.gold.writer import Writer, make_documents

SEED = 7
KINDS = (
    "heading", "text", "text", "bullets", "steps", "table", "merged", "captioned", "nested", "frame",
    "footnote", "endnote", "changed", "removed", "memo", "link", "field", "equation", "box", "section",
)  # fmt: skip
OWPML = "{http://www.hancom.co.kr/hwpml/2011/paragraph}"
HOLDERS = ("run", "ctrl", "rect", "ellipse", "polygon", "container", "equation", "switch", "case")
HEAD = "{http://www.hancom.co.kr/hwpml/2011/head}"


def make(folder: Path) -> list[Gold]:
    """Writes documents of all kinds of content in random order, every other one in Korean."""
    return make_documents(folder, ".hwpx", HwpxWriter, KINDS, SEED)


class HwpxWriter(Writer):
    """A document and, piece by piece, the texts that a reader finds in it."""

    def __init__(self, random_: random.Random, is_korean: bool) -> None:
        super().__init__(random_, is_korean)
        self.document = HwpxDocument.new()
        self.document.page.set_header(text=self.noun())

    def save(self, path: Path) -> None:
        """Writes the document."""
        self.document.save_to_path(path)

    def add(self, text: str) -> HwpxOxmlParagraph:
        """Adds a paragraph."""
        return self.document.add_paragraph(text, inherit_style=False)

    def heading(self) -> None:
        """A heading of one of three levels."""
        self.paragraphs.append(self.noun())
        self.document.add_heading(self.paragraphs[-1], self.random.randint(1, 3))

    def text(self) -> None:
        """A paragraph in several runs."""
        words = self.say().split(" ")
        cut = len(words) // 2
        self.add(" ".join(words[:cut]) + " ").add_run(" ".join(words[cut:]))
        self.paragraphs.append(" ".join(words))

    def items(self, kind: str) -> None:
        """A list of two levels."""
        for level in sorted(self.random.choices((1, 2), k=self.random.randint(2, 5))):
            self.paragraphs.append(self.say())
            self.add(self.paragraphs[-1])
            index = len(self.document.paragraphs) - 1
            self.document.styles.apply_list_format(paragraph_index=index, kind=kind, level=level)

    def bullets(self) -> None:
        """A list with bullets."""
        self.items("bullet")

    def steps(self) -> None:
        """A numbered list."""
        self.items("number")

    def new_table(self) -> tuple[HwpxOxmlTable, list[list[str]]]:
        """A full table, in the document and as texts."""
        texts = self.grid()
        table = self.document.add_table(len(texts), len(texts[0]))
        for row, words in enumerate(texts):
            for column, word in enumerate(words):
                table.set_cell_text(row, column, word)
        self.tables.append(texts)
        return table, texts

    def merged(self) -> None:
        """A table with a wide and a high cell."""
        table, texts = self.new_table()
        for row, column, to_row, to_column in ((0, 0, 0, 1), (1, 0, len(texts) - 1, 0)):
            for high in range(row, to_row + 1):
                for wide in range(column, to_column + 1):
                    if (high, wide) != (row, column):
                        table.set_cell_text(high, wide, "")
                    texts[high][wide] = texts[row][column]
            table.merge_cells(row, column, to_row, to_column)

    def captioned(self) -> None:
        """A table with a caption above or below it."""
        side = self.random.choice(("TOP", "BOTTOM"))
        caption = self.noun()
        self.paragraphs.append(caption)
        table, _ = self.new_table()
        table.set_caption(caption, side=side)

    def nested(self) -> None:
        """A table in the last cell of another; whose rows those are is nobody's to judge."""
        table, texts = self.new_table()
        inner = [self.noun(), self.noun()]
        nested = table.cell(len(texts) - 1, len(texts[0]) - 1).add_table(1, 2)
        for column, word in enumerate(inner):
            nested.set_cell_text(0, column, word)
        self.tables += [[[word]] for word in inner]

    def frame(self) -> None:
        """A table of one cell around two paragraphs, which is a frame and no table."""
        texts = [self.say(), self.say()]
        cell = self.document.add_table(1, 1).cell(0, 0)
        cell.set_text(texts[0])
        cell.add_paragraph(texts[1])
        self.paragraphs += texts

    def note(self, kind: str) -> None:
        """A paragraph with a note in its middle."""
        before, after, note = self.say(), self.say(), self.say()
        paragraph = self.add(before)
        getattr(paragraph, f"add_{kind}")(note)
        paragraph.add_run(f" {after}")
        self.paragraphs.append(f"{before} {after}")
        self.notes.append(note)

    def changed(self) -> None:
        """A paragraph with a deletion and an insertion."""
        kept, old, new = self.say(), self.noun(), self.noun()
        paragraph = self.add(f"{kept} {old}")
        self.document.tracking.delete(paragraph, match=old)
        self.document.tracking.insert(paragraph, new)
        self.paragraphs.append(f"{kept} {new}")

    def removed(self) -> None:
        """A paragraph that is deleted as a whole."""
        self.document.tracking.delete(self.add(self.say()))

    def memo(self) -> None:
        """A paragraph with a memo, which is no part of the text."""
        self.paragraphs.append(self.say())
        self.document.notes.add_memo(self.say(), anchor=self.add(self.paragraphs[-1]))

    def link(self) -> None:
        """A paragraph with a hyperlink."""
        words, linked = self.say(), self.noun()
        self.add(f"{words} ").add_hyperlink("https://example.com/", linked)
        self.paragraphs.append(f"{words} {linked}")

    def field(self) -> None:
        """A paragraph with a form field, which shows its prompt, and a check box."""
        words, prompt, caption = self.say(), self.noun(), self.noun()
        paragraph = self.add(f"{words} ")
        paragraph.add_form_field("name", prompt=prompt)
        paragraph.add_check_box(caption, checked=True)
        self.paragraphs.append(f"{words} {prompt}☑ {caption}")

    def equation(self) -> None:
        """A paragraph with an equation."""
        words, script = self.say(), f"x over {self.random.randrange(100, 999)}"
        self.add(f"{words} ").add_equation(script)
        self.paragraphs.append(f"{words} {script}")

    def box(self) -> None:
        """A paragraph with a text box behind its text."""
        anchor, inner = self.say(), self.say()
        self.add(anchor).add_rectangle().set_draw_text(inner)
        self.paragraphs += [anchor, inner]

    def section(self) -> None:
        """A new section, which begins with text; it has the running head of the first one."""
        self.document.add_section()
        self.text()


def read(samples: Path) -> list[Gold]:
    """What stands in the packages below a folder, by a straight walk over their XML."""
    golds = []
    for path in sorted(samples.rglob("*.hwpx")):
        with zipfile.ZipFile(path) as archive:
            header = ElementTree.fromstring(archive.read("Contents/header.xml"))
            names = [name for name in archive.namelist() if re.fullmatch(r"Contents/section\d+\.xml", name)]
            reader = Reader(header)
            for name in sorted(names, key=lambda name: int(re.findall(r"\d+", name)[0])):
                reader.read_list(ElementTree.fromstring(archive.read(name)))
        # One file repeats a paragraph a hundred times; which of them is which, nobody can tell.
        if max(Counter(reader.paragraphs).values(), default=0) <= len(reader.paragraphs) / 2:
            golds.append(Gold(path, reader.paragraphs, reader.tables, reader.notes))
    return golds


def tag(element: ElementTree.Element) -> str:
    """The name of an element without its namespace."""
    return element.tag.rpartition("}")[2]


class Reader:
    """Gathers the texts of a document."""

    def __init__(self, header: ElementTree.Element) -> None:
        self.paragraphs: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.notes: list[str] = []
        self.kinds: dict[str | None, str] = {}  # by paragraph shape: BULLET, NUMBER, OUTLINE
        for shape in header.iter(f"{HEAD}paraPr"):
            for heading in shape.iter(f"{HEAD}heading"):
                if heading.get("type") != "NONE":
                    self.kinds[shape.get("id")] = heading.get("type") or ""

    def read_list(self, parent: ElementTree.Element) -> None:
        """Adds the paragraphs of a section or box."""
        for paragraph in paragraphs_in(parent):
            text = ""
            for piece in self.pieces(paragraph):
                if isinstance(piece, str):
                    text += piece
                    continue
                self.keep(text)
                text = ""
                if tag(piece) == "tbl":
                    self.read_table(piece)
                else:
                    self.read_list(piece)
            self.keep(text)

    def keep(self, text: str) -> None:
        """Adds a paragraph that is not empty."""
        if text.strip():
            self.paragraphs.append(" ".join(text.split()))

    def pieces(self, parent: ElementTree.Element) -> Iterator[str | ElementTree.Element]:
        """Texts, tables and boxes below a paragraph; notes go to their list."""
        for child in parent:
            name = tag(child)
            if name in ("tbl", "drawText", "caption"):
                yield child
            elif name in ("footNote", "endNote"):
                self.notes.append(self.cell_text(child))
            elif name == "t":
                yield child.text or ""
                for mark in child:
                    yield {"tab": " ", "lineBreak": " ", "nbSpace": " ", "fwSpace": " "}.get(tag(mark), "")
                    yield mark.tail or ""
            elif name == "checkBtn":
                yield "☑ " if child.get("value") == "CHECKED" else "☐ "
                yield (child.get("caption") or "").replace("&&", "&")
            elif name == "compose":
                yield child.get("composeText") or ""
            elif name in (
                "run",
                "ctrl",
                "rect",
                "ellipse",
                "polygon",
                "container",
                "equation",
                "script",
                "case",
            ):
                yield (child.text or "") if name == "script" else ""
                yield from self.pieces(child)

    def read_table(self, table: ElementTree.Element) -> None:
        """Adds a table with what its cells span repeated; the content of a frame as paragraphs."""
        cells = table.findall(f"{OWPML}tr/{OWPML}tc")
        beside = Counter(row for cell in cells if shows_text(cell) for row in span(cell)[0])
        if max(beside.values(), default=0) <= 1:
            for cell in cells:
                self.read_list(cell)
            return
        grid = [[""] * number(table, "colCnt") for _ in range(number(table, "rowCnt"))]
        self.tables.append(grid)
        for cell in cells:
            text = self.cell_text(cell)
            for row, column in product(*span(cell)):
                grid[row][column] = text

    def cell_text(self, cell: ElementTree.Element) -> str:
        """The text of a cell or note; what stands behind a table in it is a table of its own."""
        parts = [""]
        for paragraph in paragraphs_in(cell):
            parts[-1] += " - " if self.kinds.get(paragraph.get("paraPrIDRef")) == "BULLET" else " "
            for piece in self.pieces(paragraph):
                if isinstance(piece, str):
                    parts[-1] += piece
                elif tag(piece) == "tbl":
                    self.read_table(piece)
                    parts.append("")
                else:
                    parts[-1] += self.cell_text(piece)
        self.tables += [[[part]] for part in parts[1:] if part.strip(" -")]
        return "" if parts[0].strip(" -") == "" else " ".join(parts[0].split())


def paragraphs_in(parent: ElementTree.Element) -> list[ElementTree.Element]:
    """The paragraphs of a section, or of the list in a cell, box or note."""
    return parent.findall(f"{OWPML}p") + parent.findall(f"{OWPML}subList/{OWPML}p")


def shows_text(cell: ElementTree.Element) -> bool:
    """Whether a reader sees text in a cell."""
    return any("".join(text.itertext()).strip() for text in cell.iter(f"{OWPML}t"))


def span(cell: ElementTree.Element) -> tuple[range, range]:
    """The rows and the columns that a cell covers."""
    at, size = cell.find(f"{OWPML}cellAddr"), cell.find(f"{OWPML}cellSpan")
    assert at is not None and size is not None
    row, column = number(at, "rowAddr"), number(at, "colAddr")
    return range(row, row + number(size, "rowSpan")), range(column, column + number(size, "colSpan"))


def number(element: ElementTree.Element, attribute: str) -> int:
    """An attribute as a number."""
    return int(element.get(attribute, "0"))
