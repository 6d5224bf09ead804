"""The sheets of an XLSX workbook as rows of displayed texts, read as a stream (ECMA-376 part 1, 18).

openpyxl gives the tables of the standard (number formats, days, column letters) but not the cells: its
streaming mode knows no merged cells and no hidden rows, its other mode keeps each cell as an object, and both
refuse workbooks with mistakes in their styles, which many exports have. Streaming here is also several times
faster.
"""

import zipfile
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from posixpath import dirname, join, normpath
from typing import IO, NamedTuple

from lxml import etree
from openpyxl.utils import column_index_from_string
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_ISO8601
from openpyxl.utils.escape import unescape

from slm_factory.parsers.hostile import local_name, read_part, read_xml
from slm_factory.parsers.office.merged_cells import close_up, repeat_merged
from slm_factory.parsers.office.number_formats import FORMATS, GENERAL, display, display_text
from slm_factory.parsers.parsed import Options, Refused
from slm_factory.parsers.records.sheet_tables import Rows

DAMAGES = (etree.XMLSyntaxError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError, ValueError)
MAX_ELEMENT_BYTES = 32 * 2**20  # of XML between two rows; Excel's longest row is a tenth of it in practice
MAX_COLUMNS = 16_384
DIGITS = "0123456789"


class Sheet(NamedTuple):
    """A worksheet and the part of the package that holds it."""

    name: str
    part: str
    is_hidden: bool


class Content(NamedTuple):
    """What a sheet shows, by row and column number, and what of it was left out."""

    rows: Rows
    hidden_rows: int
    hidden_columns: int
    uncalculated: int  # formulas without a value


