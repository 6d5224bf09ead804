"""CSV, JSON, JSON Lines and Parquet: one document per record, by the field map of `parse.records`.

A CSV file without the fields is a sheet. Records of the national law API need no field map.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from slm_factory.parsers import law
from slm_factory.parsers.markdown import join_blocks
from slm_factory.parsers.parsed import Options, Parsed, Refused
from slm_factory.parsers.records.field_map import MAX_NAMED, Documents, Record, as_text, reach
from slm_factory.parsers.records.sheet_tables import Rows
from slm_factory.parsers.records.sheets import sheet_blocks
from slm_factory.parsers.text.encodings import decode

DELIMITERS = ",\t;|"
SAMPLED_LINES = 200  # that tell the delimiter
HEAD_ROWS = 10  # in which the names of the columns stand
BATCH_ROWS = 4096  # of a Parquet file in memory
MAX_NESTING = 5  # objects around the list of records


def parse_json(data: bytes, options: Options) -> list[Parsed]:
    """The documents of a list of objects, of the one list of objects within an object, or of one object.

    Raises:
        Refused: the file is no JSON, or no record of it has a text.
    """
    text, warnings = decode(data)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        if isinstance(next(read_lines(text), (0, None))[1], dict):
            return documents_of_lines(text, "json", warnings, options)  # JSON Lines under the wrong suffix
        raise Refused(f"no JSON: {error}") from error
    documents = Documents("json", options)
    documents.warnings += warnings
    records = find_records(value, options)
    for number, record in enumerate(records, 1):
        documents.add(record, number, is_alone=record is value)
    return documents.result()


def parse_jsonl(data: bytes, options: Options) -> list[Parsed]:
    """The documents of a file with one object per line; broken lines are named in a warning.

    Raises:
        Refused: no line holds a record with a text.
    """
    text, warnings = decode(data)
    if not any(isinstance(value, dict) for _, value in read_lines(text)):
        return parse_json(data, options)  # one object over many lines
    return documents_of_lines(text, "jsonl", warnings, options)


def documents_of_lines(
    text: str, format_name: str, warnings: tuple[str, ...], options: Options
) -> list[Parsed]:
    """The documents of JSON Lines; the line's number stands for a missing id."""
    documents = Documents(format_name, options)
    documents.warnings += warnings
    broken: list[int] = []
    for number, value in read_lines(text):
        if value is BROKEN:
            broken.append(number)
        else:
            documents.add(value, number)
    if broken:
        named = ", ".join(map(str, broken[:MAX_NAMED])) + (", ..." if len(broken) > MAX_NAMED else "")
        documents.warnings.append(f"{len(broken)} lines are no JSON and left out: {named}")
    return documents.result()


BROKEN = object()


def read_lines(text: str) -> Iterator[tuple[int, Any]]:
    """The number and value of each line that is not empty, `BROKEN` for what is no JSON."""
    start = 0
    number = 0
    while start <= len(text):  # line by line: a list of all lines would double the memory
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        number += 1
        line = text[start:end].strip()
        start = end + 1
        if line:
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError):
                yield number, BROKEN


def find_records(value: Any, options: Options) -> list[Any]:
    """The records in a JSON value: itself, its items, or those of the one list of objects inside it."""
    if isinstance(value, list):
        return value
    if not isinstance(value, dict) or is_record(value, options):
        return [value]
    level: list[Record] = [value]
    for _ in range(MAX_NESTING):
        inner = [item for one in level for item in one.values()]
        lists = [
            items for items in inner if isinstance(items, list) and any(isinstance(i, dict) for i in items)
        ]
        fitting = [items for items in lists if any(is_record(item, options) for item in items)]
        if len(fitting) == 1 or len(lists) == 1:
            return (fitting or lists)[0]
        level = [item for item in inner if isinstance(item, dict)]
        if any(is_record(item, options) for item in level):
            return [item for item in level if is_record(item, options)]
    return [value]


def is_record(value: Any, options: Options) -> bool:
    """Whether a value makes a document: a law record, or an object with a text."""
    return law.is_record(value) or (
        isinstance(value, dict) and any(as_text(reach(value, name)) for name in options.records.text)
    )


