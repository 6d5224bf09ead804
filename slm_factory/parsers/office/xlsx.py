"""XLSX: every visible sheet under its name, small tables as tables, big ones as records."""

import re
from collections.abc import Iterator
from itertools import takewhile

from slm_factory.parsers.hostile import local_name, open_archive, read_xml
from slm_factory.parsers.markdown import heading, join_blocks, one_line
from slm_factory.parsers.office.workbook import Content, Sheet, Workbook
from slm_factory.parsers.parse_file import find_date
from slm_factory.parsers.parsed import Options, Parsed, Refused
from slm_factory.parsers.records.sheets import sheet_blocks

# Parts that no sheet shows as text; what is left out of them is counted.
LEFT_OUT = {
    "chart": re.compile(r"xl/charts/chart\d*\.xml"),
    "sheet with comments": re.compile(r"xl/(?:comments\d*|comments/comment\d*)\.xml"),
}


def parse(data: bytes, options: Options) -> Parsed:
    """The workbook as it is displayed: formulas as their last values, no hidden sheets, rows or columns.

    Raises:
        Refused: the archive is damaged, unsafe or no workbook, or shows more than `max_expanded_bytes`.
    """
    with open_archive(data, options) as archive:
        workbook = Workbook(archive, options)
        blocks: list[str] = []
        warnings: list[str] = []
        hidden = [sheet.name for sheet in workbook.sheets if sheet.is_hidden]
        if hidden:
            warnings.append(f"hidden sheets left out: {quoted(hidden)}")
        for sheet in workbook.sheets:
            if sheet.is_hidden:
                continue
            content = workbook.content(sheet)
            warnings += warnings_of(sheet, content)
            found = list(sheet_blocks(content.rows, level=1))
            blocks += [heading(1, sheet.name), *found] if found else []
        if not blocks:
            raise Refused("all its sheets are hidden" if hidden else "its sheets hold no text")
        for name, pattern in LEFT_OUT.items():
            count = sum(pattern.fullmatch(part) is not None for part in workbook.names)
            if count:
                warnings.append(f"{count} {name}{'s' if count > 1 else ''} left out")
        if workbook.is_damaged:
            warnings.append("some cells point to texts that are not in the file")
        title, meta = properties(workbook)
        # A date in a table is that of its row, not of the workbook.
        told = "\n".join(takewhile(lambda block: not block.startswith(("|", "- ")), blocks))
        return Parsed(
            join_blocks(blocks), "xlsx", title=title, date=find_date(told) or meta.get("modified", ""),
            meta=meta, warnings=tuple(warnings),
        )  # fmt: skip


def warnings_of(sheet: Sheet, content: Content) -> Iterator[str]:
    """What of a sheet was left out."""
    if content.hidden_rows or content.hidden_columns:
        yield (
            f"sheet {quoted([sheet.name])}: {content.hidden_rows} hidden rows and "
            f"{content.hidden_columns} hidden columns left out"
        )
    if content.uncalculated:
        yield (
            f"sheet {quoted([sheet.name])}: {content.uncalculated} formulas were never calculated and are "
            "empty here; open the workbook in a spreadsheet program and save it"
        )


def quoted(names: list[str]) -> str:
    """The names in quotes, at most ten of them."""
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return ", ".join(f"'{one_line(name)}'" for name in names[:10]) + more


def properties(workbook: Workbook) -> tuple[str, dict[str, str]]:
    """The title, and author and day of the last change, as far as the core properties tell."""
    part = next((part for kind, part in workbook.relations("").values() if kind == "core-properties"), "")
    if part.lower() not in workbook.names:
        return "", {}
    try:
        root = read_xml(workbook.read(part))
    except Refused:
        return "", {}  # the sheets can be read without them
    told = {local_name(item): one_line(item.text or "") for item in root}
    meta = {
        "author": told.get("creator", ""),
        "modified": (told.get("modified") or told.get("created", ""))[:10],
    }
    return told.get("title", ""), {key: value for key, value in meta.items() if value}
