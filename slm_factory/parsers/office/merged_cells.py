"""Merged cells of a sheet: their text in all they span, and no gaps where they span rows and columns."""

from bisect import bisect_left, bisect_right
from itertools import pairwise
from typing import NamedTuple

from openpyxl.utils.cell import range_boundaries

from slm_factory.parsers.parsed import Refused
from slm_factory.parsers.records.sheet_tables import Rows

MAX_REPEATS = 2_000_000  # cells that merged cells may fill


class Span(NamedTuple):
    """A merged cell; `left` is `right` where no other text stands in its row: a title divides no columns."""

    left: int
    top: int
    right: int
    bottom: int


def repeat_merged(rows: Rows, merged: list[str]) -> list[Span]:
    """Writes the text of each merged cell into all it spans, as far as its rows and columns hold anything.

    Returns the spans that hold text.

    Raises:
        Refused: that would fill too many cells.
    """
    used_rows = sorted(rows)
    used_columns = sorted({column for row in rows.values() for column in row})
    lone = {at for at, row in rows.items() if len(row) == 1}
    spans: list[Span] = []
    filled = 0
    for reference in merged:
        try:
            left, top, right, bottom = range_boundaries(reference)
        except (ValueError, TypeError):
            continue  # no range: it spans nothing
        text = rows.get(top or 0, {}).get(left or 0)
        if text is None or not left or not top or not right or not bottom:
            continue
        spans.append(Span(left if top not in lone else right, top, right, bottom))
        columns = used_columns[bisect_left(used_columns, left) : bisect_right(used_columns, right)]
        for at in used_rows[bisect_left(used_rows, top) : bisect_right(used_rows, bottom)]:
            for column in columns:
                rows[at].setdefault(column, text)
            filled += len(columns)
            if filled > MAX_REPEATS:
                raise Refused("its merged cells span too many cells")
    return spans


def close_up(rows: Rows, spans: list[Span]) -> Rows:
    """The rows in order with new numbers, for rows and columns: a gap is one wide, and none if cells span it.

    The lower rows of a box that is merged over five, or the second column of a wide cell, hold nothing, but
    they divide nothing either.
    """
    filled = sorted(at for at, row in rows.items() if row)
    used = sorted({column for row in rows.values() for column in row})
    row_numbers = renumber(filled, sorted((span.top, span.bottom) for span in spans))
    column_numbers = renumber(used, sorted((span.left, span.right) for span in spans))
    return {
        row_numbers[at]: {column_numbers[column]: text for column, text in sorted(rows[at].items())}
        for at in filled
    }


def renumber(used: list[int], spans: list[tuple[int, int]]) -> dict[int, int]:
    """New numbers by old ones; the sorted spans tell what lies within a cell."""
    numbers: dict[int, int] = {}
    reach = at = index = 0
    for before, after in pairwise([0, *used]):
        reach = max(reach, before)
        while index < len(spans) and spans[index][0] <= min(reach + 1, after):
            reach = max(reach, spans[index][1])
            index += 1
        at += 1 if reach >= after - 1 else 2
        numbers[after] = at
    return numbers
