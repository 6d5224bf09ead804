"""The tables of a sheet, told by content: where they begin and end, their headers, the texts around them."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from openpyxl.utils import get_column_letter

from slm_factory.parsers.markdown import one_line

Row = dict[int, str]  # texts by column number; empty cells are missing
Rows = dict[int, Row]  # rows by row number, in order; empty rows are missing

MAX_HEADER_ROWS = 4  # that a header has
MAX_GAPS = 12  # empty columns that may divide tables; more are a way of drawing

# A number, amount, percentage, date or time: what stands under a header, not in it.
VALUE = re.compile(
    r"[-−+(△▲₩$€£¥ ]*[\d.][\d,.]*(?:[eE][-+]?\d+)?\s*[%원]?\)?"
    r"|\d{4}\s?[-./년]\s?\d{1,2}(?:\s?[-./월]\s?\d{1,2})?[일.]?(?:\s\d{1,2}:\d\d(?::\d\d)?)?|\d{1,3}:\d\d(?::\d\d)?"
)
YEAR = re.compile(r"(?:19|20)\d\d")
REMARK = re.compile(
    r"[※*＊☞(\[<-]|주\s?\d*\s?[):]|(?:자료|출처|비고|참고|단위|source|note|unit)s?\s*[:：)]", re.IGNORECASE
)


class Table(NamedTuple):
    """A table with the texts around it; `names` are its columns' names, by column number.

    Text without a table is one that has only `above`.
    """

    above: list[str]
    names: Row
    body: list[Row]
    below: list[str]


def find_tables(rows: Rows) -> Iterator[Table]:
    """The tables of a sheet, divided by empty rows, and by empty columns where both sides are tables.

    A part without a header of its own goes on with the table above it, if it has no other columns.
    """
    last: Table | None = None
    for run in split_rows(rows):
        for part in split_columns(run):
            if last and goes_on(last, part):
                last.body.extend(part)
                continue
            if last:
                yield last
            last = read_table(part)
    if last:
        yield last


def goes_on(table: Table, run: list[Row]) -> bool:
    """Whether a run is more of the table above it."""
    row = first_full_row(run, min_width=len(table.names))
    return row is not None and not is_header(run[row]) and columns_of(run) <= table.names.keys()


def split_rows(rows: Rows) -> Iterator[list[Row]]:
    """The runs of neighbouring rows."""
    run: list[Row] = []
    before = 0
    for number, row in rows.items():
        if run and number > before + 1:
            yield run
            run = []
        run.append(row)
        before = number
    if run:
        yield run


def split_columns(run: list[Row]) -> list[list[Row]]:
    """The tables that stand side by side in a run, with an empty column between them.

    An empty column inside one table is only space: behind it come more values, not the names of other rows.
    """
    columns = sorted(columns_of(run))
    gaps = [right for left, right in pairwise(columns) if right > left + 1]
    for gap in gaps if len(gaps) <= MAX_GAPS else ():
        left = [cells for row in run if (cells := part(row, 0, gap - 1))]
        # A title merged over both sides stands over the left one only.
        own = (row for row in run if min(row) >= gap or not is_single(row))
        right = [cells for row in own if (cells := part(row, gap, columns[-1]))]
        first = [row[gap] for row in right[1:] if gap in row]
        is_named = sum(not VALUE.fullmatch(text) for text in first) > len(first) / 2
        if is_named and read_table(left).names and read_table(right).names:
            return [left, *split_columns(right)]
    return [run]


def part(row: Row, low: int, high: int) -> Row:
    """The cells of a row in a range of columns."""
    return {column: text for column, text in row.items() if low <= column <= high}


def columns_of(rows: list[Row]) -> set[int]:
    """The columns in which a row has text."""
    return {column for row in rows for column in row}


def read_table(run: list[Row]) -> Table:
    """A run of rows as a table: titles above its header, remarks below its body.

    Rows without a header have no names; a run is text if no row, or only its last, fills half of its
    columns.
    """
    width = len(columns_of(run))
    index = next(
        (index for index, row in enumerate(run) if 2 * len(row) > width and not is_single(row)), None
    )
    if index is None or index == len(run) - 1:
        return Table([side_by_side(row) for row in run], {}, [], [])
    if not is_header(run[index]):
        return Table([], {}, run, [])
    names, depth = header_names(run[index:])
    body = run[index + depth :]
    below: list[str] = []
    while body and is_remark(body[-1]):
        below.append(side_by_side(body.pop()))
    return Table([side_by_side(row) for row in run[:index]], names, body, below[::-1])


def first_full_row(run: list[Row], min_width: int = 0) -> int | None:
    """The index of the first row that fills more than half of the columns, with more than one text."""
    width = max(len(columns_of(run)), min_width)
    return next((index for index, row in enumerate(run) if 2 * len(row) > width and not is_single(row)), None)


def is_single(row: Row) -> bool:
    """Whether a row shows one text only, in one cell or across several."""
    return len(set(row.values())) == 1


def is_header(row: Row) -> bool:
    """Whether a row holds names: no values, except years or numbers in a row (1, 2, 3: days, months)."""
    values = [text for text in row.values() if VALUE.fullmatch(text)]
    if not values:
        return True
    if len(values) == len(row) or not all(text.isdigit() and len(text) < 5 for text in values):
        return False
    steps = {int(right) - int(left) for left, right in pairwise(values)}
    return all(YEAR.fullmatch(text) for text in values) or (len(values) > 2 and steps <= {1})


def header_names(rows: list[Row]) -> tuple[Row, int]:
    """The columns' names, each once, and how many rows they take; rows of one name are joined `본사 / 1분기`.

    A second row belongs to the header if it divides what the first one spans, and repeats or leaves empty
    the rest.
    """
    levels = [rows[0]]
    for row in rows[1 : min(MAX_HEADER_ROWS, len(rows) - 1)]:
        above = levels[-1]
        shared = {text for text, count in Counter(above.values()).items() if count > 1}
        divided = [column for column in row if above.get(column) in shared and row[column] != above[column]]
        others = [column for column in row if above.get(column) not in shared and column in above]
        if not divided or not is_header(row) or any(row[column] != above[column] for column in others):
            break
        levels.append(row)
    names: Row = {}
    taken: Counter[str] = Counter()
    for column in sorted(columns_of(rows)):
        texts = [one_line(level[column]) for level in levels if column in level]
        name = " / ".join(dict.fromkeys(text for text in texts if text)) or get_column_letter(column)
        taken[name] += 1
        names[column] = f"{name} ({taken[name]})" if taken[name] > 1 else name
    return names, len(levels)


def is_remark(row: Row) -> bool:
    """Whether a row is one text below a table, not a row of it."""
    return is_single(row) and bool(REMARK.match(side_by_side(row)))


def side_by_side(row: Row) -> str:
    """The texts of a row, those of merged cells once."""
    texts = list(dict.fromkeys(row.values()))
    is_pair = len(texts) == 2 and not re.search("[:：]", texts[0])
    return (": " if is_pair else " ").join(texts)
