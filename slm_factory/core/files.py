"""All-or-nothing writes, and the reading of tables, JSON and JSON lines.

A file is written beside its place and then moved there, so nobody ever reads half of one.
"""

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from slm_factory.core.errors import UserError

Row = dict[str, Any]


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to; it takes the place of `path` when the block ends without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield beside
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """An empty folder beside `path`; it takes the place of `path` when the block ends without an error."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        yield beside
        if path.exists():
            shutil.rmtree(path)
        os.replace(beside, path)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def write_rows(path: Path, rows: Iterable[Row], schema: pa.Schema, group: int = 100_000) -> None:
    """Writes `rows` as Parquet; the same rows and schema give the same bytes (rows in the caller's order).

    Only `group` rows, which become a row group of the file, are in memory at a time.

    Raises:
        pyarrow.ArrowInvalid: a value does not fit its column.
    """
    waiting = iter(rows)
    with replacing(path) as beside, pq.ParquetWriter(beside, schema, compression="zstd") as table:
        while batch := list(islice(waiting, group)):
            table.write_table(pa.Table.from_pylist(batch, schema=schema))


def read_rows(path: Path, columns: Sequence[str] | None = None) -> list[Row]:
    """The rows of a Parquet file, in file order.

    Raises:
        UserError: the file is missing or is not Parquet.
    """
    with open_table(path) as table:
        return table.read(columns=list(columns) if columns else None).to_pylist()


def stream_rows(path: Path, columns: Sequence[str] | None = None, group: int = 64) -> Iterator[Row]:
    """The rows of a Parquet file, in file order; `group` of them are in memory at a time.

    Raises:
        UserError: the file is missing or is not Parquet.
    """
    with open_table(path) as table:
        for batch in table.iter_batches(group, columns=list(columns) if columns else None):
            yield from batch.to_pylist()


def open_table(path: Path) -> pq.ParquetFile:
    """The Parquet file at `path`, open.

    Raises:
        UserError: the file is missing or is not Parquet.
    """
    try:
        return pq.ParquetFile(path)
    except FileNotFoundError as error:
        raise missing_input(path) from error
    except pa.ArrowInvalid as error:
        raise UserError(
            f"error: {path} is not a Parquet table", f"hint: dvc checkout {path}, or dvc repro"
        ) from error


def write_json(path: Path, value: Any) -> None:
    """Writes `value` as indented JSON with a final newline; keys stay in the caller's order.

    Pure ASCII: DVC takes a metrics file whose first bytes are mostly Hangul for a binary one and refuses it.
    """
    with replacing(path) as beside:
        beside.write_text(json.dumps(value, indent=2) + "\n", encoding="ascii")


def read_json(path: Path) -> Any:
    """The JSON value in `path`.

    Raises:
        UserError: the file is missing or is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise missing_input(path) from error
    except ValueError as error:
        raise UserError(
            f"error: {path} is not valid JSON: {error}", f"hint: git checkout {path}, or dvc repro"
        ) from error


def write_json_lines(path: Path, rows: Iterable[Row]) -> None:
    """Writes one JSON object a line, UTF-8, not escaped."""
    with replacing(path) as beside, beside.open("w", encoding="utf-8") as lines:
        for row in rows:
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")


def read_json_lines(path: Path) -> list[Row]:
    """The objects of a JSON-lines file, in file order; empty lines are skipped.

    Raises:
        UserError: the file is missing, or a line is not a JSON object (the line is named).
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise missing_input(path) from error
    rows: list[Row] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise UserError(
                f"error: {path}, line {number}, is not valid JSON: {error}",
                f"hint: mend line {number} of {path}",
            ) from error
        if not isinstance(row, dict):
            raise UserError(
                f"error: {path}, line {number}, is not a JSON object", f"hint: mend line {number} of {path}"
            )
        rows.append(row)
    return rows


def missing_input(path: Path) -> UserError:
    """The error for an input that an earlier stage makes."""
    return UserError(f"error: {path} does not exist", "hint: slm-factory run makes it, dvc pull fetches it")
