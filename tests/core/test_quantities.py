"""Numbers are read as values, however they are written; codes stay whole."""

from fractions import Fraction

import pytest

from slm_factory.core.quantities import read


def amounts(text: str) -> list[tuple[Fraction, str]]:
    return [(one.value, one.unit) for one in read(text) if isinstance(one.value, Fraction)]


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("3억 5천만원", 350_000_000, "원"),
        ("1,000만원이다", 10_000_000, "원"),
        ("3천5백만 원", 35_000_000, "원"),
        ("1억 2,345만 6,789원", 123_456_789, "원"),
        ("십만 원", 100_000, "원"),
        ("95만 건", 950_000, "건"),
        ("두 번", 2, "회"),
        ("세 명이", 3, "명"),
        ("스무 개", 20, "개"),
        ("첫째", 1, ""),
        ("석 달", 3, "개월"),
        ("이틀", 2, "일"),
        ("twenty-five people", 25, "명"),
        ("a dozen", 12, ""),
        ("two hours", 2, "시간"),
        ("2nd", 2, ""),
        ("100 million won", 100_000_000, "원"),
        ("₩5,000", 5000, "원"),
        ("£300m", 300_000_000, "파운드"),
        ("10 percent", 10, "%"),
        ("30퍼센트", 30, "%"),
        ("5%p", 5, "%p"),
        ("100분의 50", 50, "%"),
        ("three quarters", 75, "%"),
        ("-5℃", -5, "도"),
        ("제3조에", 3, "조"),
        ("90-day", 90, "일"),
    ],
)
def test_an_amount_is_read_with_its_unit(text: str, value: int, unit: str) -> None:
    assert amounts(text) == [(Fraction(value), unit)]


@pytest.mark.parametrize(
    "text",
    [
        "2024. 3. 5.",
        "2024-03-05",
        "2024/3/5",
        "2024년 3월 5일",
        "'24년 3월 5일",
        "March 5, 2024",
        "5 March 2024",
        "the 5th of March 2024",
    ],
)
def test_a_date_is_one_in_every_spelling(text: str) -> None:
    assert [(one.kind, one.value) for one in read(text)] == [("date", (2024, 3, 5))]


@pytest.mark.parametrize("text", ["오후 3시 30분", "15:30", "3:30 PM", "15시 30분", "오후 3:30"])
def test_a_time_of_day_is_one_in_every_spelling(text: str) -> None:
    assert [(one.kind, one.value) for one in read(text)] == [("time", (15, 30))]


@pytest.mark.parametrize(
    "text", ["02-1234-5678", "a@b.example", "AES-256", "IPv6", "v2.3.1", "10.0.0.1", "KB-2024-001", "db-01"]
)
def test_a_code_stays_whole(text: str) -> None:
    assert [(one.kind, one.value) for one in read(text)] == [("code", text.casefold())]


@pytest.mark.parametrize(
    "text", ["만일 그렇다면", "이 분이 오면", "두 시스템", "may go", "step by step", "일을 마친다"]
)
def test_words_that_only_look_like_numbers_are_none(text: str) -> None:
    assert read(text) == ()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("90분", "1시간 30분"),
        ("2일", "48시간"),
        ("7일", "일주일"),
        ("1년 6개월", "18개월"),
        ("1 hour and 30 minutes", "90 minutes"),
        ("1톤", "1,000kg"),
        ("120 cents", "1.20 dollars"),
        ("3월 5일", "2024년 3월 5일"),
        ("3시", "오후 3시"),
        ("30", "30분"),
    ],
)
def test_one_amount_agrees_with_itself_in_other_units(one: str, other: str) -> None:
    assert read(one)[0].agrees_with(read(other)[0])


@pytest.mark.parametrize(
    ("one", "other"), [("30분", "30초"), ("2024년 3월 5일", "3월 5일"), ("3명", "3회"), ("10%", "10%p")]
)
def test_amounts_that_differ_do_not_agree(one: str, other: str) -> None:
    assert not read(one)[0].agrees_with(read(other)[0])


@pytest.mark.parametrize("text", ["3~5일", "3-5 days", "3일에서 5일"])
def test_both_ends_of_a_range_have_the_unit(text: str) -> None:
    assert amounts(text) == [(Fraction(3), "일"), (Fraction(5), "일")]


def test_the_marks_of_a_list_are_no_numbers() -> None:
    assert amounts("1. 서버를 끈다.\n2) 3분 기다린다.\n③ 켠다.") == [(Fraction(3), "분")]


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("An hour and a half is enough.", Fraction(3, 2), "시간"),
        ("Two and a half years pass.", Fraction(5, 2), "년"),
        ("두 시간 반 걸린다.", Fraction(5, 2), "시간"),
        ("1년 반 동안 맡는다.", Fraction(3, 2), "년"),
        ("4,500mAh이다.", Fraction(4500), "mah"),
        ("250mg을 먹는다.", Fraction(250), "mg"),
        ("두 정을 삼킨다.", Fraction(2), "정"),
        ("It is served round the clock.", Fraction(24), "시간"),
        ("10 a day", Fraction(10), ""),
    ],
)
def test_halves_and_units_glued_to_numbers_are_read(text: str, value: Fraction, unit: str) -> None:
    assert [(one.value, one.unit) for one in read(text) if one.kind == "amount"] == [(value, unit)]


def test_ban_of_another_word_is_no_half() -> None:
    assert [one.value for one in read("1시간 반려 처리")] == [1]


def test_the_second_date_of_a_range_has_the_year_of_the_first() -> None:
    assert [one.value for one in read("2026. 4. 20. ~ 4. 21.")] == [(2026, 4, 20), (2026, 4, 21)]
