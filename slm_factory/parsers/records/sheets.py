"""Sheets of rows as Markdown: small tables as tables, big ones as one section per row.

A chunk of a long table holds many rows, and which of them a fact belongs to is lost with the first wrong cut.
So a table that is too long or too wide becomes records, each under a heading that names its row.
"""

from collections.abc import Iterator
from itertools import pairwise

from openpyxl.utils import get_column_letter

from slm_factory.parsers.markdown import INDENT, heading, one_line, paragraph
from slm_factory.parsers.records.sheet_tables import (
    REMARK,
    VALUE,
    Row,
    Rows,
    Table,
    columns_of,
    find_tables,
    is_single,
    side_by_side,
)
from slm_factory.parsers.tables import markdown_table

MAX_TABLE_ROWS = 50  # more rows, more columns or a longer row make records
MAX_TABLE_COLUMNS = 12
MAX_ROW_CHARACTERS = 600
MAX_NAME_CHARACTERS = 80  # of a title, or of the name of a record
MAX_KEYS = 3  # columns that may name a record


def sheet_blocks(rows: Rows, level: int) -> Iterator[str]:
    """The Markdown blocks of a sheet whose own heading has this level."""
    inner = level
    for table, after in pairwise([*find_tables(rows), None]):
        if table is None:
            continue
        is_followed = table.body or len(table.above) > 1 or (after is not None and after.body)
        for number, text in enumerate(table.above):
            if number == 0 and is_followed and is_title(text):
                inner = level + 1
                yield heading(inner, text)
            else:
                yield paragraph(text)
        if is_small(table):
            yield as_table(table)
        else:
            yield from as_records(table, inner + 1)
        yield from map(paragraph, table.below)


def is_title(text: str) -> bool:
    """Whether a text above a table names it."""
    return len(text) <= MAX_NAME_CHARACTERS and not REMARK.match(text) and not text.endswith(".")


def is_small(table: Table) -> bool:
    """Whether the table is read at one glance."""
    return (
        len(table.body) <= MAX_TABLE_ROWS
        and len(columns_of([table.names, *table.body])) <= MAX_TABLE_COLUMNS
        and all(sum(map(len, row.values())) <= MAX_ROW_CHARACTERS for row in table.body)
    )


def as_table(table: Table) -> str:
    """The Markdown table; columns without a name are named by their letters."""
    if not table.body:
        return paragraph(side_by_side(table.names)) if table.names else ""
    columns = sorted(columns_of([table.names, *table.body]))
    grid = [[table.names.get(column) or get_column_letter(column) for column in columns]]
    for row in table.body:
        cells = once(row) if is_single(row) else row
        grid.append([cells.get(column, "") for column in columns])
    return markdown_table(grid)


def once(row: Row) -> Row:
    """The row with its first cell only."""
    return dict([next(iter(row.items()))])


def as_records(table: Table, level: int) -> Iterator[str]:
    """Each row under a heading that names it, one line per column; captions are headings over their rows."""
    keys = key_columns(table.body)
    depth = level
    for row in table.body:
        if len(row) > 1 and is_single(row):
            yield heading(level, cut(side_by_side(row)))
            depth = level + 1
            continue
        yield heading(depth, record_name(row, keys, table.names))
        yield "\n".join(
            as_line(table.names.get(column) or get_column_letter(column), text)
            for column, text in row.items()
        )


def key_columns(body: list[Row]) -> list[int]:
    """The columns that name the rows: the first whose texts all differ, else several together."""
    rows = [row for row in body if len(row) == 1 or not is_single(row)]
    keys: list[int] = []
    for column in sorted(columns_of(rows))[:MAX_TABLE_COLUMNS]:
        texts = [row[column] for row in rows if column in row]
        is_textual = sum(not VALUE.fullmatch(text) for text in texts) > 0.8 * len(rows)
        if is_textual and sum(map(len, texts)) <= MAX_NAME_CHARACTERS * len(texts):
            keys.append(column)
    keys = keys[:MAX_KEYS]
    for chosen in (*([key] for key in keys), keys[:2]):
        if len({tuple(row.get(key) for key in chosen) for row in rows}) > 0.95 * len(rows):
            return chosen
    return keys


def record_name(row: Row, keys: list[int], names: Row) -> str:
    """What names a record: its keys, else its first cell with the column's name."""
    found = [row[key] for key in keys if key in row]
    if not found:
        column, text = next(iter(row.items()))
        found = [f"{names.get(column) or get_column_letter(column)} {text}"]
    return cut(" / ".join(dict.fromkeys(found)))


def cut(text: str) -> str:
    """A text as a name: on one line, not longer than a heading should be."""
    text = one_line(text)
    return text if len(text) <= MAX_NAME_CHARACTERS else f"{text[:MAX_NAME_CHARACTERS].rsplit(' ', 1)[0]}…"


def as_line(name: str, text: str) -> str:
    """A list item `- name: text`; further lines of the text stand indented below it."""
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        return f"- {name}: {''.join(lines)}"
    return "\n".join([f"- {name}:", *(f"{INDENT}{line}" for line in lines)])