class Workbook:
    """A workbook's sheets, texts and number formats."""

    def __init__(self, archive: zipfile.ZipFile, options: Options) -> None:
        """Reads everything but the sheets.

        Raises:
            Refused: it is damaged or no workbook.
        """
        self.archive = archive
        self.options = options
        self.names = {name.replace("\\", "/").lstrip("/").lower(): name for name in archive.namelist()}
        self.characters_left = options.max_expanded_bytes  # that its cells may still show
        self.is_damaged = False
        part = next((target for kind, target in self.relations("").values() if kind == "officeDocument"), "")
        part = part or "xl/workbook.xml"
        if part.endswith(".bin"):
            raise Refused("a binary workbook (.xlsb); save it as .xlsx")
        root = read_xml(self.read(part))
        settings = next(root.iter("{*}workbookPr"), None)
        is_1904 = settings is not None and settings.get("date1904") in ("1", "true")
        self.epoch = MAC_EPOCH if is_1904 else WINDOWS_EPOCH
        related = self.relations(part)
        self.sheets = list(self.find_sheets(root, related))
        parts = {kind: target for kind, target in related.values()}
        self.strings = [shared_text(item) for item in self.elements(parts.get("sharedStrings", ""), "si")]
        self.formats = self.read_formats(parts.get("styles", ""))

    def read(self, part: str) -> bytes:
        """The bytes of a part, whatever the case of its name."""
        return read_part(self.archive, self.names.get(part.lower(), part), self.options)

    def relations(self, part: str) -> dict[str, tuple[str, str]]:
        """By id: the last word of a relation's type, and the part it leads to."""
        folder, _, name = part.rpartition("/")
        rels = join(folder, "_rels", f"{name}.rels")
        if rels.lower() not in self.names:
            return {}
        return {
            item.get("Id", ""): (
                item.get("Type", "").rpartition("/")[2],
                normpath(join("/", dirname(part), item.get("Target", ""))).lstrip("/"),
            )
            for item in read_xml(self.read(rels))
            if local_name(item) == "Relationship" and item.get("TargetMode") != "External"
        }

    def find_sheets(self, root: etree._Element, related: dict[str, tuple[str, str]]) -> Iterator[Sheet]:
        """The worksheets in order, each part once: a thousand names for one sheet are an attack."""
        seen: set[str] = set()
        for item in root.iter("{*}sheet"):
            identifier = next((value for key, value in item.attrib.items() if key.endswith("}id")), "")
            kind, part = related.get(identifier, ("", ""))
            if kind == "worksheet" and part not in seen:
                seen.add(part)
                yield Sheet(item.get("name", ""), part, item.get("state", "visible") != "visible")

    def elements(self, part: str, *tags: str) -> Iterator[etree._Element]:
        """The elements with these names in a part, one after the other; each is gone when the next comes.

        Raises:
            Refused: the part is damaged, declares a document type, or has overlong elements.
        """
        if part.lower() not in self.names:
            self.is_damaged |= bool(part)
            return
        is_checked = False
        try:
            with self.archive.open(self.names[part.lower()]) as stream:
                source = Watched(stream)
                for _, element in etree.iterparse(
                    source, tag=[f"{{*}}{tag}" for tag in tags], resolve_entities=False, no_network=True,
                    remove_comments=True, remove_pis=True,
                ):  # fmt: skip
                    source.unmarked = 0
                    if not is_checked and element.getroottree().docinfo.doctype:
                        raise Refused(
                            "XML that declares a document type, which workbooks never need and attacks do"
                        )
                    is_checked = True
                    yield element
                    element.clear()
                    while element.getprevious() is not None:
                        del element.getparent()[0]
        except DAMAGES as error:
            raise Refused(f"damaged workbook: {part}: {error}") from error

    def read_formats(self, part: str) -> list[str]:
        """The number format codes of the cell styles, in order (18.8.10)."""
        codes = dict(FORMATS)
        styles: list[str] = []
        for element in self.elements(part, "numFmt", "xf"):
            above = element.getparent()
            parent = "" if above is None else local_name(above)
            if parent == "numFmts":
                codes[number(element.get("numFmtId"))] = element.get("formatCode") or GENERAL
            elif parent == "cellXfs":
                styles.append(codes.get(number(element.get("numFmtId")), GENERAL))
        return styles

    def content(self, sheet: Sheet) -> Content:
        """What a sheet shows; merged cells are repeated in the rows and columns that hold anything.

        Raises:
            Refused: the sheet is damaged, or shows more than `max_expanded_bytes`.
        """
        rows: Rows = {}
        merged: list[str] = []
        hidden_columns: list[tuple[int, int]] = []
        hidden_rows: set[int] = set()
        at = uncalculated = 0
        for element in self.elements(sheet.part, "row", "col", "mergeCell"):
            name = local_name(element)
            if name == "row":
                at = number(element.get("r")) or at + 1
                cells, missing = self.read_row(element)
                uncalculated += missing
                if cells:
                    rows.setdefault(at, {}).update(cells)
                if is_true(element.get("hidden")):
                    hidden_rows.add(at)
            elif name == "mergeCell":
                merged.append(element.get("ref", ""))
            elif is_true(element.get("hidden")):
                hidden_columns.append((number(element.get("min")), number(element.get("max"))))
        spans = repeat_merged(rows, merged)
        columns = sorted({column for row in rows.values() for column in row})
        unseen: set[int] = set()
        for low, high in hidden_columns[:MAX_COLUMNS]:
            unseen.update(columns[bisect_left(columns, low) : bisect_right(columns, high)])
        shown = {
            at: {column: text for column, text in row.items() if column not in unseen}
            for at, row in rows.items()
            if at not in hidden_rows
        }
        left_out = sum(at in rows for at in hidden_rows)
        return Content(close_up(shown, spans), left_out, len(unseen), uncalculated)

    def read_row(self, row: etree._Element) -> tuple[dict[int, str], int]:
        """The texts of a row by column, and how many formulas of it have no value."""
        cells: dict[int, str] = {}
        column = missing = 0
        for cell in row:
            letters = cell.get("r", "").rstrip(DIGITS)
            try:
                column = column_index_from_string(letters) if letters else column + 1
            except ValueError:
                column += 1
            text, has_formula = self.read_cell(cell)
            if text and column <= MAX_COLUMNS:
                cells[column] = text
                self.characters_left -= len(text)
            missing += has_formula and not text and cell.get("t") != "str"  # "" is a value of formulas
        if self.characters_left < 0:
            raise Refused("its cells show more than max_expanded_megabytes")
        return cells, missing

    def read_cell(self, cell: etree._Element) -> tuple[str, bool]:
        """The text that a cell shows, and whether it holds a formula (18.3.1.4)."""
        value, has_formula = "", False
        for child in cell:
            name = local_name(child)
            if name == "v":
                value = child.text or ""
            elif name == "is":
                value = shared_text(child)
            elif name == "f":
                has_formula = True
        return self.show(value, cell.get("t", "n"), number(cell.get("s"))) if value else "", has_formula

    def show(self, value: str, kind: str, style: int) -> str:
        """A cell's value as it is displayed; dates of files by other programs (`d`) are ISO already."""
        code = self.formats[style] if style < len(self.formats) else GENERAL
        if kind == "n":
            return display(value, code, self.epoch)
        if kind == "s":
            index = number(value, -1)
            self.is_damaged |= not 0 <= index < len(self.strings)
            value = self.strings[index] if 0 <= index < len(self.strings) else ""
        elif kind == "b":
            return "TRUE" if is_true(value) else "FALSE"
        elif kind == "d":
            return show_iso(value)
        elif kind == "e":
            return value
        return display_text(value.strip(), code)


class Watched:
    """A stream that ends with a refusal when too much of it is read without a mark."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self.unmarked = 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        data = self.stream.read(size)
        self.unmarked += len(data)
        if self.unmarked > MAX_ELEMENT_BYTES:
            raise Refused("a part of the workbook has an element of more than 32 MB")
        return data


def shared_text(item: etree._Element) -> str:
    """The text of a string item (18.4.8): its runs, without the phonetic ones."""
    parts = [element.text or "" for element in item.iter("{*}t") if local_name(element.getparent()) != "rPh"]
    text = "".join(parts).strip()
    return unescape(text) if "_x" in text else text


def show_iso(value: str) -> str:
    """A date or time in ISO form without fractions of seconds, and without a midnight that says nothing."""
    try:
        moment = from_ISO8601(value)
    except ValueError:
        return value
    return str(moment).removesuffix(" 00:00:00").split(".")[0]


def number(text: str | None, default: int = 0) -> int:
    """A whole number that is not negative, `default` for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else default


def is_true(text: str | None) -> bool:
    """A boolean of XML Schema."""
    return text in ("1", "true")
