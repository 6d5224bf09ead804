import pytest

from slm_factory.parsers.numbering import Level, Numbering, write_number


@pytest.mark.parametrize(
    ("form", "numbers"),
    [
        ("decimal", {1: "1", 10: "10"}),
        ("decimalZero", {1: "01", 10: "10"}),
        ("upperRoman", {4: "IV", 1994: "MCMXCIV"}),
        ("lowerRoman", {9: "ix"}),
        ("upperLetter", {1: "A", 26: "Z", 27: "AA", 53: "AAA"}),
        ("lowerLetter", {28: "bb"}),
        ("ordinal", {1: "1st", 2: "2nd", 3: "3rd", 4: "4th", 11: "11th", 112: "112th"}),
        ("ganada", {1: "가", 14: "하", 15: "가가"}),
        ("chosung", {1: "ㄱ", 14: "ㅎ"}),
        ("koreanDigital", {3: "삼", 10: "일영"}),
        ("koreanDigital2", {3: "三", 10: "一零"}),
        ("koreanCounting", {10: "십", 21: "이십일", 110: "백십", 20_000: "이만"}),
        ("koreanLegal", {1: "하나", 10: "열", 21: "스물하나", 99: "아흔아홉", 100: "백"}),
        ("ideographDigital", {10: "一〇"}),
        ("japaneseCounting", {10: "十", 23: "二十三"}),
        ("ideographTraditional", {1: "甲", 11: "甲"}),
        ("decimalEnclosedCircle", {1: "①", 20: "⑳", 21: "21"}),
        ("decimalEnclosedParen", {2: "⑵"}),
        ("ideographEnclosedCircle", {1: "㈠", 11: "11"}),
        ("decimalFullWidth", {12: "１２"}),
        ("numberInDash", {3: "- 3 -"}),
        ("none", {3: "", 0: ""}),
        ("unheard of", {3: "3"}),
        ("HANGUL_SYLLABLE", {15: "가"}),
    ],
)
def test_numbers_are_written_as_word_processors_do(form: str, numbers: dict[int, str]) -> None:
    assert {number: write_number(form, number) for number in numbers} == numbers


@pytest.mark.parametrize("form", ["upperRoman", "lowerLetter", "koreanCounting", "ganada"])
def test_hostile_numbers_cost_little_and_zero_is_a_digit(form: str) -> None:
    assert len(write_number(form, 10**9)) < 60
    assert write_number(form, 0) == "0"


def test_deeper_levels_start_again_unless_told_otherwise() -> None:
    levels = {0: Level("decimal", "%1"), 1: Level("decimal", "%2"), 2: Level("decimal", "%3", restart=1)}
    numbering = Numbering(levels)
    found = [numbering.next(depth) for depth in (0, 1, 2, 1, 2, 0, 1, 2)]
    assert found == ["1", "1", "1", "2", "2", "2", "1", "1"]


def test_a_level_that_was_skipped_counts_as_begun() -> None:
    numbering = Numbering({0: Level("decimal", "%1."), 1: Level("decimal", "%1.%2.")})
    assert [numbering.next(depth) for depth in (1, 0, 1)] == ["1.1.", "2.", "2.1."]


def test_a_start_may_be_any_number() -> None:
    assert Numbering({0: Level("decimal", "%1)", start=0)}).next(0) == "0)"
