import io
import unicodedata
from pathlib import Path

import docx
import pytest
from hwpx.hwp5.cfb import build_compound_file

from slm_factory.parsers.parse_file import FORMATS, PARSERS, find_date, parse_file
from slm_factory.parsers.parsed import Refused
from tests.parsers.builders import OPTIONS, hwpx, pdf, text


def save(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def word(words: str) -> bytes:
    buffer = io.BytesIO()
    document = docx.Document()
    document.add_paragraph(words)
    document.save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "format_name"),
    [
        ("a.pdf", word("글"), "docx"),
        ("a.docx", hwpx([text("글")]), "hwpx"),
        ("a.hwpx", pdf([[(60, 100, 10, "글")]]), "pdf"),
        ("a.txt", pdf([[(60, 100, 10, "글")]]), "pdf"),
        ("a.md", "<!DOCTYPE html><html><body><p>글이 있는 문서이다.</p></body></html>".encode(), "html"),
    ],
)
def test_a_wrong_suffix_is_found_by_content(tmp_path: Path, name: str, data: bytes, format_name: str) -> None:
    [parsed] = parse_file(save(tmp_path, name, data), OPTIONS)
    assert parsed.format == format_name
    assert f"the content is {format_name}" in parsed.warnings[0]


@pytest.mark.parametrize("name", ["a.pdf", "a.docx", "a.hwpx"])
def test_garbage_is_refused_whatever_its_suffix(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused):
        parse_file(save(tmp_path, name, bytes(range(255, -1, -1)) * 10), OPTIONS)


@pytest.mark.parametrize("suffix", FORMATS)
def test_an_empty_file_is_refused(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(Refused, match="empty"):
        parse_file(save(tmp_path, f"a{suffix}", b" \n"), OPTIONS)


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        ("EncryptedPackage", "encrypted"),
        ("WordDocument", r"save it as \.docx"),
        ("Workbook", r"save it as \.xlsx"),
        ("PowerPoint Document", r"save it as \.pptx"),
        ("Strange", "not read here"),
    ],
)
def test_old_binary_and_encrypted_office_files_are_refused_by_name(
    tmp_path: Path, stream: str, reason: str
) -> None:
    data = build_compound_file([(stream, b"x" * 5000)])
    with pytest.raises(Refused, match=reason):
        parse_file(save(tmp_path, "a.docx", data), OPTIONS)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "damaged compound file"),
        (b"HWP Document File V3.00 \x1a\x01\x02", "HWP 3"),
    ],
)
def test_damaged_and_older_hwp_files_are_refused_by_name(tmp_path: Path, data: bytes, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        parse_file(save(tmp_path, "a.hwp", data), OPTIONS)


def test_markdown_is_nfc_and_ends_with_one_newline_in_every_format(tmp_path: Path) -> None:
    words = unicodedata.normalize("NFD", "장애 대응")
    page = f"<html><body><main><p>{words} 문서입니다.</p></main></body></html>"
    made = {"a.docx": word(words), "a.hwpx": hwpx([text(words)]), "a.html": page.encode()}
    made |= {"a.md": words.encode(), "a.txt": words.encode(), "a.pdf": pdf([[(60, 100, 10, "장애 대응")]])}
    for name, data in made.items():
        markdown = parse_file(save(tmp_path, name, data), OPTIONS)[0].markdown
        assert (
            markdown.startswith("장애 대응")
            and markdown.endswith("\n")
            and markdown.strip() + "\n" == markdown
        )


def test_language_is_that_of_the_text(tmp_path: Path) -> None:
    assert (
        parse_file(save(tmp_path, "a.txt", "Kubernetes 클러스터를 만든다".encode()), OPTIONS)[0].language
        == "ko"
    )
    assert parse_file(save(tmp_path, "b.txt", b"Make a cluster"), OPTIONS)[0].language == "en"


def test_a_date_counts_on_a_short_line_but_not_in_a_sentence(tmp_path: Path) -> None:
    dated = "제목\n작성일: 2025. 3. 18.\n"
    told = "이 규칙은 2019년 3월 18일에 있었던 사고 뒤에 여러 팀이 함께 만든 것으로 해마다 고친다.\n"
    assert parse_file(save(tmp_path, "a.txt", dated.encode()), OPTIONS)[0].date == "2025-03-18"
    assert parse_file(save(tmp_path, "b.txt", told.encode()), OPTIONS)[0].date == ""


@pytest.mark.parametrize(
    "words", ["2025-03-18", "2025. 3. 18.", "2025년 3월 18일", "보고_20250318", "9 2025/3/18"]
)
def test_dates_are_read_in_every_usual_form(words: str) -> None:
    assert find_date(words) == "2025-03-18"


@pytest.mark.parametrize("words", ["2025-13-45", "12025-03-18", "070-2025-0318", ""])
def test_numbers_that_are_no_dates_are_not_read_as_dates(words: str) -> None:
    assert find_date(words) == ""


def test_every_format_has_a_parser() -> None:
    assert set(FORMATS.values()) == set(PARSERS)
