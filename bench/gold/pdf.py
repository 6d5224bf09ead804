"""PDF documents whose text is known: written with reportlab and with MuPDF's Story, one kind per function.

Reports with tables of every kind of ruling, tables over several pages, two columns, footnotes, turned pages;
and pages on which aligned text is no table: tables of contents, addresses, lists with far-away marks.
"""

import html
import random
from collections.abc import Callable
from pathlib import Path

import pymupdf
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageBreak, PageTemplate, Paragraph, Spacer

from bench.gold.document import Gold
from bench.gold.html_pages import ENGLISH, KOREAN, sentence
from bench.gold.pdf_tables import RULES, Grid, Look, draw, make_grid

SEED = 20250119
WIDTH = A4[0] - 120  # points between the margins
CONTENTS = ("numbers", "words", "texts", "pairs", "merged")


class Paper:
    """A document in the making: what is put on it, and what is known about it."""

    def __init__(self, name: str, is_korean: bool) -> None:
        self.random = random.Random(f"{SEED} {name} {is_korean}")
        self.is_korean = is_korean
        self.words = KOREAN if is_korean else ENGLISH
        self.font, self.bold = (
            ("HYSMyeongJo-Medium", "HYGothic-Medium") if is_korean else ("Times-Roman", "Times-Bold")
        )
        self.story: list[Flowable] = []
        self.paragraphs: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.notes: list[str] = []
        self.footnotes: dict[int, str] = {}  # by page
        self.head = f"{self.noun()} · {self.noun()}"

    def noun(self) -> str:
        """A short name that is unlikely to come twice."""
        return f"{self.random.choice(self.words['noun'])} {self.random.randrange(2, 99)}"

    def say(self, count: int) -> str:
        """So many sentences."""
        return " ".join(sentence(self.random, self.is_korean) for _ in range(count))

    def put(self, text: str, size: float = 10, bold: bool = False, **style: float) -> None:
        """Adds a paragraph."""
        look = ParagraphStyle(
            "text",
            fontName=self.bold if bold else self.font,
            fontSize=size,
            leading=size * 1.45,
            spaceAfter=size * 0.7,
            wordWrap="CJK" if self.is_korean else None,
            **style,
        )
        self.paragraphs.append(text)
        self.story.append(Paragraph(text, look))

    def heading(self, size: float = 15) -> None:
        """Adds a heading."""
        self.put(self.noun(), size, bold=True)

    def bullets(self) -> None:
        """Adds a list whose items may be longer than a line."""
        for _ in range(self.random.randint(2, 5)):
            text = self.random.choice([self.noun, lambda: self.say(1), lambda: self.say(2)])()
            self.put(f"• {text}", leftIndent=24, firstLineIndent=-10)
            self.paragraphs[-1] = text

    def table(
        self, rules: str, content: str, rows: int, columns: int, width: float = WIDTH, repeat: bool = False
    ) -> None:
        """Adds a table, as wide as its contents or as `width`."""
        grid = make_grid(self.random, self.is_korean, content, rows, columns)
        across = len(grid.cells[0])
        widths: list[float] | None = [width / across] * across
        if content == "texts":
            widths = [90.0] * (columns - 1) + [width - 90.0 * (columns - 1)]
        elif self.random.random() < 0.4:
            widths = None  # as wide as its words
        self.story.append(draw(grid, Look(rules, self.font, self.bold, 9, widths), repeat))
        self.tables.append(grid.cells)

    def margins(self, canvas: Canvas, document: BaseDocTemplate) -> None:
        """Draws the running head, the page's number and its footnote."""
        canvas.setFont(self.font, 8)
        canvas.drawString(60, document.pagesize[1] - 36, self.head)
        canvas.drawCentredString(document.pagesize[0] / 2, 28, f"- {canvas.getPageNumber()} -")
        if note := self.footnotes.get(canvas.getPageNumber()):
            canvas.line(60, 74, 190, 74)
            canvas.drawString(60, 62, note)

    def save(self, path: Path, columns: int = 1, size: tuple[float, float] = A4, turn: int = 0) -> Gold:
        """Writes the document."""
        width, height = size[0] - 120, size[1] - 150
        each = (width - 24 * (columns - 1)) / columns
        frames = [Frame(60 + (each + 24) * index, 90, each, height, 0, 0, 0, 0) for index in range(columns)]

        def on_page(canvas: Canvas, document: BaseDocTemplate) -> None:
            self.margins(canvas, document)
            canvas.setPageRotation(turn)

        document = BaseDocTemplate(str(path), pagesize=size, invariant=1, title=path.stem)
        document.addPageTemplates([PageTemplate("page", frames, onPage=on_page)])
        document.build(self.story)
        return Gold(path, self.paragraphs, self.tables, self.notes, document.page)


