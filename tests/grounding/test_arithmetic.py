"""Stated equations are checked, and only what can be calculated follows."""

import pytest

from slm_factory.core.quantities import read
from slm_factory.grounding.arithmetic import equations, wrong
from slm_factory.grounding.derivations import follows


@pytest.mark.parametrize(
    ("right", "false"),
    [
        ("1억원 x 10% = 1,000만원", "1억원 x 10% = 2,000만원"),
        ("1억원의 10%는 1,000만원입니다.", "1억원의 10%는 1억 1,000만원입니다."),
        ("10% of 100 million won is 10 million won.", "10% of 100 million won is 20 million won."),
        ("30분과 20분을 더하면 50분입니다.", "30분과 20분을 더하면 40분입니다."),
        ("10억원에서 4억원을 빼면 6억원이다.", "10억원에서 4억원을 빼면 5억원이다."),
        ("90분은 1시간 30분", "90분은 1시간 20분"),
        ("3 + 4 x 2 = 11", "3 + 4 x 2 = 14"),
        ("3천만원과 1천만원이므로 2천만원 차이가 납니다.", "3천만원과 1천만원이므로 2백만원 차이가 납니다."),
        ("연 5.4%에서 1.2%포인트를 뺀 연 4.2%", "연 5.4%에서 1.2%포인트를 뺀 연 4.1%"),
    ],
)
def test_an_equation_is_recalculated(right: str, false: str) -> None:
    assert len(list(equations(right))) == 1
    assert wrong(right) == []
    assert len(wrong(false)) == 1


def test_a_rounded_result_holds() -> None:
    assert wrong("100 / 3 = 33.3") == []
    assert wrong("100 / 3 = 33.4") == ["100 / 3 = 33.4"]


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        ("50분", "30분, 20분"),
        ("45분", "09:47, 10:32"),
        ("14시 25분", "13시 25분, 60분"),
        ("9월 7일", "9월 10일, 3일"),
        ("20%", "1,250억원, 1,500억원"),
        ("122,000원", "25,000원, 36,000원, 2일"),
        ("184일", "2026-06-30, 2026-12-31"),
        ("4배", "50, 200"),
        ("40시간", "5일, 8시간"),
        ("75%", "100%, 25%"),
    ],
)
def test_what_can_be_calculated_follows(wanted: str, given: str) -> None:
    assert follows(read(wanted)[0], read(given))


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        ("40분", "30분, 20분, 5분"),
        ("50분", "09:47, 10:32"),
        ("14시 35분", "13시 25분, 60분"),
        ("25%", "1,250억원, 1,500억원"),
        ("3항", "1항, 2항"),
        ("3개월", "6개월, 제11조, 제14조"),
    ],
)
def test_what_cannot_does_not(wanted: str, given: str) -> None:
    assert not follows(read(wanted)[0], read(given))
