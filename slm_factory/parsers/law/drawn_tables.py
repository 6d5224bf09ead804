"""Texts that are laid out with characters: tables of box-drawing characters, and lines broken at a width.

Statutes print their annexes and rates so. A wide character (Hangul, and the box-drawing characters
themselves) takes two columns, as in the fixed-width fonts of Korean terminals (Unicode Annex 11).
"""

import re
from collections.abc import Iterator
from itertools import groupby, pairwise
from typing import NamedTuple
from unicodedata import east_asian_width

from slm_factory.parsers.line_breaks import Joiner
from slm_factory.parsers.markdown import clean, one_line, paragraph
from slm_factory.parsers.tables import markdown_table

HORIZONTAL = set("─━═╌╍┄┅┈┉╴╶╸╺╼╾")
BOX = re.compile(r"[\u2500-\u257f]")
DRAWN_LINE = re.compile(r"\s*[\u2500-\u257f].*[\u2500-\u257f]\s*\Z")
LABEL = re.compile(
    r"\d{1,3}(?:의\d+)?[.)]|[가-하][.)]|\(\d{1,3}\)|\([가-하]\)|[①-⑳㉑-㉟㉮-㉻]|[-*※■□◆◇○●ㅇ◦▪▶·ㆍ•](?!\d)|비\s*고|[\[<〔]"
)
CITATION = re.compile(
    r"(?:^|[조항\W])제\n\d|\d\n(?:[조항호목편장절년월일천만억원명회배점]|의\d|분의|퍼센트|개월)"
)
MAX_COLUMNS = 60
MAX_LINES = 20_000  # of one table
MAX_LINE = 2000  # characters
FULL = 0.7  # of the longest line: a shorter line was not broken, it ended


class Segment(NamedTuple):
    """A stretch of text in a drawn line, between two box-drawing characters."""

    start: int  # the terminal column behind the character before it
    text: str  # may be empty


class Line(NamedTuple):
    """A drawn line: where its box-drawing characters stand, and the text between them."""

    marks: dict[int, str]  # terminal column -> character
    segments: list[Segment]


def laid_out_blocks(text: str, joiner: Joiner | None = None) -> Iterator[str]:
    """The Markdown blocks of a text: drawn tables as tables, other lines as paragraphs.

    With a `joiner`, lines that were broken at the page's width are put together again. A drawing that is no
    table stays as it is, in a code block.
    """
    lines = clean(text).split("\n")
    for is_drawn, group in groupby(lines, key=lambda line: bool(DRAWN_LINE.match(line))):
        run = list(group)
        if is_drawn:
            as_drawn = "\n".join(run).replace("```", "")
            yield read_table(run, joiner) or f"```\n{as_drawn}\n```"
        elif joiner is None:
            yield paragraph("\n".join(line for line in run if line.strip()))
        else:
            yield from (paragraph(whole) for whole in mend(run, joiner))


def mend(lines: list[str], joiner: Joiner) -> Iterator[str]:
    """The paragraphs of lines that were broken at a width."""
    longest = max((columns(line.rstrip()) for line in lines), default=0)
    open_lines: list[str] = []
    is_broken = False
    for line in lines:
        words = line.strip()
        if open_lines and (not words or not is_broken or LABEL.match(words)):
            yield join_lines(open_lines, joiner)
            open_lines = []
        if words:
            open_lines.append(words)
            is_broken = columns(line.rstrip()) >= longest * FULL
    yield join_lines(open_lines, joiner)


def join_lines(lines: list[str], joiner: Joiner | None) -> str:
    """Lines as one, with a space where they are not the halves of a word."""
    parts = lines[:1]
    for before, after in pairwise(lines):
        parts += (gap(before, after, joiner), after)
    return "".join(parts)


