"""The measures of bench/ see every way in which a reading can be wrong."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bench.gold.document import Gold
from bench.gold.measure import Scores, Share, measure, total

TABLE = [["항목", "값", "비고"], ["압력", "3.2", "-"], ["압력", "4.5", "높음"]]  # "압력" is one merged cell
GOLD = Gold(
    Path("a.docx"),
    ["점검 절차", "예비 펌프의 압력을 확인한다.", "두 사람이 함께 본다.", "끝"],
    [TABLE],
    ["분기마다 바뀐다."],
)
PERFECT = """# 점검 절차

예비 펌프의 **압력**을[^1] 확인한다.

- 두 사람이
  함께 [본다](http://example.com).

| 항목 | 값 | 비고 |
|---|---|---|
| 압력 | 3.2 | - |
| 압력 | 4\\.5 | 높음 |

끝

[^1]: 분기마다 바뀐다.
"""
SHARES = [name for name in Scores.__dataclass_fields__ if name != "f1"]


def values(markdown: str, gold: Gold = GOLD) -> dict[str, float | None]:
    scores = measure(markdown, gold)
    return {name: getattr(scores, name).value for name in SHARES} | {"f1": scores.f1}


def test_a_perfect_reading_scores_one_in_everything() -> None:
    assert values(PERFECT) == dict.fromkeys([*SHARES, "f1"], 1.0)


@pytest.mark.parametrize(
    ("change", "lowered"),
    [
        (lambda text: text.replace("두 사람이\n", ""), {"words", "paragraphs", "f1"}),
        (lambda text: text.replace("| 압력 | 3.2 | - |\n", ""), {"words", "cells", "pairs", "f1"}),
        (lambda text: text.replace("4\\.5 | 높음", "높음 | 4.5"), {"pairs", "pair_precision"}),
        (lambda text: text.replace("높음 |", "높음 | 더 |"), {"word_precision", "pair_precision", "f1"}),
        (lambda text: text.replace("[^1]: 분기마다 바뀐다.", ""), {"words", "notes", "f1"}),
        (lambda text: text + text, {"word_precision", "pair_precision", "f1"}),
        (lambda text: text.replace("\n\n끝\n", "\n").replace("# 점검", "끝\n\n점검"), {"order"}),
        (lambda text: text.replace("|", " "), {"word_precision", "pairs", "pair_precision", "f1"}),
        (lambda text: "", set(SHARES) | {"f1"}),
    ],
)
def test_each_fault_lowers_its_own_scores_and_no_others(
    change: Callable[[str], str], lowered: set[str]
) -> None:
    text = change(PERFECT)
    assert text != PERFECT
    assert {name for name, value in values(text).items() if value != 1.0} == lowered


def test_a_lost_paragraph_is_not_found_in_a_longer_one() -> None:
    gold = Gold(Path("a.txt"), ["점검", "점검 절차", "점검"])
    assert measure("점검\n\n점검 절차\n\n점검", gold).paragraphs == Share(3, 3)
    assert measure("점검\n\n점검 절차", gold).paragraphs == Share(2, 3)


def test_equal_paragraphs_keep_their_order() -> None:
    gold = Gold(Path("a.txt"), ["1", "가나다라", "1", "마바사아", "1"])
    assert measure("1\n가나다라\n1\n마바사아\n1", gold).order == Share(5, 5)


def test_order_is_the_longest_run_in_order() -> None:
    gold = Gold(Path("a.txt"), ["가가", "나나", "다다", "라라"])
    assert measure("나나\n다다\n라라\n가가", gold).order == Share(3, 4)


def test_merged_cells_may_be_repeated_or_left_empty() -> None:
    gold = Gold(Path("a.docx"), [], [[["가", "가", "나"]]])
    for row in ("| 가 | 가 | 나 |", "| 가 | | 나 |"):
        assert values(row, gold)["pairs"] == values(row, gold)["pair_precision"] == 1.0


def test_unicode_forms_and_marks_do_not_count() -> None:
    gold = Gold(Path("a.md"), ["값은 １㎏ <개정>", "a_b * c"])
    assert values("값은 1kg \\<개정\\>\n\na\\_b \\* c", gold)["paragraphs"] == 1.0


def test_nothing_known_has_no_score() -> None:
    assert values("글", Gold(Path("a.txt"), ["글"]))["pairs"] is None
    assert measure("글", Gold(Path("a.txt"), ["***", "글"])).paragraphs == Share(1, 1)


def test_totals_count_things_and_average_f1() -> None:
    short, long = Gold(Path("a"), ["가"]), Gold(Path("b"), ["나 다 라"])
    both = total([measure("가", short), measure("나", long)])
    assert both.words == Share(2, 4)
    assert both.f1 == (1 + 0.5) / 2
