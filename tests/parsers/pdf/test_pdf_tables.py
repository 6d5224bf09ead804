from collections.abc import Sequence

import pymupdf
import pytest

from slm_factory.parsers.pdf import layout_model, page_reader
from slm_factory.parsers.pdf.continued_tables import join_tables, write_tables
from slm_factory.parsers.pdf.document import parse
from slm_factory.parsers.pdf.page import Block, Box
from tests.parsers.builders import OPTIONS, pdf, pdf_table

STAFF = [
    ["부서", "인원", "예산"],
    ["관제팀", "12", "3,400"],
    ["정비반", "7", "1,250"],
    ["상황실", "9", "2,100"],
]
MARKDOWN = (
    "| 부서 | 인원 | 예산 |\n|---|---|---|\n"
    "| 관제팀 | 12 | 3,400 |\n| 정비반 | 7 | 1,250 |\n| 상황실 | 9 | 2,100 |\n"
)
LEFT, WIDTH, HEIGHT = 60, 120, 20


def write(
    page: pymupdf.Page, rows: Sequence[Sequence[str]], top: float = 100, height: float = HEIGHT
) -> None:
    """Puts the cells of a table on a page, nothing between them; lines of a cell stand 12 points apart."""
    for row, cells in enumerate(rows):
        for column, text in enumerate(cells):
            for number, line in enumerate(text.split("\n")):
                place = (LEFT + column * WIDTH + 4, top + row * height + 13 + 12 * number)
                page.insert_text(place, line, fontname="korea", fontsize=10)


def across(page: pymupdf.Page, *heights: float, columns: int = 3) -> None:
    """Draws horizontal rules."""
    for y in heights:
        page.draw_line((LEFT, y), (LEFT + columns * WIDTH, y))


def down(page: pymupdf.Page, top: float, bottom: float, columns: Sequence[int]) -> None:
    """Draws vertical rules to the left of the columns."""
    for column in columns:
        page.draw_line((LEFT + column * WIDTH, top), (LEFT + column * WIDTH, bottom))


def markdown(page: pymupdf.Page) -> str:
    """What the page's document reads like."""
    return parse(page.parent.tobytes(), OPTIONS).markdown


@pytest.fixture
def page() -> pymupdf.Page:
    return pymupdf.open().new_page()


def test_tables_stand_in_place_with_spaces_and_merged_cells(page: pymupdf.Page) -> None:
    page.insert_text((60, 90), "앞 문장이다.", fontname="korea", fontsize=10)
    rows: list[list[str | None]] = [
        ["등급", "첫 응답 시간", "비고"],
        ["1등급 장애", "5분", "전화"],
        [None, "15분", "대화방"],
    ]
    pdf_table(page, 110, rows)
    page.insert_text((60, 230), "뒤 문장이다.", fontname="korea", fontsize=10)
    assert markdown(page) == (
        "앞 문장이다.\n\n| 등급 | 첫 응답 시간 | 비고 |\n|---|---|---|\n| 1등급 장애 | 5분 | 전화 |\n"
        "| 1등급 장애 | 15분 | 대화방 |\n\n뒤 문장이다.\n"
    )


def test_a_table_without_outer_rules_keeps_its_outer_columns(page: pymupdf.Page) -> None:
    rows = [[f"{number}{column}관제팀의비상연락망" for column in "가나다"] for number in "일이삼"]
    write(page, rows)  # so long that no white stands between the columns
    across(page, 120, 140)
    down(page, 100, 160, [1, 2])
    assert markdown(page).split("\n")[0] == f"| {' | '.join(rows[0])} |"


def test_rules_between_columns_only_leave_the_rows_apart(page: pymupdf.Page) -> None:
    write(page, STAFF)
    across(page, 100, 120, 180)
    down(page, 100, 180, [0, 1, 2, 3])
    assert markdown(page) == MARKDOWN


def test_lines_of_wrapped_cells_side_by_side_stay_in_their_cells(page: pymupdf.Page) -> None:
    write(
        page,
        [
            ["원인", "조치"],
            [
                "펌프의 압력이 낮아져서\n물이 차올랐다고\n적었다",
                "예비 펌프로 바꾸고\n압력을 다시 재어서\n적었다",
            ],
        ],
    )
    across(page, 100, 120, 162, columns=2)
    down(page, 100, 162, [0, 1, 2])
    assert markdown(page).split("\n")[2] == (
        "| 펌프의 압력이 낮아져서 물이 차올랐다고 적었다 | 예비 펌프로 바꾸고 압력을 다시 재어서 적었다 |"
    )


def test_horizontal_rules_alone_hold_a_table_together(page: pymupdf.Page) -> None:
    write(page, STAFF)
    across(page, 100, 120, 180)
    assert markdown(page) == MARKDOWN


def test_columns_of_numbers_need_no_rules(page: pymupdf.Page) -> None:
    write(page, STAFF)
    assert markdown(page) == MARKDOWN


@pytest.mark.parametrize("is_framed", [False, True])
def test_shaded_rows_divide_neither_themselves_nor_the_table(page: pymupdf.Page, is_framed: bool) -> None:
    for row in (1, 3):
        for column in range(3):
            x, y = LEFT + column * WIDTH, 100 + row * HEIGHT
            page.draw_rect((x, y, x + WIDTH, y + HEIGHT), color=None, fill=(0.8, 0.8, 0.8))
    if is_framed:
        across(page, 100, 180)
        down(page, 100, 180, [0, 3])
    write(page, STAFF)
    assert markdown(page) == MARKDOWN