def gap(before: str, after: str, joiner: Joiner | None) -> str:
    """What stands between two lines: "" within a word or a citation (`제20` `조`), else a space."""
    if joiner is None or not before or not after or LABEL.match(after):
        return " "
    if CITATION.search(f"{before[-2:]}\n{after[:3]}"):
        return ""
    is_korean = "가" <= before[-1] <= "힣" and "가" <= after[0] <= "힣"
    return "" if is_korean and joiner.join(before, after) == before + after else " "


def columns(text: str) -> int:
    """How many terminal columns a text takes."""
    return sum(2 if east_asian_width(character) in "WFA" else 1 for character in text)


def read_table(lines: list[str], joiner: Joiner | None) -> str:
    """A drawn table as Markdown, merged cells repeated in what they span; "" where it is no table."""
    if len(lines) > MAX_LINES or max(map(len, lines)) > MAX_LINE:
        return ""
    drawn = [read_line(line) for line in lines]
    rules = [line for line in drawn if any(mark in HORIZONTAL for mark in line.marks.values())]
    edges = sorted({at for line in rules for at, mark in line.marks.items() if mark not in HORIZONTAL})
    if not 2 <= len(edges) <= MAX_COLUMNS:
        return ""
    grid = Grid(edges)
    for line in drawn:
        grid.add(line)
    return markdown_table(grid.texts(joiner))


def read_line(line: str) -> Line:
    """The box-drawing characters of a line, and the text between them."""
    marks: dict[int, str] = {}
    segments: list[Segment] = []
    at = start = 0
    text = ""
    for character in line:
        if BOX.match(character):
            if segments or text.strip() or marks:
                segments.append(Segment(start, one_line(text)))
            marks[at] = character
            text, start = "", at + 2
        else:
            text += character
        at += columns(character)
    return Line(marks, segments)


class Grid:
    """The cells of a table, which grow line by line."""

    def __init__(self, edges: list[int]) -> None:
        self.edges = edges  # terminal columns of all vertical lines
        self.rows: list[list[list[str]]] = []  # the lines of each cell's text; merged cells share one list
        self.is_open = False  # whether a further line of text belongs to the last row
        self.going_on: list[list[str] | None] = [None] * (len(edges) - 1)  # cells that no rule has ended

    def add(self, line: Line) -> None:
        """Takes a line: a rule, which ends cells above it, or text for the cells of a row."""
        ruled = [self.is_ruled(line, left, right) for left, right in pairwise(self.edges)]
        if any(ruled):
            if self.rows:
                pairs = zip(ruled, self.rows[-1], strict=True)
                self.going_on = [None if is_ended else cell for is_ended, cell in pairs]
            self.is_open = False
        elif not self.is_open:
            self.open_row(line)
        if self.rows:
            for segment in line.segments:
                self.rows[-1][self.column(segment.start)].append(segment.text)

    def is_ruled(self, line: Line, left: int, right: int) -> bool:
        """Whether a horizontal line is drawn between two edges."""
        return any(line.marks.get(at, "") in HORIZONTAL for at in range(left + 1, right))

    def open_row(self, line: Line) -> None:
        """Adds a row: a cell between each pair of vertical lines, and those that go on from above."""
        walls = {self.nearest(at) for at in line.marks}
        cells: list[list[str]] = []
        for index, above in enumerate(self.going_on):
            cells.append(cells[-1] if cells and index not in walls else [] if above is None else above)
        self.rows.append(cells)
        self.is_open = True

    def nearest(self, at: int) -> int:
        """The number of the edge next to a column; a line may be off by one where a font is not fixed."""
        return min(range(len(self.edges)), key=lambda index: abs(self.edges[index] - at))

    def column(self, start: int) -> int:
        """The number of the table's column in which a segment begins."""
        return min(self.nearest(start - 2), len(self.edges) - 2)

    def texts(self, joiner: Joiner | None) -> list[list[str]]:
        """The text of every cell."""
        return [[join_lines(cell, joiner) for cell in row] for row in self.rows]
