"""Tables with invented contents, and the ways in which they are drawn on paper."""

import random
from typing import NamedTuple

from reportlab.lib import colors
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import Paragraph, Table

from bench.gold.html_pages import ENGLISH, KOREAN, sentence

Command = tuple[object, ...]
WHOLE = ((0, 0), (-1, -1))
GREY = colors.HexColor("#e6e9ef")
# How a table is drawn; nothing but white stands between the cells of the last ones.
RULES: dict[str, list[Command]] = {
    "grid": [("GRID", *WHOLE, 0.5, colors.black)],
    "boxes": [("GRID", *WHOLE, 0.25, colors.grey), ("BACKGROUND", (0, 0), (-1, 0), GREY)],
    "rows": [("LINEBELOW", *WHOLE, 0.4, colors.grey)],
    "columns": [
        ("BOX", *WHOLE, 0.5, colors.black),
        ("INNERGRID", (0, 0), (-1, 0), 0.5, colors.black),
        ("LINEBEFORE", (1, 1), (-1, -1), 0.5, colors.black),
    ],
    "open": [
        ("INNERGRID", *WHOLE, 0.4, colors.black),
        ("LINEABOVE", (0, 0), (-1, 0), 1, colors.black),
        ("LINEBELOW", (0, -1), (-1, -1), 1, colors.black),
    ],
    "book": [
        ("LINEABOVE", (0, 0), (-1, 0), 1, colors.black),
        ("LINEBELOW", (0, 0), (-1, 0), 0.5, colors.black),
        ("LINEBELOW", (0, -1), (-1, -1), 1, colors.black),
    ],
    "head": [("LINEBELOW", (0, 0), (-1, 0), 0.7, colors.black)],
    "zebra": [("ROWBACKGROUNDS", *WHOLE, [GREY, colors.white])],
    "shaded": [("BACKGROUND", (0, 0), (-1, 0), GREY)],
    "white": [],
}


class Grid(NamedTuple):
    """A table: its texts with merged cells repeated, and the merged areas as (column, row), (column, row)."""

    cells: list[list[str]]
    merged: list[tuple[tuple[int, int], tuple[int, int]]]


class Look(NamedTuple):
    """What a table is set in."""

    rules: str
    font: str
    bold: str
    size: float
    widths: list[float] | None = None  # points


def make_grid(random_: random.Random, is_korean: bool, content: str, rows: int, columns: int) -> Grid:
    """A table of `numbers`, `words`, long `texts`, `pairs` of name and value, or with `merged` cells."""
    words = KOREAN if is_korean else ENGLISH
    used: set[str] = set()

    def new(text: str) -> str:
        """The text, with a number if it was there before, so that neighbours can be told apart."""
        while text in used:
            text = f"{text} {random_.randrange(2, 99)}"
        used.add(text)
        return text

    def number() -> str:
        form = random_.choice(["{:,}", "{:,}", "{:.1f}%", "{:,}원" if is_korean else "${:,}"])
        return new(form.format(random_.randrange(100, 90_000) if "," in form else random_.random() * 100))

    def noun() -> str:
        return new(random_.choice(words["noun"]))

    cells = [[noun() for _ in range(columns)] for _ in range(rows)]
    merged: list[tuple[tuple[int, int], tuple[int, int]]] = []
    for row in range(1, rows):
        for column in range(1, columns):
            if content == "numbers":
                cells[row][column] = number() if random_.random() > 0.06 else ""
            elif content == "texts" and column == columns - 1:
                cells[row][column] = new(sentence(random_, is_korean))
    if content == "pairs":
        cells = [[noun(), random_.choice([noun, number])()] for _ in range(rows)]
    if content == "merged":
        merged = merge(random_, cells)
    return Grid(cells, merged)


def merge(random_: random.Random, cells: list[list[str]]) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Merges two header cells and some neighbours in the first column, and returns the merged areas."""
    width, row = len(cells[0]), 1
    merged = [((width - 2, 0), (width - 1, 0))]
    while row < len(cells) - 1:
        down = random_.randint(1, 3)
        last = min(row + down - 1, len(cells) - 1)
        if last > row:
            merged.append(((0, row), (0, last)))
        row = last + 1
    for (left, top), (right, bottom) in merged:
        for y in range(top, bottom + 1):
            cells[y][left : right + 1] = [cells[top][left]] * (right + 1 - left)
    return merged


def draw(grid: Grid, look: Look, repeat_header: bool = False) -> Table:
    """The table as a flowable; numbers stand at the right, long texts are wrapped."""
    body = ParagraphStyle("cell", fontName=look.font, fontSize=look.size, leading=look.size * 1.3)
    covered = {
        (x, y)
        for (left, top), (right, bottom) in grid.merged
        for y in range(top, bottom + 1)
        for x in range(left, right + 1)
    } - {first for first, _ in grid.merged}
    rows: list[list[object]] = [
        [
            "" if (x, y) in covered else Paragraph(text, body) if len(text) > 25 else text
            for x, text in enumerate(row)
        ]
        for y, row in enumerate(grid.cells)
    ]
    commands: list[Command] = [
        ("FONT", *WHOLE, look.font, look.size),
        ("FONT", (0, 0), (-1, 0), look.bold, look.size),
        ("VALIGN", *WHOLE, "MIDDLE" if grid.merged else "TOP"),
        *RULES[look.rules],
        *(("SPAN", first, last) for first, last in grid.merged),
        *(
            ("ALIGN", (x, y), (x, y), "RIGHT")
            for y, row in enumerate(grid.cells)
            for x, text in enumerate(row)
            if text.rstrip("%원").replace(",", "").replace(".", "").lstrip("$").isdigit()
        ),
    ]
    return Table(
        rows, look.widths, style=commands, repeatRows=int(repeat_header), spaceBefore=6, spaceAfter=12
    )
