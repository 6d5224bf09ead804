"""Tables of HTML: data as Markdown tables, spans repeated; tables that only lay out a page are told apart."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from slm_factory.parsers.html.inline import MAX_DEPTH, flat_text, holds_blocks, inline, spaced
from slm_factory.parsers.markdown import one_line, paragraph
from slm_factory.parsers.tables import MAX_SPAN, Cell, expand, flat_table, markdown_table

CELLS = ("td", "th")
GROUPS = ("thead", "tbody", "tfoot", "form")  # some pages open a form between a table and its rows
MAX_CELL = 1500  # characters; a longer one holds a page's text
MAX_AREA = 500_000  # grid cells; a table whose spans cover more is an attack, and read without them
PARTS_OF_PAGES = ("h1", "h2", "h3", "h4", "h5", "h6", "pre", "hr", "form", "article", "section", "main")

Row = list[etree._Element]


@dataclass
class Table:
    """The parts of a table in the order in which browsers draw them."""

    captions: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    feet: list[Row] = field(default_factory=list)  # rows of `tfoot`, which may stand before the others
    loose: list[str] = field(default_factory=list)  # texts that stand in the table but in no cell


def read_table(table: etree._Element, depth: int) -> Table:
    """The parts of a table; cells without a row make one."""
    found = Table()
    gather(table, found, found.rows, depth)
    return found


def gather(part: etree._Element, found: Table, rows: list[Row], depth: int) -> None:
    """Adds what is in a part of a table: its rows to `rows`, the rest to what is found."""
    if depth > MAX_DEPTH:
        found.loose.append(flat_text(part))
        return
    row: Row | None = None
    found.loose.append(spaced(part.text))
    for child in part:
        if child.tag in CELLS:
            if row is None:
                rows.append(row := [])
            row.append(child)
        elif child.tag == "tr":
            row = None
            gather(child, found, rows, depth + 1)
        elif child.tag in GROUPS:
            row = None
            gather(child, found, found.feet if child.tag == "tfoot" else rows, depth + 1)
        elif child.tag == "caption":
            found.captions.append(cell_text(child, depth + 1))
        else:
            found.loose.append(cell_text(child, depth + 1))
        found.loose.append(spaced(child.tail))


def is_layout(table: etree._Element) -> bool:
    """Whether a table only puts things side by side: it says so, or holds what no table of data does."""
    if table.get("role") in ("presentation", "none"):
        return True
    found = rows_of(table)
    cells = [cell for row in found for cell in row]
    if len(cells) < 2:
        return True
    if any(cell.tag == "th" for cell in cells) or table.find("caption") is not None:
        return False
    if any(next(cell.iter(*PARTS_OF_PAGES), None) is not None for cell in cells):
        return True
    longest = max(sum(map(len, cell.itertext())) for cell in cells)
    holds_tables = any(next(cell.iter("table"), None) is not None for cell in cells)
    return longest > MAX_CELL or (holds_tables and len(found) < 4)


def rows_of(part: etree._Element, depth: int = 0) -> list[Row]:
    """The cells of a table, row by row, without reading them."""
    inner = [group for group in part if group.tag in GROUPS] if depth < MAX_DEPTH else []
    groups = [row for group in inner for row in rows_of(group, depth + 1)]
    rows = [[cell for cell in row if cell.tag in CELLS] for row in part if row.tag == "tr"]
    alone = [cell for cell in part if cell.tag in CELLS]
    return [row for row in (*groups, *rows, alone) if row]


def table_blocks(table: etree._Element, depth: int) -> Iterator[str]:
    """The captions and what stands between the cells as paragraphs, then the table."""
    found = read_table(table, depth)
    yield from (paragraph(caption) for caption in found.captions)
    yield paragraph(one_line(" ".join(found.loose)))
    yield markdown_table(grid(found, depth))


def grid(table: Table, depth: int) -> list[list[str]]:
    """The texts of a table's cells, each in every row and column that it spans."""
    rows = [*table.rows, *table.feet]
    cells = [[read_cell(cell, len(rows), depth + 1) for cell in row] for row in rows]
    if sum(cell.rows * cell.columns for row in cells for cell in row) > MAX_AREA:
        cells = [[Cell(cell.text) for cell in row] for row in cells]
    return expand(cells)


def read_cell(cell: etree._Element, most_rows: int, depth: int) -> Cell:
    """A `td` or `th` with its text and spans."""
    return Cell(cell_text(cell, depth), span(cell, "rowspan", most_rows), span(cell, "colspan", MAX_SPAN))


def cell_text(element: etree._Element, depth: int) -> str:
    """An element's text on one line, a table in it with commas and semicolons."""
    if depth > MAX_DEPTH:
        return one_line(flat_text(element))
    if element.tag == "table":
        inner = read_table(element, depth + 1)
        return one_line(" ".join([*inner.captions, *inner.loose, flat_table(grid(inner, depth + 1))]))
    parts = [spaced(element.text)]
    for child in element:
        if holds_blocks(child):
            parts += (" - " if child.tag == "li" else " ", cell_text(child, depth + 1), " ")
        else:
            parts.append(inline(child, depth + 1))
        parts.append(spaced(child.tail))
    return one_line("".join(parts))


def span(cell: etree._Element, name: str, most: int) -> int:
    """A cell's span as HTML reads it: 1 when it is no number, 0 means all the rest."""
    digits = re.match(r"\s*(\d{1,9})", cell.get(name) or "1")
    number = int(digits[1]) if digits else 1
    return min(number or most, most)
