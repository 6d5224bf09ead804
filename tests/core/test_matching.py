"""Forms to compare by, and numbers."""

from collections import Counter

import pytest

from slm_factory.core.matching import loose, lot, numbers, squeezed


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("복구 시간은 얼마인가?", "복구시간이 얼마인가요"),
        ("서버를 누가 관리하나요?", "서버 누가 관리하나요?!"),
        ("What is the owner of the queue?", "what is  owner of queue"),
        ("결제팀", "\u1100\u1167\u11af\u110c\u1166\u1110\u1175\u11b7"),
    ],
)
def test_spacing_marks_particles_and_articles_make_no_other_question(one: str, other: str) -> None:
    assert loose(one) == loose(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A의 복구 시간은?", "B의 복구 시간은?"),
        ("1등급 장애는?", "2등급 장애는?"),
        ("물결정산의 담당은?", "갈대창고의 담당은?"),
    ],
)
def test_names_and_numbers_make_another_question(one: str, other: str) -> None:
    assert loose(one) != loose(other)


def test_numbers_are_read_without_separators_and_counted() -> None:
    assert numbers("41,300건 가운데 1.5초, 7과 7") == Counter({"41300": 1, "1.5": 1, "7": 2})
    assert numbers("1, 2") == Counter({"1": 1, "2": 1})


def test_squeezed_ignores_line_breaks_only() -> None:
    assert squeezed("a\n  b") == squeezed("ab") != squeezed("a, b")


def test_lots_are_even_and_independent_per_purpose() -> None:
    drawn = [lot("valid", str(number)) for number in range(4000)]
    assert all(0 <= value < 1 for value in drawn)
    assert abs(sum(value < 0.1 for value in drawn) / 4000 - 0.1) < 0.02
    both = sum(lot("valid", str(n)) < 0.5 and lot("test", str(n)) < 0.5 for n in range(4000))
    assert abs(both / 4000 - 0.25) < 0.03