def test_wrapped_cells_without_rules_are_one_row(page: pymupdf.Page) -> None:
    write(page, [[name, f"{name}은\n둘이 적는다", count] for name, count, _ in STAFF], height=34)
    lines = markdown(page).split("\n")
    assert len(lines) == 6 and lines[2] == "| 관제팀 | 관제팀은 둘이 적는다 | 12 |"


def test_a_cell_between_two_rows_belongs_to_both(page: pymupdf.Page) -> None:
    write(page, [["", *row[1:]] for row in STAFF])
    write(page, [["부서"]])
    write(page, [["관제팀"]], top=130)
    write(page, [["상황실"]], top=160)
    assert markdown(page).split("\n")[2:5] == [
        "| 관제팀 | 12 | 3,400 |",
        "| 관제팀 | 7 | 1,250 |",
        "| 상황실 | 9 | 2,100 |",
    ]


def test_a_table_over_pages_has_one_header_and_its_pages_begin_within_it() -> None:
    document = pymupdf.open()
    for part in (STAFF, [STAFF[0], ["관리과", "4", "800"]]):
        pdf_table(document.new_page(), 100, part)
    parsed = parse(document.tobytes(), OPTIONS)
    assert parsed.markdown == MARKDOWN + "| 관리과 | 4 | 800 |\n"
    assert parsed.markdown[parsed.page_starts[1] :] == "| 관리과 | 4 | 800 |\n"


def test_a_table_goes_on_between_the_same_edges_and_no_others() -> None:
    def table(left: float, *rows: tuple[str, ...]) -> list[Block]:
        return [Block((left, 100, 420, 200), table=rows)]

    pages = [table(60, ("부서", "인원")), table(62, ("관제팀", "12")), table(90, ("정비반", "7"))]
    pages += [table(90, ("가", "나", "다"))]
    joined = join_tables(pages)
    assert [page[0].is_continued for page in joined] == [False, True, False, False]
    assert write_tables(joined)[:2] == [["| 부서 | 인원 |\n|---|---|"], ["| 관제팀 | 12 |"]]


def test_text_between_two_pages_keeps_their_tables_apart() -> None:
    document = pymupdf.open()
    pdf_table(document.new_page(), 100, STAFF)
    page = document.new_page()
    page.insert_text((60, 90), "다음 해의 표이다.", fontname="korea", fontsize=10)
    pdf_table(page, 100, STAFF)
    assert parse(document.tobytes(), OPTIONS).markdown == f"{MARKDOWN}\n다음 해의 표이다.\n\n{MARKDOWN}"


def test_lines_of_a_drawing_make_no_table(page: pymupdf.Page) -> None:
    for row in range(6):
        text = f"{row}호 펌프의 압력을 두사람이 함께 다시확인하고 기록한다."
        page.insert_text((60, 114 + 20 * row), text, fontname="korea", fontsize=10)
        page.draw_line((60 + 37 * row, 100), (60 + 37 * row, 200))
        page.draw_line((60, 100 + 20 * row), (245, 100 + 20 * row))
    assert "|" not in markdown(page)


def test_lists_contents_and_columns_of_text_are_no_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_reader, "is_confirmed", lambda page, box: True)
    marks = [(60, 100 + 20 * row, 10, f"({row})") for row in range(6)]
    items = [(110, 100 + 20 * row, 10, f"사항 {row}") for row in range(6)]
    contents = [(60, 300 + 20 * row, 10, f"사항 {row}  {'.' * 30}") for row in range(6)]
    numbers = [(400, 300 + 20 * row, 10, f"{row * 7}") for row in range(6)]
    assert "|" not in parse(pdf([[*marks, *items, *contents, *numbers]]), OPTIONS).markdown
    left = [(60, 100 + 20 * row, 10, "왼쪽 단의 글은 여기에서 끝나지 않고 이") for row in range(9)]
    right = [(320, 100 + 20 * row, 10, "오른쪽 단의 글도 여기에서 끝나지 않고") for row in range(9)]
    assert "|" not in parse(pdf([[*left, *right]]), OPTIONS).markdown


@pytest.mark.parametrize("is_table", [True, False])
def test_where_only_white_tells_two_columns_the_model_decides(
    page: pymupdf.Page, monkeypatch: pytest.MonkeyPatch, is_table: bool
) -> None:
    asked = []

    def answer(page: pymupdf.Page, box: Box) -> bool:
        asked.append(box)
        return is_table

    monkeypatch.setattr(page_reader, "is_confirmed", answer)
    write(page, [["관제팀", "담당자"], ["정비반", "책임자"], ["상황실", "근무자"]])
    assert ("| 관제팀 | 담당자 |" in markdown(page)) == is_table and len(asked) == 1
    asked.clear()
    write(page, [row[::2] for row in STAFF], top=300)
    assert "| 정비반 | 1,250 |" in markdown(page)
    assert len(asked) == 1, "the second table, with its numbers, is beyond doubt"


def test_the_model_knows_a_table_from_a_paragraph(page: pymupdf.Page) -> None:
    pdf_table(page, 100, STAFF)
    page.insert_htmlbox((60, 400, 500, 600), "The control room writes a report after each outage. " * 12)
    assert layout_model.is_confirmed(page, (60, 100, 420, 196))
    assert not layout_model.is_confirmed(page, (60, 400, 500, 600))
