"""parse reads what it can, names what it cannot, and remembers by content."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from slm_factory.core import files
from slm_factory.core.errors import UserError
from stages import parse
from tests.conftest import set_params
from tests.parsers.builders import hwpx, pdf, text

# Stands in for a fault in a C library: reading these marks kills, blocks or starves the worker process.
FAULTY = """
import os, time
import slm_factory.parsers.text as module
read = module.parse_text
def parse_text(data, limits):
    if b"CRASH" in data:
        os._exit(139)
    if b"HANG" in data:
        time.sleep(600)
    if b"GREEDY" in data:
        bytearray(1 << 40)
    if b"BUG" in data:
        raise KeyError("no such part")
    return read(data, limits)
module.parse_text = parse_text
"""


def put(workspace: Path, **documents: bytes) -> Path:
    folder = workspace / "data/documents"
    for name, data in documents.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def rows() -> dict[str, files.Row]:
    return {row["doc_id"]: row for row in files.read_rows(parse.ROWS)}


def metrics() -> dict[str, Any]:
    return dict(json.loads(parse.METRICS.read_text(encoding="utf-8")))


def reasons() -> dict[str, str]:
    return {item["doc_id"]: item["reason"] for item in metrics()["skipped"]}


def no_workers(*arguments: object) -> None:
    raise AssertionError("a worker process was started")


def test_every_document_is_a_row_sorted_by_path(workspace: Path) -> None:
    put(
        workspace,
        b_dot_txt="둘째 문서\n".encode(),
        a__c_dot_pdf=pdf([[(60, 100, 10, "첫째 쪽")], [(60, 100, 10, "둘째 쪽")]]),
        z_dot_hwpx=hwpx([text("한글 문서")]),
    )
    parse.main()
    assert list(rows()) == ["a/c.pdf", "b.txt", "z.hwpx"]
    row = rows()["a/c.pdf"]
    assert (row["pages"], row["format"], row["language"], row["title"]) == (2, "pdf", "ko", "c")
    assert [row["markdown"][start] for start in row["page_starts"]] == ["첫", "둘"]
    assert metrics() == {
        "documents": 3,
        "pages": 2,
        "characters": sum(len(row["markdown"]) for row in rows().values()),
        "warnings": 0,
        "formats": {"hwpx": 1, "pdf": 1, "txt": 1},
        "skipped": [],
    }


def test_one_bad_document_never_stops_the_others(workspace: Path) -> None:
    encrypted = pdf([[(60, 100, 10, "x")]], encryption=5, user_pw="a", owner_pw="b")
    put(workspace, good_dot_txt="글\n".encode(), bad_dot_docx=b"PK\x03\x04garbage", locked_dot_pdf=encrypted)
    parse.main()
    assert list(rows()) == ["good.txt"]
    assert set(reasons()) == {"bad.docx", "locked.pdf"}
    assert "encrypted" in reasons()["locked.pdf"]


@pytest.mark.slow
def test_a_killed_hanging_or_greedy_worker_costs_only_its_file(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workspace / "faults").mkdir()
    (workspace / "faults/sitecustomize.py").write_text(FAULTY, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(workspace / "faults"))
    bad = {f"{mark.lower()}_dot_txt": mark.encode() for mark in ("CRASH", "HANG", "GREEDY", "BUG")}
    put(workspace, **bad, a_dot_txt="글\n".encode(), z_dot_txt="글\n".encode())
    set_params(workspace, **{"parse.timeout_seconds": 5})
    parse.main()
    assert list(rows()) == ["a.txt", "z.txt"]
    assert reasons() == {
        "bug.txt": "the parser failed: KeyError: 'no such part'",
        "crash.txt": "reading it crashed the process (exit code 139)",
        "greedy.txt": "reading needed more than max_memory_megabytes (4096)",
        "hang.txt": "reading took longer than timeout_seconds (5)",
    }


def test_what_was_read_once_starts_no_worker_again(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = put(workspace, a_dot_txt="글\n".encode(), b_dot_txt="둘\n".encode())
    parse.main()
    first = parse.ROWS.read_bytes(), parse.METRICS.read_bytes()
    monkeypatch.setattr(parse, "ProcessPool", no_workers)
    parse.main()
    assert (parse.ROWS.read_bytes(), parse.METRICS.read_bytes()) == first
    (folder / "a.txt").rename(folder / "renamed_2025-03-18.txt")
    (folder / "b.txt").unlink()
    parse.main()
    assert {name: row["date"] for name, row in rows().items()} == {"renamed_2025-03-18.txt": "2025-03-18"}


def test_a_refusal_is_not_remembered(workspace: Path) -> None:
    put(workspace, a_dot_pdf=pdf([[(60, 100, 10, "x")]] * 3), b_dot_txt=b"x")
    set_params(workspace, **{"parse.max_pages": 2})
    parse.main()
    assert list(rows()) == ["b.txt"]
    set_params(workspace, **{"parse.max_pages": 3})
    parse.main()
    assert list(rows()) == ["a.pdf", "b.txt"]


def test_links_hidden_files_and_unknown_formats_are_named(workspace: Path) -> None:
    folder = put(
        workspace, a_dot_txt=b"x", _dot_hidden_dot_txt=b"x", movie_dot_mp4=b"x", large_dot_txt=b"x" * 2**20
    )
    (workspace / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(workspace / "secret.txt")
    (folder / "loop.txt").symlink_to(folder / "loop.txt")
    (folder / "two\nlines.exe").write_bytes(b"x")
    (folder / ".gitignore").write_text("x")
    (folder / "large.txt").write_bytes(b"x" * (2**20 + 1))
    set_params(workspace, **{"parse.max_megabytes": 1})
    parse.main()
    assert list(rows()) == ["a.txt"]
    assert reasons() == {
        ".hidden.txt": "hidden",
        "large.txt": "larger than max_megabytes (1)",
        "link.txt": "a link that leaves the folder",
        "loop.txt": "a link to a folder, or no regular file",
        "movie.mp4": "unknown format: .mp4",
        "two\nlines.exe": "unknown format: .exe",
    }


def test_names_are_nfc_and_titles_fall_back_to_them(workspace: Path) -> None:
    put(workspace, **{"\u110c\u1161\u11bc\u110b\u1162__비상_연락망_dot_txt": "글\n".encode()})
    parse.main()
    assert {name: row["title"] for name, row in rows().items()} == {"장애/비상_연락망.txt": "비상 연락망"}


@pytest.mark.parametrize("is_made", [True, False])
def test_an_empty_folder_is_the_users_error(workspace: Path, is_made: bool) -> None:
    if is_made:
        put(workspace, _dot_gitignore=b"")
    with pytest.raises(UserError, match="holds no documents"):
        parse.main()
    assert not parse.ROWS.exists()


def test_no_readable_document_is_the_users_error(workspace: Path) -> None:
    put(workspace, a_dot_pdf=b"nothing")
    with pytest.raises(UserError, match="none of the 1 files"):
        parse.main()


def test_the_stage_and_its_workers_never_load_torch() -> None:
    code = (
        "import sys, importlib; from slm_factory.parsers.parse_file import PARSERS; import stages.parse\n"
        "[importlib.import_module(f'slm_factory.parsers.{module}') for module, _ in PARSERS.values()]\n"
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    assert subprocess.run([sys.executable, "-c", code], cwd=root, env=environment).returncode == 0
