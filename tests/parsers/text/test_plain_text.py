import textwrap

from slm_factory.parsers.text.plain import structure

WRAPPED = """관제팀은 매주 월요일 아침에 예비 펌프의 압력을 다시 확인하고 기록한
다. 측정값이 기준을 넘으면 정비반에 알리고 두 사람이 함께 점검한다. 점
검한 결과는 이틀 안에 본부에 서면으로 보고하며 원본과 사본을 따로 보관
한다. 이때 사진도 남긴다."""


def test_chapters_and_sections_become_headings() -> None:
    text = "규칙\n\n제1장 총칙\n\n제1조(목적) 정한다.\n\n제2장 근무\n제1절 시간\n여덟 시간이다."
    assert structure(text) == (
        "규칙\n\n## 제1장 총칙\n\n제1조(목적) 정한다.\n\n## 제2장 근무\n\n### 제1절 시간\n\n여덟 시간이다."
    )


def test_a_table_of_contents_and_a_sentence_are_no_headings() -> None:
    contents = "제1장 총칙\n제2장 근무\n제3장 보칙"
    sentence = (
        "제1장 총칙에서 정한 바에 따라 다음과 같이 처리한다고 모두가 이해하고 있으며 이를 늘 지켜야 한다"
    )
    assert structure(f"{contents}\n\n{sentence}") == f"{contents}\n\n{sentence}"


def test_an_outline_becomes_headings() -> None:
    text = "1. 개요\n\n설명한다.\n\n1.1 대상\n\n담당자.\n\n2. 준비\n\n준비한다."
    assert structure(text).count("#") == 2 + 3 + 2
    assert structure(text).startswith("## 1. 개요\n\n설명한다.\n\n### 1.1 대상\n")


def test_items_and_numbers_out_of_order_are_no_headings() -> None:
    items = "1. 사과\n\n2. 배\n\n3. 귤"
    jump = "1. 개요\n\n글.\n\n3. 준비\n\n글."
    assert structure(items) == items and structure(jump) == jump


def test_wrapped_korean_is_joined_within_words() -> None:
    assert structure(WRAPPED) == (
        "관제팀은 매주 월요일 아침에 예비 펌프의 압력을 다시 확인하고 기록한다. 측정값이 기준을 넘으면 "
        "정비반에 알리고 두 사람이 함께 점검한다. 점검한 결과는 이틀 안에 본부에 서면으로 보고하며 "
        "원본과 사본을 따로 보관한다. 이때 사진도 남긴다."
    )


def test_wrapped_items_are_joined_and_items_stay_apart() -> None:
    words = "the pump is checked on every Monday by two clerks of the control room " * 4
    item = textwrap.fill(f"- {words}", 72, subsequent_indent="  ")
    assert structure(
        f"{textwrap.fill(words, 72)}\n\n{item}\n- second"
    ) == f"{words}\n\n- {words}\n- second".replace(" \n", "\n")


def test_short_lines_code_and_drawn_tables_stay_as_they_are() -> None:
    text = (
        "이름: 가\n나이: 3\n\n    code one\n    code two\n\n+---+---+\n| a | b |\n+---+---+\n\n┌─┐\n│x│\n└─┘"
    )
    assert structure(f"{WRAPPED}\n\n{text}").endswith(text)


def test_lines_with_tabs_become_a_table() -> None:
    assert structure("가\t나\n1\t2\n3\t4") == "| 가 | 나 |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |"


def test_a_text_that_is_indented_as_a_whole_moves_to_the_margin() -> None:
    assert structure("  가\n\n    나") == "가\n\n  나"
