"""Names and links made to mislead: nothing outside of the folder is read, and no log line is forged."""

import json
import logging
import os
import sys
from pathlib import Path

import pytest

from slm_factory.core import files
from stages import parse


@pytest.fixture
def folder(workspace: Path) -> Path:
    """The documents' folder with one ordinary document in it."""
    documents = workspace / "data/documents"
    documents.mkdir(parents=True)
    (documents / "a.txt").write_text("글\n", encoding="utf-8")
    return documents


def doc_ids() -> list[str]:
    return [row["doc_id"] for row in files.read_rows(parse.ROWS)]


def reasons() -> dict[str, str]:
    told = json.loads(parse.METRICS.read_text(encoding="utf-8"))["skipped"]
    return {item["doc_id"]: item["reason"] for item in told}


def test_a_name_with_line_breaks_is_read_and_forges_no_log_line(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "b\nparse: 99 documents.txt").write_text("말\n", encoding="utf-8")
    (folder / "c\r\x1b[2Jparse: 99.pdf").write_bytes(b"nothing")
    with caplog.at_level(logging.INFO):
        parse.main()
    assert doc_ids() == ["a.txt", "b\nparse: 99 documents.txt"]
    assert list(reasons()) == ["c\r\x1b[2Jparse: 99.pdf"]
    assert not any(mark in record.getMessage() for record in caplog.records for mark in "\n\r\x1b")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_name_that_is_no_unicode_is_read(folder: Path) -> None:
    (folder / os.fsdecode(b"\xb0\xa1.txt")).write_text("말\n", encoding="utf-8")
    parse.main()
    assert len(doc_ids()) == 2
    assert all(name.encode() for name in doc_ids())


def test_a_linked_folder_is_not_entered(folder: Path, workspace: Path) -> None:
    outside = workspace / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("비밀\n", encoding="utf-8")
    (folder / "link").symlink_to(outside)
    (folder / "up").symlink_to("..")
    parse.main()
    assert doc_ids() == ["a.txt"]
    assert set(reasons()) == {"link", "up"}


def test_pipes_and_dangling_links_are_named_and_never_opened(folder: Path) -> None:
    os.mkfifo(folder / "pipe.txt")
    (folder / "gone.txt").symlink_to(folder / "nowhere.txt")
    parse.main()
    assert doc_ids() == ["a.txt"]
    assert set(reasons()) == {"pipe.txt", "gone.txt"}


def test_a_chain_of_links_that_ends_outside_is_not_followed(folder: Path, workspace: Path) -> None:
    (workspace / "secret.txt").write_text("비밀\n", encoding="utf-8")
    (folder / "first.txt").symlink_to(folder / "second.txt")
    (folder / "second.txt").symlink_to("../../secret.txt")
    parse.main()
    assert doc_ids() == ["a.txt"]
    assert set(reasons()) == {"first.txt", "second.txt"}
