"""Rows of a Word table as cells with spans (ECMA-376 Part 1, section 17.4)."""

from collections.abc import Callable
from typing import Any

from docx.oxml.ns import qn
from lxml import etree

from slm_factory.parsers.office.docx_styles import number_of, value_of
from slm_factory.parsers.tables import Cell

MAX_COLUMNS = 63  # that Word allows; hostile files span a billion


def read_rows(table: etree._Element, read_cell: Callable[[etree._Element], str]) -> list[list[Cell]]:
    """The rows of a table; a cell that goes on from the row above is counted there, and stands there only."""
    rows: list[list[Cell]] = []
    open_cells: dict[int, tuple[int, int]] = {}  # column -> row and place of the cell that may go on
    for row in table.findall(qn("w:tr")):
        before = number_of(value_of(row.find(qn("w:trPr")), "gridBefore"), 0, MAX_COLUMNS)
        line, still_open, column = [Cell("") for _ in range(before)], {}, before
        for cell in row.findall(qn("w:tc")):
            properties = cell.find(qn("w:tcPr"))
            columns = max(number_of(value_of(properties, "gridSpan"), 1, MAX_COLUMNS), 1)
            merge = merge_of(properties)
            above = open_cells.get(column) if merge == "continue" else None
            if above is not None:
                place, index = above
                first = rows[place][index]
                if first.columns == columns and column not in still_open:
                    rows[place][index] = first._replace(rows=first.rows + 1)
                else:  # not the same columns, which Word allows and a grid does not
                    line.append(Cell(first.text, columns=columns))
                still_open[column] = above
            else:
                if merge:
                    still_open[column] = (len(rows), len(line))
                line.append(Cell(read_cell(cell), columns=columns))
            column += columns
        rows.append(line)
        open_cells = still_open
    return rows


def merge_of(properties: Any) -> str:
    """`restart` where a cell begins that goes on below, `continue` where it does, else "" (17.4.84)."""
    merge = None if properties is None else properties.find(qn("w:vMerge"))
    return "" if merge is None else (merge.get(qn("w:val")) or "continue")
