"""OWPML tables (KS X 6101) that are none: prose in boxes and frames, told from rows of cells."""

from itertools import accumulate, groupby, islice

from lxml import etree

from slm_factory.parsers.hancom.styles import number
from slm_factory.parsers.hostile import local_name

FIELDS = ("{*}checkBtn", "{*}radioBtn", "{*}comboBox", "{*}edit", "{*}compose", "{*}dutmal", "{*}textart")
MAX_EMPTY_PARAGRAPHS = 1000  # of a cell, looked through for text


def split_table(table: etree._Element) -> list[tuple[bool, list[list[etree._Element]]]]:
    """The rows of a table in runs that are prose (True) or tabular.

    Official papers draw boxes with a title, letterheads and whole pages of text as tables. What they hold is
    prose where no two cells with text stand side by side: in the whole table, or in a row with several
    paragraphs.
    """
    rows = [list(row.iterchildren("{*}tc")) for row in table.iterchildren("{*}tr")]
    changes = [0] * (len(rows) + 1)  # in the number of cells with text, from row to row
    for index, row in enumerate(rows):
        for cell in row:
            if has_text(cell):
                changes[index] += 1
                changes[min(index + span_of(cell, "rowSpan"), len(rows))] -= 1
    texts = list(accumulate(changes))
    if max(texts) <= 1:
        return [(True, rows)]
    is_prose = [texts[index] == 1 and any(map(is_long, row)) for index, row in enumerate(rows)]
    runs = groupby(enumerate(rows), key=lambda item: is_prose[item[0]])
    return [(kind, [row for _, row in run]) for kind, run in runs]


def is_long(cell: etree._Element) -> bool:
    """Whether a cell holds several paragraphs with text."""
    return sum(has_text(paragraph) for paragraph in islice(cell.iter("{*}p"), MAX_EMPTY_PARAGRAPHS)) > 1


def has_text(element: etree._Element) -> bool:
    """Whether text or a field of a form shows in an element."""
    return any(
        local_name(part) not in ("t", "script") or "".join(part.itertext()).strip()
        for part in element.iter("{*}t", "{*}script", *FIELDS)
    )


def span_of(cell: etree._Element, attribute: str) -> int:
    """How many rows (`rowSpan`) or columns (`colSpan`) a cell covers."""
    span = next(cell.iterchildren("{*}cellSpan"), cell)
    return max(number(span, attribute, 1), 1)
