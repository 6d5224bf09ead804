"""Where a quotation stands in its chunk, and what of the chunk belongs to it: the header of its table."""

import functools
import re
import unicodedata
from dataclasses import dataclass

from slm_factory.core.text import normalize

# A mark at the beginning of a line: list, heading, quotation.
LINE_MARK = re.compile(r"(?m)^[ \t]*(?:[-*+•·○●□■▪※>#]+|\(?\d{1,3}[.)]|[가-하][.)]|[①-⑳])[ \t]+")
SEPARATOR_ROW = re.compile(r"(?m)^[ \t]*\|?(?:[ \t]*:?-{2,}:?[ \t]*\|)+[ \t]*(?::?-{2,}:?[ \t]*)?$")
EMPHASIS = re.compile(r"[|*`~_\\\"'“”‘’「」『』<>]")
ELLIPSIS = re.compile(
    r"\s*(?:\[\s*(?:\.{2,}|…)\s*\]|\(\s*(?:\.{2,}|…|중략|생략)\s*\)|\.{3,}|…+|\(중략\))\s*|\n+"
)
CELL = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True)
class Row:
    """A table row with the header of its table: as many headers as cells."""

    header: tuple[str, ...]
    cells: tuple[str, ...]


def plain(text: str) -> str:
    """`text` without white space and Markdown's marks, in NFC with compatible Hangul: to find quotations
    by."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFC", text))
    text = EMPHASIS.sub("", LINE_MARK.sub("", SEPARATOR_ROW.sub("", text)))
    return "".join(text.split())


@functools.lru_cache(maxsize=256)
def plain_source(source: str) -> str:
    """`plain` of a chunk, remembered: many pairs come from one."""
    return plain(source)


def stands_in(evidence: str, source: str) -> bool:
    """Whether the quotation stands in the source; its lines, or the parts an ellipsis joins, in their
    order."""
    whole = plain_source(source)
    if plain(evidence) in whole:
        return True
    position = 0
    parts = [part for part in map(plain, ELLIPSIS.split(evidence)) if part]
    for part in parts:
        position = whole.find(part, position)
        if position < 0:
            return False
        position += len(part)
    return bool(parts)


@functools.lru_cache(maxsize=256)
def table_rows(source: str) -> tuple[Row, ...]:
    """The rows of the Markdown tables of a chunk, header rows left out."""
    rows: list[Row] = []
    lines = source.split("\n")
    header: tuple[str, ...] = ()
    for number, line in enumerate(lines):
        if not line.lstrip().startswith("|") or SEPARATOR_ROW.match(line):
            if not line.lstrip().startswith("|"):
                header = ()
            continue
        cells = split_row(line)
        if number + 1 < len(lines) and SEPARATOR_ROW.match(lines[number + 1]):
            header = cells
        else:
            rows.append(Row(header if len(header) == len(cells) else (), cells))
    return tuple(rows)


def split_row(line: str) -> tuple[str, ...]:
    """The cells of a line of a Markdown table."""
    return tuple(normalize(cell.replace("\\", "")) for cell in CELL.split(line.strip().strip("|")))


CAPTION = re.compile(
    r"[(（\[]?\s*(?:단위\s*[:：]?|units?:?|all figures in|in)\s+?(?P<unit>[^)）\]\n]{1,30})[)）\]]",
    re.IGNORECASE,
)
BRACKETS = re.compile(r"[(（\[]([^()（）\[\]]{1,25})[)）\]]")


@functools.lru_cache(maxsize=256)
def captions(source: str) -> tuple[str, ...]:
    """The units that captions of tables name: 억원 for "(단위: 억원)"."""
    found = [match["unit"].strip() for match in CAPTION.finditer(source)]
    return tuple(dict.fromkeys(part.strip() for unit in found for part in re.split(r"[,、]", unit)))


def cell_units(row: Row, source: str) -> list[tuple[str, str]]:
    """Each cell that is a bare number, with a unit that its header or the table's caption gives it."""
    found = []
    for place, cell in enumerate(row.cells):
        if not re.fullmatch(r"[-−△▲]?[\d,.]+", cell):
            continue
        header = BRACKETS.findall(row.header[place]) if row.header else []
        found += [(cell.lstrip("-−△▲"), unit) for unit in [*header, *captions(source)]]
    return found


def with_unit(number: str, unit: str) -> str:
    """A number and its unit in one, as a sentence would say it: 1,250 and 억원, 48.0 and £ million."""
    unit = re.sub(r"^(?:단위\s*[:：]?|in)\s*", "", unit.strip())
    sign = re.match(r"[₩$€£¥]", unit)
    return (
        f"{sign[0]}{number} {unit[1:].strip()}"
        if sign
        else f"{number}{'' if unit[:1] in '%' or '가' <= unit[:1] <= '힣' else ' '}{unit}"
    )


@functools.lru_cache(maxsize=4096)
def marks_before(evidence: str, source: str) -> tuple[str, ...]:
    """The paragraph marks (①, 1., 제8조) that the quotation begins with or stands under."""
    own = re.findall(r"[①-⑳]", evidence)
    if own:
        return tuple(own)
    first = evidence.strip().split("\n")[0][:40]
    place = source.find(first)
    if place < 0:
        return ()
    return tuple(re.findall(r"[①-⑳]", source[:place])[-1:])


def named_rows(text: str, source: str) -> list[Row]:
    """The table rows whose first cell, or a part of it (부장·차장), stands in `text`."""
    if "|" not in source:
        return []
    asked = plain(text).casefold()
    return [
        row
        for row in table_rows(source)
        if any(
            len(part) > 1 and part.casefold() in asked
            for part in map(plain, re.split(r"[·,/、]|\sand\s", row.cells[0]))
        )
    ]


def quoted_rows(evidence: str, source: str) -> list[Row]:
    """The table rows of the source that the quotation holds whole, or is a part of."""
    if "|" not in source:
        return []
    wanted = plain(evidence)
    return [
        row
        for row in table_rows(source)
        if (line := plain("".join(row.cells))) and (line in wanted or ("|" in evidence and wanted in line))
    ]
