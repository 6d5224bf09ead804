import pymupdf
import pytest

from slm_factory.parsers.line_breaks import Joiner
from slm_factory.parsers.parsed import Limits, Refused
from slm_factory.parsers.pdf import parse
from tests.parsers.builders import LIMITS, pdf, pdf_table

AES_256 = 5  # pymupdf.PDF_ENCRYPT_AES_256, which its stubs do not know


def test_headings_come_from_font_sizes() -> None:
    page = [
        (60, 90, 20, "장애 등급"),
        (60, 130, 14, "정의"),
        (60, 160, 10, "장애는 서비스가 멈춘 상태를 말하며 모두 기록한다."),
    ]
    parsed = parse(pdf([page]), LIMITS)
    assert parsed.markdown == "# 장애 등급\n\n## 정의\n\n장애는 서비스가 멈춘 상태를 말하며 모두 기록한다.\n"
    assert parsed.title == "장애 등급"


def test_running_heads_go_and_numbers_in_the_text_stay() -> None:
    pages = [
        [
            (60, 40, 9, "내부 문서"),
            (60, 300, 10, f"본문 {number}"),
            (60, 340, 10, "42"),
            (290, 810, 9, f"- {number} -"),
        ]
        for number in range(1, 5)
    ]
    markdown = parse(pdf(pages), LIMITS).markdown
    assert "내부 문서" not in markdown and "- 1 -" not in markdown
    assert markdown.count("42") == 4 and "본문 3" in markdown


def test_repeated_rows_in_the_margin_stay_if_their_numbers_go_up_and_down() -> None:
    pages = [
        [(60, 300, 10, f"본문 {number}"), (60, 800, 9, f"합계 {total}원")]
        for number, total in enumerate([500, 90, 700])
    ]
    assert parse(pdf(pages), LIMITS).markdown.count("합계") == 3


def test_the_only_page_loses_its_number_but_no_other_last_line() -> None:
    page = [(60, 100, 10, "본문"), (60, 400, 10, "글")]
    assert parse(pdf([[*page, (290, 810, 9, "1 / 1")]]), LIMITS).markdown == "본문\n\n글\n"
    assert parse(pdf([[*page, (290, 810, 9, "7")]]), LIMITS).markdown.endswith("7\n")


def test_page_starts_point_to_the_text_of_each_page() -> None:
    parsed = parse(pdf([[(60, 100, 10, "첫째")], [], [(60, 100, 10, "셋째")]]), LIMITS)
    assert parsed.pages == 3
    assert [parsed.markdown[start:].split("\n")[0] for start in parsed.page_starts] == [
        "첫째",
        "셋째",
        "셋째",
    ]


def test_tables_stand_in_place_with_spaces_and_merged_cells() -> None:
    document = pymupdf.open()
    page = document.new_page()
    page.insert_text((60, 90), "앞 문장이다.", fontname="korea", fontsize=10)
    rows: list[list[str | None]] = [
        ["등급", "첫 응답 시간", "비고"],
        ["1등급 장애", "5분", "전화"],
        [None, "15분", "대화방"],
    ]
    pdf_table(page, 110, rows)
    page.insert_text((60, 230), "뒤 문장이다.", fontname="korea", fontsize=10)
    assert parse(document.tobytes(), LIMITS).markdown == (
        "앞 문장이다.\n\n| 등급 | 첫 응답 시간 | 비고 |\n|---|---|---|\n| 1등급 장애 | 5분 | 전화 |\n"
        "| 1등급 장애 | 15분 | 대화방 |\n\n뒤 문장이다.\n"
    )


