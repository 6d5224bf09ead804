"""Ruled tables of a PDF page, with their merged cells.

They come from plain `find_tables`: with the layout model, which is on by default, it is slower and finds
fewer rows. Its own `extract` loses the spaces of Korean text, so the words are put into the cells here.
"""

from collections.abc import Iterable, Sequence

import pymupdf

from slm_factory.parsers.page import Box, contains
from slm_factory.parsers.tables import Cell, expand, markdown_table


def read_tables(page: pymupdf.Page) -> list[tuple[Box, str]]:
    """The ruled tables of a page with two columns and rows or more: box and Markdown."""
    words = [(word[:4], word[4]) for word in page.get_text("words", sort=False)]
    tables = []
    for table in page.find_tables(use_layout=False).tables:
        if table.row_count < 2 or table.col_count < 2:
            continue
        boxes = sorted({tuple(cell) for row in table.rows for cell in row.cells if cell})
        texts = {box: " ".join(text for place, text in words if contains(box, place)) for box in boxes}
        if sum(map(bool, texts.values())) >= max(2, len(boxes) // 4):  # fewer: a drawing made of boxes
            tables.append((tuple(table.bbox), markdown_table(expand(cells_by_row(boxes, texts)))))
    return tables


def cells_by_row(boxes: Sequence[Box], texts: dict[Box, str]) -> list[list[Cell]]:
    """The cells of a table, row by row, with the grid lines between their edges counted as their spans."""
    columns, rows = grid_lines(box[0] for box in boxes), grid_lines(box[1] for box in boxes)
    cells: list[list[Cell]] = [[] for _ in rows]
    for box in boxes:
        height = sum(box[1] - 1 <= edge < box[3] - 2 for edge in rows)
        width = sum(box[0] - 1 <= edge < box[2] - 2 for edge in columns)
        cells[sum(edge < box[1] - 1 for edge in rows)].append(Cell(texts[box], height, width))
    return cells


def grid_lines(edges: Iterable[float]) -> list[float]:
    """The distinct positions among `edges`; those within two points of each other are one."""
    lines: list[float] = []
    for edge in sorted(edges):
        if not lines or edge - lines[-1] > 2:
            lines.append(edge)
    return lines
