"""Files: all or nothing, the same bytes for the same rows, errors that name the line."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from slm_factory.core import files
from slm_factory.core.errors import UserError

SCHEMA = pa.schema([("name", pa.string()), ("numbers", pa.list_(pa.int32()))])
ROWS = [{"name": "가", "numbers": [1, 2]}, {"name": "b", "numbers": []}]


def test_rows_come_back_as_written_and_the_bytes_are_equal(tmp_path: Path) -> None:
    for name in ("a.parquet", "b.parquet"):
        files.write_rows(tmp_path / name, ROWS, SCHEMA)
    assert files.read_rows(tmp_path / "a.parquet") == ROWS
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert files.read_rows(tmp_path / "a.parquet", columns=["name"]) == [{"name": "가"}, {"name": "b"}]


def test_rows_pass_in_groups_both_ways(tmp_path: Path) -> None:
    taken: list[int] = []

    def rows() -> Iterator[files.Row]:
        for number in range(10):
            taken.append(number)
            yield {"name": str(number), "numbers": [number]}

    files.write_rows(tmp_path / "a.parquet", rows(), SCHEMA, group=4)
    assert len(taken) == 10
    assert pq.ParquetFile(tmp_path / "a.parquet").num_row_groups == 3
    stream = files.stream_rows(tmp_path / "a.parquet", columns=["name"], group=4)
    assert [row["name"] for row in stream] == [str(number) for number in range(10)]


def test_a_stream_of_a_missing_or_broken_table_is_the_users_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        next(files.stream_rows(tmp_path / "a.parquet"))
    (tmp_path / "a.parquet").write_bytes(b"nothing")
    with pytest.raises(UserError, match="not a Parquet table"):
        next(files.stream_rows(tmp_path / "a.parquet"))


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    files.write_json(target, {"is": "old"})
    with pytest.raises(RuntimeError), files.replacing(target) as beside:
        beside.write_text("half")
        raise RuntimeError("killed")
    assert files.read_json(target) == {"is": "old"}
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_json_lines_keep_order_and_korean(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    files.write_json_lines(file, ROWS)
    assert "가" in file.read_text(encoding="utf-8")
    assert files.read_json_lines(file) == ROWS


@pytest.mark.parametrize(
    ("line", "what"), [("{broken", "is not valid JSON"), ("[1]", "is not a JSON object")]
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, what: str) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"fine": 1}\n\n' + line + "\n", encoding="utf-8")
    with pytest.raises(UserError, match=f"line 3, {what}"):
        files.read_json_lines(file)


def test_a_missing_input_says_what_makes_it(tmp_path: Path) -> None:
    for read in (files.read_rows, files.read_json, files.read_json_lines):
        with pytest.raises(UserError, match="slm-factory run makes it"):
            read(tmp_path / "none")


def test_a_file_that_is_no_table_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"no parquet at all")
    with pytest.raises(UserError, match="is not a Parquet table"):
        files.read_rows(tmp_path / "a.parquet")