def test_columns_are_read_one_after_the_other_whatever_the_order_in_the_file() -> None:
    head = "머리말은 두 단에 걸쳐 길게 이어지는 한 줄의 문장으로서 가운데를 지난다"
    left = [(60, 120 + 40 * row, 10, f"왼쪽 {row}") for row in range(5)]
    right = [(320, 120 + 40 * row, 10, f"오른쪽 {row}") for row in range(5)]
    markdown = parse(pdf([[*right, (60, 80, 10, head), *left]]), LIMITS).markdown
    lines = [line for line in markdown.split("\n") if line]
    assert lines == [head, *(f"{side} {row}" for side in ("왼쪽", "오른쪽") for row in range(5))]


def test_blocks_in_no_clear_order_end_in_some_order() -> None:
    words = [(60 + 97 * row % 400, 80 + 61 * row % 700, 10, f"글 {row}") for row in range(40)]
    markdown = parse(pdf([words]), LIMITS).markdown
    assert sorted(markdown.replace("글 ", " ").split(), key=int) == [str(row) for row in range(40)]


def test_broken_lines_are_joined_and_short_lines_are_not() -> None:
    html = (
        "<p>"
        + "사람을 탓하지 않고 일이 일어난 순서와 배운 점을 적는다. " * 4
        + "</p><p>이름: 가<br>번호: 나</p>"
    )
    document = pymupdf.open()
    document.new_page().insert_htmlbox((60, 60, 400, 400), html)
    lines = [line for line in parse(document.tobytes(), LIMITS).markdown.split("\n") if line]
    assert len(lines) == 3 and lines[1:] == ["이름: 가", "번호: 나"]


def test_bullets_become_list_items() -> None:
    page = [(60, 100, 10, "• 이름: 가"), (60, 114, 10, "• 번호: 나"), (60, 128, 10, "1. 연다")]
    assert parse(pdf([page]), LIMITS).markdown == "- 이름: 가\n- 번호: 나\n1. 연다\n"


def test_an_encrypted_file_is_refused() -> None:
    data = pdf([[(60, 100, 10, "x")]], encryption=AES_256, user_pw="a", owner_pw="b")
    with pytest.raises(Refused, match="encrypted"):
        parse(data, LIMITS)


def test_scanned_pages_are_named_and_a_scanned_file_is_refused() -> None:
    document = pymupdf.open()
    document.new_page().insert_text((60, 100), "text")
    pixels = pymupdf.Pixmap(pymupdf.csGRAY, pymupdf.IRect(0, 0, 50, 50))
    document.new_page().insert_image((0, 0, 500, 700), pixmap=pixels)
    assert parse(document.tobytes(), LIMITS).warnings == ("no text on page 2: scanned?",)
    document.delete_page(0)
    with pytest.raises(Refused, match="no text"):
        parse(document.tobytes(), LIMITS)


def test_too_many_pages_and_garbage_are_refused() -> None:
    with pytest.raises(Refused, match="max_pages"):
        parse(pdf([[(60, 100, 10, "x")]] * 3), Limits(max_pages=2, max_expanded_bytes=1))
    with pytest.raises(Refused):
        parse(b"%PDF-1.7\n" + bytes(range(256)) * 40, LIMITS)


def test_hyphens_are_mended_and_the_spaces_of_the_file_decide_about_korean() -> None:
    joiner = Joiner(["사실이 밝혀", "지면 낮춘다. ", "모두 "])
    assert joiner.join("config-", "uration file") == "configuration file"
    assert joiner.join("one", "two") == "one two"
    assert joiner.join("사실이 밝혀", "지면") == "사실이 밝혀지면"
    assert joiner.join("다루는 ", "것") == "다루는 것"


def test_without_spaces_at_line_ends_the_text_itself_decides() -> None:
    joiner = Joiner(["끝날 때까지 지우지 않는다", "고객이 겪는 불편을 기준으로"])
    assert joiner.join("지우지 않는", "다.") == "지우지 않는다."
    assert joiner.join("걸린 시간을", "목표로") == "걸린 시간을 목표로"
    assert joiner.join("성공할 때까지", "지우지") == "성공할 때까지 지우지"
    assert joiner.join("성공할 때까지", "는 둔다") == "성공할 때까지는 둔다"
