"""Where the evidence stands in its chunk, as the checks find it."""

from pathlib import Path

import pytest

from slm_factory.core import files
from slm_factory.core.records import CHUNK, DOCUMENT
from slm_factory.grounding.quotations import stands_in
from slm_factory.review.sources import Sources, spans
from tests import rows

TEXT = (
    "## 복원\n\n- **시험 주기**: 두 달\n- 담당: 운영팀\n\n| 항목 | 값 |\n| --- | --- |\n| 압력 | 3.2 bar |\n"
)


@pytest.mark.parametrize(
    ("evidence", "marked"),
    [
        ("시험 주기: 두 달", ["시험 주기**: 두 달"]),
        ("- **시험 주기**: 두 달\n- 담당: 운영팀", ["시험 주기**: 두 달\n- 담당: 운영팀"]),
        ("| 압력 | 3.2 bar |", ["압력 | 3.2 bar"]),
        ("시험 주기: 두 달 ... 3.2 bar", ["시험 주기**: 두 달", "3.2 bar"]),
        ("두 해", []),
        ("", []),
    ],
)
def test_the_quotation_is_found_through_marks_and_white_space(evidence: str, marked: list[str]) -> None:
    assert [TEXT[start:end] for start, end in spans(evidence, TEXT)] == marked
    assert bool(marked) == stands_in(evidence, TEXT) or not evidence


def test_a_source_has_title_headings_and_pages(tmp_path: Path) -> None:
    chunk = rows.chunk(headings=["A", "B"], first_page=3, last_page=4)
    files.write_rows(tmp_path / "chunk.parquet", [chunk], CHUNK)
    files.write_rows(tmp_path / "parse.parquet", [rows.document(title="Title")], DOCUMENT)
    sources = Sources(tmp_path / "chunk.parquet", tmp_path / "parse.parquet")
    found = sources.find("c1", "a.md")
    assert found and (found.title, found.headings, found.pages) == ("Title", ("A", "B"), (3, 4))
    assert sources.find("gone", "a.md") is None


def test_tables_that_do_not_exist_yet_are_empty(tmp_path: Path) -> None:
    assert Sources(tmp_path / "chunk.parquet", tmp_path / "parse.parquet").find("c1", "a.md") is None
