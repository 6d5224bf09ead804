"""Fields of law records: texts and dates."""

import pytest

from slm_factory.parsers.law.fields import IMAGE, iso_date, text_of


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("20240814", "2024-08-14"),
        (" 2024.08.14 ", "2024-08-14"),
        ("2024. 8. 4.", "2024-08-04"),
        ("2024-08-14", "2024-08-14"),
        ("20260811183509", "2026-08-11"),
        ("42890525", "1956-05-25"),
        ("20241301", ""),
        ("00010101", ""),
        ("", ""),
        ("2024", ""),
        ("어제", ""),
    ],
)
def test_dates_of_every_form_become_iso_dates(words: str, day: str) -> None:
    assert iso_date(words) == day


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("갑<br/>을<BR>병", "갑\n을\n병"),
        ("갑&lt;br/&gt;을 &amp;lt;개정&amp;gt;", "갑\n을 &lt;개정&gt;"),
        ("제7조 삭제 <2012.2.2>", "제7조 삭제 <2012.2.2>"),
        ("a < b, c > d", "a < b, c > d"),
        ('<p class="x">갑</p><img src="y" alt="z"></img>', f"갑\n{IMAGE}"),
        ({"content": "법률", "코드": "A"}, "법률"),
        ([["가", "나"], [["다"]]], "가\n나\n다"),
        (None, ""),
        (7, "7"),
    ],
)
def test_texts_lose_their_markup_and_nothing_else(value: object, text: str) -> None:
    assert text_of(value) == text


def test_nesting_without_end_is_no_danger() -> None:
    value: list[object] = []
    for _ in range(100_000):
        value = [value]
    assert text_of(value) == ""
