from slm_factory.parsers.markdown import join_blocks
from slm_factory.parsers.records.sheet_tables import Rows
from slm_factory.parsers.records.sheets import MAX_TABLE_ROWS, sheet_blocks


def grid(*rows: list[str]) -> Rows:
    """Rows by number; "" is an empty cell, [] an empty row."""
    cells = {
        number: {at: text for at, text in enumerate(row, 1) if text} for number, row in enumerate(rows, 1)
    }
    return {number: row for number, row in cells.items() if row}


def markdown(*rows: list[str]) -> str:
    return join_blocks(sheet_blocks(grid(*rows), level=1))


def people(count: int) -> list[list[str]]:
    return [
        [str(number), f"직원 {number}", "총무" if number % 2 else "인사"] for number in range(1, count + 1)
    ]


def test_a_small_sheet_is_a_table_under_the_title_above_it() -> None:
    assert markdown(["연락처", "", ""], ["이름", "부서", "내선"], ["홍가람", "총무", "1234"]) == (
        "## 연락처\n\n| 이름 | 부서 | 내선 |\n|---|---|---|\n| 홍가람 | 총무 | 1234 |\n"
    )


def test_a_long_sheet_is_one_section_per_row_named_by_the_text_that_differs() -> None:
    found = markdown(["번호", "이름", "부서"], *people(MAX_TABLE_ROWS + 1))
    assert found.startswith("## 직원 1\n\n- 번호: 1\n- 이름: 직원 1\n- 부서: 총무\n\n## 직원 2\n")
    assert found.count("\n## ") == MAX_TABLE_ROWS
    assert markdown(["번호", "이름", "부서"], *people(MAX_TABLE_ROWS)).startswith("| 번호 | 이름 | 부서 |")


def test_rows_that_share_their_first_text_are_named_by_several() -> None:
    rows = [[place, month, "3"] for place in ("서울", "부산") for month in map("{}월".format, range(1, 31))]
    assert "## 부산 / 2월\n\n- 지점: 부산\n- 달: 2월\n- 건수: 3\n" in markdown(["지점", "달", "건수"], *rows)


def test_rows_with_long_texts_become_records_whose_lines_stay_lines() -> None:
    answer = "먼저 끈다.\n다시 켠다. " + "자세히 본다. " * 90
    found = markdown(["질문", "답변"], ["켜지지 않나요?", answer])
    assert found.startswith(
        "## 켜지지 않나요?\n\n- 질문: 켜지지 않나요?\n- 답변:\n    먼저 끈다.\n    다시 켠다."
    )


def test_a_caption_across_a_long_table_is_a_heading_over_its_rows() -> None:
    rows = people(MAX_TABLE_ROWS + 1)
    found = markdown(["번호", "이름", "부서"], ["본사"] * 3, *rows[:30], ["지사"] * 3, *rows[30:])
    assert "## 본사\n\n### 직원 1\n" in found and "## 지사\n\n### 직원 31\n" in found


def test_two_header_rows_are_joined() -> None:
    table = markdown(
        ["부서", "본사", "본사", "비고"], ["부서", "1분기", "2분기", "비고"], ["총무", "10", "20", "없음"]
    )
    assert table.startswith("| 부서 | 본사 / 1분기 | 본사 / 2분기 | 비고 |\n|---|---|---|---|\n| 총무 |")


def test_a_row_of_texts_below_a_spanning_header_stays_a_row() -> None:
    table = markdown(["담당", "담당", "비고"], ["홍가람", "팀장", "휴가"], ["김나루", "대리", "출장"])
    assert "| 홍가람 | 팀장 | 휴가 |" in table.split("|---|---|---|")[1]


def test_years_and_days_are_names_but_amounts_are_not() -> None:
    assert markdown(["구분", "2023", "2024"], ["매출", "10", "20"]).startswith("| 구분 | 2023 | 2024 |\n|---")
    assert markdown(["이름", "1", "2", "3"], ["김", "출", "출", "휴"]).startswith(
        "| 이름 | 1 | 2 | 3 |\n|---"
    )
    assert markdown(["매출", "1,200", "950"], ["비용", "300", "20"]).startswith("| A | B | C |\n|---")


def test_empty_rows_divide_tables_and_a_part_without_header_goes_on() -> None:
    found = markdown(["이름", "나이"], ["김", "3"], [], ["박", "4"], [], ["지역", "건수"], ["서울", "9"])
    assert found == (
        "| 이름 | 나이 |\n|---|---|\n| 김 | 3 |\n| 박 | 4 |\n\n| 지역 | 건수 |\n|---|---|\n| 서울 | 9 |\n"
    )


def test_tables_side_by_side_are_apart_but_a_spaced_table_is_one() -> None:
    apart = markdown(
        ["이름", "나이", "", "지역", "건수"], ["김", "3", "", "서울", "9"], ["박", "4", "", "부산", "8"]
    )
    assert (
        "| 이름 | 나이 |\n|---|---|\n| 김 | 3 |" in apart
        and "| 지역 | 건수 |\n|---|---|\n| 서울 | 9 |" in apart
    )
    spaced = markdown(["이름", "1월", "", "2월", "3월"], ["김", "3", "", "5", "9"], ["박", "4", "", "6", "8"])
    assert "| 김 | 3 | 5 | 9 |" in spaced


def test_texts_around_a_table_are_text() -> None:
    found = markdown(
        ["매출 현황"], ["(단위: 천원)"], ["작성일", "", "", "3월 5일"],
        ["부서", "매출", "비용", "이익"], ["총무", "1", "2", "3"], ["※ 잠정치이다"],
    )  # fmt: skip
    assert found.startswith("## 매출 현황\n\n(단위: 천원)\n\n작성일: 3월 5일\n\n| 부서 |")
    assert found.endswith("| 총무 | 1 | 2 | 3 |\n\n※ 잠정치이다\n")


def test_no_cell_is_lost_beyond_the_header_or_without_one() -> None:
    assert "| 김 | 3 | 더 |" in markdown(["이름", "나이"], ["김", "3", "더"])
    assert markdown(["1", "2"], ["3", "4"]) == "| A | B |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n"


def test_columns_of_one_name_are_told_apart() -> None:
    assert markdown(["이름", "점수", "점수"], ["김", "1", "2"]).startswith("| 이름 | 점수 | 점수 (2) |")


def test_a_comb_of_ten_thousand_columns_is_read_at_once() -> None:
    row = {column: f"값 {column}" for column in range(1, 10_000, 2)}
    assert "값 9999" in join_blocks(sheet_blocks({1: row, 2: dict(row), 3: dict(row)}, level=1))
