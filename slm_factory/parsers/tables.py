"""Tables as Markdown: spans repeated in every cell they cover, no cell lost."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from slm_factory.parsers.markdown import one_line, paragraph

MAX_SPAN = 1000  # columns; the limit of HTML, which hostile files try to pass
FORM_RATIO = 1.5  # columns of a form's grid to the cells of its fullest row


class Cell(NamedTuple):
    """A cell as its format states it; `rows` and `columns` count the grid cells it covers."""

    text: str
    rows: int = 1
    columns: int = 1


def expand(rows: Iterable[Sequence[Cell]]) -> list[list[str]]:
    """The grid of texts, all rows equally long; each text stands in every grid cell that its cell covers.

    A cell takes the first free column of its row, as in HTML; rows that a span would add below the last are
    cut. A cell that is alone in its row is a caption inside the table: its text stands in the first column
    only.
    """
    grid: list[list[str]] = []
    hanging: dict[int, tuple[str, int]] = {}  # column -> text and how many more rows it covers
    for row in rows:
        texts: dict[int, str] = {}
        is_caption = len(row) == 1 and not hanging
        for column, (text, more) in list(hanging.items()):
            texts[column] = text
            if more == 1:
                del hanging[column]
            else:
                hanging[column] = (text, more - 1)
        column = 0
        for cell in row:
            while column in texts:
                column += 1
            text = one_line(cell.text)
            for covered in range(column, column + min(max(cell.columns, 1), MAX_SPAN)):
                texts.setdefault(covered, "" if is_caption and covered else text)
                if cell.rows > 1:
                    hanging[covered] = (text, cell.rows - 1)
            column += 1
        grid.append([texts.get(index, "") for index in range(max(texts, default=-1) + 1)])
    width = max(map(len, grid), default=0)
    return [row + [""] * (width - len(row)) for row in grid]


def markdown_table(grid: Sequence[Sequence[str]]) -> str:
    """The grid as a Markdown table whose first row is the header; "" without text.

    A grid of one cell is a frame around text, not a table: it comes back as a paragraph.
    """
    filled = drop_repeated_columns([row for row in grid if any(row)])
    if not filled:
        return ""
    if len(filled) == 1 and len(filled[0]) == 1:
        return paragraph(filled[0][0])
    lines = [f"| {' | '.join(escape(text) for text in row)} |" for row in filled]
    return "\n".join([lines[0], "|" + "---|" * len(filled[0]), *lines[1:]])


def drop_repeated_columns(grid: Sequence[Sequence[str]]) -> list[list[str]]:
    """The grid without columns that are empty, or repeat the one to their left, in every row.

    Forms are drawn on fine grids in which cells span many columns: each text would stand there twenty times.
    """
    columns = [column for column in zip(*grid, strict=True) if any(column)]
    kept = [column for index, column in enumerate(columns) if index == 0 or column != columns[index - 1]]
    return [list(row) for row in zip(*kept, strict=True)]


def fold_form(grid: Sequence[Sequence[str]]) -> list[list[str]]:
    """The grid of a form with each text once per row, other grids as they are.

    The rows of a form share no columns: they divide a fine grid that no row fills, so to repeat a text in
    every column that it spans says nothing and makes each row many times as long.
    """
    columns = drop_repeated_columns(grid) if grid else []
    rows = [[text for text, _ in groupby(row)] for row in columns]
    width = max(map(len, rows), default=0)
    if width * FORM_RATIO >= len(next(iter(columns), ())):
        return [list(row) for row in grid]
    return [row + [""] * (width - len(row)) for row in rows]


def escape(text: str) -> str:
    """Cell text on one line, with the column mark escaped."""
    return one_line(text).replace("\\|", "|").replace("|", "\\|")


def flat_table(grid: Iterable[Sequence[str]]) -> str:
    """The grid on one line, for a table within a cell: cells after commas, rows after semicolons."""
    rows = (
        ", ".join(text for index, text in enumerate(row) if text and text not in row[:index]) for row in grid
    )
    return "; ".join(row for row in rows if row)