def report(paper: Paper, path: Path) -> Gold:
    """Prose, lists and tables of every kind of ruling and content in turn."""
    paper.put(f"{paper.noun()}, {paper.noun()}", 20, bold=True)
    for number, rules in enumerate(RULES):
        paper.heading()
        paper.put(paper.say(3))
        content = CONTENTS[(number + paper.is_korean) % len(CONTENTS)]
        paper.table(rules, content, paper.random.randint(4, 8), paper.random.randint(3, 5))
        paper.put(paper.say(2))
        if number % 3 == 0:
            paper.bullets()
    return paper.save(path)


def white_tables(paper: Paper, path: Path) -> Gold:
    """Tables without a rule, of every content, between paragraphs."""
    for content in CONTENTS:
        paper.heading(12)
        paper.put(paper.say(2))
        paper.table(paper.random.choice(["white", "head", "book"]), content, paper.random.randint(4, 9), 4)
    return paper.save(path)


def wide_tables(paper: Paper, path: Path) -> Gold:
    """Seven columns of numbers on paper laid sideways."""
    for rules in ("grid", "book", "white"):
        paper.put(paper.say(1))
        paper.table(rules, "numbers", 7, 7, landscape(A4)[0] - 120)
    return paper.save(path, size=landscape(A4))


def long_table(paper: Paper, path: Path, rules: str = "grid") -> Gold:
    """A table over several pages whose header comes again on each."""
    paper.heading()
    paper.put(paper.say(2))
    paper.table(rules, "numbers", 95, 4, repeat=True)
    paper.put(paper.say(2))
    return paper.save(path)


def long_merged_table(paper: Paper, path: Path) -> Gold:
    """A table over several pages, the long texts of which are wrapped."""
    paper.table("boxes", "texts", 60, 3, repeat=True)
    return paper.save(path)


def prose(paper: Paper, path: Path) -> Gold:
    """Pages of text with headings, bold lines and lists; no table."""
    for section in range(5):
        paper.heading()
        for _ in range(3):
            paper.put(paper.say(paper.random.randint(2, 7)))
        paper.put(paper.noun(), 10, bold=True)
        paper.put(paper.say(4))
        if section % 2:
            paper.bullets()
    return paper.save(path)


def two_columns(paper: Paper, path: Path, rules: str = "") -> Gold:
    """Text in two columns, perhaps with a narrow table in each section."""
    for _ in range(5):
        paper.heading(13)
        for _ in range(4):
            paper.put(paper.say(paper.random.randint(2, 5)))
        if rules:
            paper.table(rules, "numbers", 6, 3, (WIDTH - 24) / 2)
    return paper.save(path, columns=2)


def footnotes(paper: Paper, path: Path) -> Gold:
    """A footnote below a short line at the foot of each page."""
    for number in range(1, 5):
        paper.heading()
        text, note = paper.say(3), paper.noun()
        paper.put(f"{text}<super size=6>{number}</super>")
        paper.paragraphs[-1] = text
        paper.put(paper.say(5))
        paper.footnotes[number] = f"{number}) {note}"
        paper.notes.append(note)
        paper.story.append(PageBreak())
    return paper.save(path)