def parse_csv(data: bytes, options: Options) -> list[Parsed]:
    """The documents of a CSV or TSV file with a text column; else the file as one sheet.

    Raises:
        Refused: the file is no text, or no row has a text in the text column.
    """
    text, warnings = decode(data)
    rows, said = read_csv(text)
    warnings = (*warnings, *said)
    names = set(options.records.text)
    header = next(
        (index for index, row in enumerate(rows[:HEAD_ROWS]) if names & {*map(str.strip, row)}), None
    )
    if header is None:
        sheet: Rows = {}
        for number, row in enumerate(rows, 1):
            cells = {column: cell.strip() for column, cell in enumerate(row, 1) if cell.strip()}
            if cells:
                sheet[number] = cells
        return [Parsed(join_blocks(sheet_blocks(sheet, level=1)), "csv", warnings=warnings)]
    documents = Documents("csv", options)
    documents.warnings += warnings
    columns = name_columns(rows[header], max(map(len, rows)))
    for number, row in enumerate(rows[header + 1 :], header + 2):
        if any(row):
            documents.add(dict(zip(columns, row, strict=False)), number)
    return documents.result()


def name_columns(header: list[str], width: int) -> list[str]:
    """A name for each of `width` columns, no two the same, so that no cell is lost."""
    names: dict[str, None] = {}
    for index in range(width):
        name = header[index].strip() if index < len(header) else ""
        names[f"column {index + 1}" if not name or name in names else name] = None
    return list(names)


def read_csv(text: str) -> tuple[list[list[str]], tuple[str, ...]]:
    """The rows of a CSV file, and a warning if a quote was never closed.

    Such a quote would swallow the rest of the file into one cell; quotes are letters there.
    """
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))  # it is the whole process's
    delimiter = tell_delimiter(text)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)), ()
    except csv.Error as error:
        if "unexpected end of data" not in str(error):
            return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)), ()
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=csv.QUOTE_NONE)
    return list(rows), ("a quote is never closed: quotes are read as letters",)


def tell_delimiter(text: str) -> str:
    """The delimiter that cuts most of the first lines into equally many cells, a comma if none does.

    `csv.Sniffer` looks at letters instead and takes one out of the text of narrow files.
    """
    sample = "\n".join(text[:100_000].splitlines()[:SAMPLED_LINES])

    def fit(delimiter: str) -> tuple[int, int]:
        """How many rows are as wide as most are, and how wide."""
        widths = Counter(len(row) for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter))
        width, count = max(
            ((w, c) for w, c in widths.items() if w > 1), key=lambda pair: pair[1], default=(0, 0)
        )
        return count, width

    best = max(DELIMITERS, key=fit)
    return best if fit(best)[0] else ","


def parse_parquet(data: bytes, options: Options) -> list[Parsed]:
    """The documents of a table with a text column.

    Raises:
        Refused: it is damaged, unpacks to too much, or no row has a text.
    """
    documents = Documents("parquet", options)
    try:
        table = open_parquet(data, options)
        before = 0
        for batch in table.iter_batches(batch_size=BATCH_ROWS, use_threads=False):
            if is_without_text(batch, options):
                documents.without_text += batch.num_rows  # a file of a few bytes may hold a billion of these
            else:
                for index in range(batch.num_rows):
                    row = {
                        name: batch.column(at)[index].as_py() for at, name in enumerate(batch.schema.names)
                    }
                    documents.add(row, before + index + 1)
            before += batch.num_rows
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise Refused(f"damaged Parquet file: {error}") from error
    return documents.result()


def is_without_text(batch: pa.RecordBatch, options: Options) -> bool:
    """Whether the text columns, of which there are some, hold nothing in these rows."""
    names = {name.split(".")[0] for name in options.records.text} | {*options.records.text}
    texts = [batch.column(at) for at, name in enumerate(batch.schema.names) if name in names]
    return bool(texts) and all(column.null_count == batch.num_rows for column in texts)


def open_parquet(data: bytes, options: Options) -> parquet.ParquetFile:
    """The file; its columns of strings stay dictionaries, so that one long string repeated is held once.

    Raises:
        Refused: it unpacks to more than the limit.
    """
    source = pa.BufferReader(data)
    metadata = parquet.read_metadata(source)
    expanded = sum(metadata.row_group(index).total_byte_size for index in range(metadata.num_row_groups))
    cells = metadata.num_rows * metadata.num_columns  # a million equal ones take no bytes
    if max(expanded, cells) > options.max_expanded_bytes:
        raise Refused("it unpacks to more than max_expanded_megabytes")
    strings = [
        column.path
        for column in map(metadata.schema.column, range(metadata.num_columns))
        if column.physical_type == "BYTE_ARRAY"
        and column.max_repetition_level == 0
        and "." not in column.path
    ]
    return parquet.ParquetFile(source, read_dictionary=strings)
