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
from tests.conftest import REPOSITORY, set_params
from tests.parsers.builders import hwpx, pdf, text

# Stands in for a fault in a C library: reading these marks kills, blocks or starves the worker process.
FAULTY = """
import os, time
import slm_factory.parsers.text.document as module
read = module.parse_text
def parse_text(data, options):
    if b"CRASH" in data:
        os._exit(139)
    if b"HANG" in data:
        time.sleep(600)
    if b"GREEDY" in data:
        bytearray(1 << 40)
    if b"BUG" in data:
        raise KeyError("no such part")
    return read(data, options)
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
        "personal_data": {},
        "documents_with_personal_data": [],
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
def test_a_killed_hanging_or_greedy_worker_costs_only_its_file(workspace: Path) -> None:
    (workspace / "faults").mkdir()
    (workspace / "faults/sitecustomize.py").write_text(FAULTY, encoding="utf-8")
    bad = {f"{mark.lower()}_dot_txt": mark.encode() for mark in ("CRASH", "HANG", "GREEDY", "BUG")}
    put(workspace, **bad, a_dot_txt="글\n".encode(), z_dot_txt="글\n".encode())
    set_params(workspace, **{"parse.timeout_seconds": 5})
    environment = {**os.environ, "PYTHONPATH": f"{workspace / 'faults'}:{REPOSITORY}"}
    subprocess.run([sys.executable, "-m", "stages.parse"], env=environment, check=True)
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
    monkeypatch.setattr(parse, "spread", no_workers)
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
    (folder / "old.doc").write_bytes(b"x")
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
        "old.doc": "an old binary Office file; save it as .docx",
        "two\nlines.exe": "unknown format: .exe",
    }


def test_names_are_nfc_and_titles_fall_back_to_them(workspace: Path) -> None:
    put(workspace, **{"\u110c\u1161\u11bc\u110b\u1162__비상_연락망_dot_txt": "글\n".encode()})
    parse.main()
    assert {name: row["title"] for name, row in rows().items()} == {"장애/비상_연락망.txt": "비상 연락망"}


def test_each_record_of_a_file_is_a_document(workspace: Path) -> None:
    lines = [{"id": "k1", "title": "첫째", "text": "하나"}, {"id": "k2", "text": "둘", "date": "20250318"}]
    put(workspace, qa_dot_jsonl="\n".join(json.dumps(line) for line in lines).encode())
    parse.main()
    told = {name: (row["title"], row["date"]) for name, row in rows().items()}
    assert told == {"qa.jsonl#k1": ("첫째", ""), "qa.jsonl#k2": ("k2", "2025-03-18")}
    assert len({row["sha256"] for row in rows().values()}) == 1


def test_equal_files_are_read_once(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(workspace, a_dot_txt="글\n".encode(), b_dot_txt="글\n".encode(), c_dot_txt="말\n".encode())
    given: list[str] = []

    def spread(work, sources, settings):  # type: ignore[no-untyped-def]
        for source in sources:
            given.append(source.doc_id)
            yield work(source)

    monkeypatch.setattr(parse, "spread", spread)
    parse.main()
    assert list(rows()) == ["a.txt", "b.txt", "c.txt"]
    assert len(given) == 2


def test_results_are_the_same_for_every_number_of_jobs(workspace: Path) -> None:
    put(workspace, **{f"d{number}_dot_txt": f"글 {number}\n".encode() for number in range(9)})
    parse.main()
    first = parse.ROWS.read_bytes()
    (workspace / "cache" / "answers.sqlite").unlink(missing_ok=True)
    set_params(workspace, **{"parallel.jobs": 1})
    parse.main()
    assert parse.ROWS.read_bytes() == first


def test_documents_that_dvc_links_to_its_cache_are_read(workspace: Path) -> None:
    folder = put(workspace, a_dot_txt="글\n".encode())
    subprocess.run(["git", "init", "-q"], cwd=workspace, check=True)
    for command in ("init -q", "config cache.type symlink", "add -q data/documents"):
        subprocess.run([sys.executable, "-m", "dvc", *command.split()], cwd=workspace, check=True)
    assert (folder / "a.txt").is_symlink()
    parse.main()
    assert list(rows()) == ["a.txt"]
    assert reasons() == {}


PERSONAL = "담당자 연락처\n\n홍길동 010-1234-5678, hong@example.com\n\n주민등록번호 900101-1234568\n"


@pytest.mark.parametrize("mode", ["off", "report", "mask"])
def test_personal_data_is_counted_or_masked_as_asked(workspace: Path, mode: str) -> None:
    put(workspace, a_dot_txt=PERSONAL.encode(), b_dot_txt="글\n".encode())
    set_params(workspace, **{"parse.redact": mode})
    parse.main()
    found = {"email": 1, "phone_number": 1, "resident_number": 1}
    assert metrics()["personal_data"] == ({} if mode == "off" else found)
    assert metrics()["documents_with_personal_data"] == (
        [] if mode == "off" else [{"doc_id": "a.txt"} | found]
    )
    secrets = ("010-1234-5678", "hong@example.com", "900101-1234568")
    assert [secret in rows()["a.txt"]["markdown"] for secret in secrets] == [mode != "mask"] * 3
    assert "담당자 연락처" in rows()["a.txt"]["markdown"]


def test_masking_keeps_pages_and_reaches_title_and_meta(workspace: Path) -> None:
    pages = [[(60, 100, 10, "문의 hong@example.com")], [(60, 100, 10, "둘째 쪽")]]
    front = "---\ntitle: hong@example.com 앞\nauthor: kim@example.com\n---\n글\n"
    put(workspace, a_dot_pdf=pdf(pages), b_dot_md=front.encode())
    set_params(workspace, **{"parse.redact": "mask"})
    parse.main()
    row = rows()["a.pdf"]
    assert row["markdown"][row["page_starts"][1] :].startswith("둘째")
    assert "@example.com" not in json.dumps(list(rows().values()), ensure_ascii=False)


def test_a_changed_mode_reads_nothing_again(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(workspace, a_dot_txt=PERSONAL.encode())
    parse.main()
    monkeypatch.setattr(parse, "spread", no_workers)
    set_params(workspace, **{"parse.redact": "mask"})
    parse.main()
    assert "hong@example.com" not in rows()["a.txt"]["markdown"]


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