def turned(paper: Paper, path: Path) -> Gold:
    """Pages that the reader's program turns by a quarter."""
    for rules in ("grid", "rows"):
        paper.put(paper.say(4))
        paper.table(rules, "numbers", 6, 4)
    return paper.save(path, turn=90)


def no_tables(paper: Paper, path: Path) -> Gold:
    """Aligned text that is no table: contents with page numbers, addresses, numbered terms, short lines."""
    style = ParagraphStyle("flat", fontName=paper.font, fontSize=10, leading=15)
    for number in range(1, 9):
        name = paper.noun()
        dots = "." * int((WIDTH - 40 - pdfmetrics.stringWidth(name, paper.font, 10)) / 2.6)
        paper.story.append(Paragraph(f"{name} {dots} {number * 3}", style))
        paper.paragraphs.append(name)
    paper.story.append(Spacer(1, 20))
    for _ in range(3):
        for line in (paper.noun(), paper.noun()):
            paper.story.append(Paragraph(line, style))
            paper.paragraphs.append(line)
        paper.story.append(Spacer(1, 12))
    for number in range(1, 7):
        text = paper.say(2)
        paper.put(text, leftIndent=36, bulletIndent=0)
        paper.story[-1] = Paragraph(text, paper.story[-1].style, bulletText=f"({number})")
    paper.bullets()
    return paper.save(path)


def story(paper: Paper, path: Path) -> Gold:
    """Prose and tables written by another program, MuPDF, from HTML."""
    parts = []
    for rules in ("border: 1px solid black", "border-bottom: 1px solid black", ""):
        grid = make_grid(paper.random, paper.is_korean, "numbers", 6, 4)
        heading, text = paper.noun(), paper.say(4)
        paper.paragraphs += [heading, text]
        paper.tables.append(grid.cells)
        parts.append(f"<h2>{heading}</h2><p>{text}</p>{html_table(grid, rules)}<p></p>")
    writer = pymupdf.DocumentWriter(str(path))
    place, more = pymupdf.Rect(60, 60, 535, 780), 1
    written, pages = pymupdf.Story("".join(parts)), 0
    while more:
        device = writer.begin_page(pymupdf.Rect(0, 0, *A4))
        more, _ = written.place(place)
        written.draw(device)
        writer.end_page()
        pages += 1
    writer.close()
    return Gold(path, paper.paragraphs, paper.tables, [], pages)


def html_table(grid: Grid, rules: str) -> str:
    """The grid, which has no merged cells, as HTML."""
    rows = (
        "".join(f'<td style="padding: 3px; {rules}">{html.escape(text)}</td>' for text in row)
        for row in grid.cells
    )
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<table style="width: 100%; border-collapse: collapse">{body}</table>'


KINDS: dict[str, Callable[[Paper, Path], Gold]] = {
    "report": report,
    "white_tables": white_tables,
    "wide_tables": wide_tables,
    "long_table": long_table,
    "long_book_table": lambda paper, path: long_table(paper, path, "book"),
    "long_texts": long_merged_table,
    "prose": prose,
    "two_columns": two_columns,
    "two_columns_ruled": lambda paper, path: two_columns(paper, path, "grid"),
    "two_columns_book": lambda paper, path: two_columns(paper, path, "book"),
    "footnotes": footnotes,
    "turned": turned,
    "no_tables": no_tables,
    "story": story,
}


def make(folder: Path) -> list[Gold]:
    """Writes a document of every kind, in Korean and in English."""
    for font in ("HYSMyeongJo-Medium", "HYGothic-Medium"):
        pdfmetrics.registerFont(UnicodeCIDFont(font))
    return [
        write(Paper(kind, is_korean), folder / f"{kind}_{'ko' if is_korean else 'en'}.pdf")
        for kind, write in KINDS.items()
        for is_korean in (True, False)
    ]
