"""The measures of bench/ see every way in which a reading can be wrong, and its fuzzer every way to fail."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.gold.document import Gold
from bench.gold.measure import Scores, Share, measure, total
from bench.parse import Result, judge, table

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


def result(contender: str, markdown: str, seconds: float) -> Result:
    return Result(contender, seconds, measure(markdown, GOLD))


def verdicts(*results: Result) -> dict[str, bool | None]:
    return {verdict["measure"]: verdict["is_met"] for verdict in judge("pdf", list(results), [GOLD])}


def test_bars_are_met_by_value_and_by_ratio_to_the_peer() -> None:
    ours, peer = result("ours", PERFECT, 1), result("pymupdf4llm", PERFECT, 3)
    assert verdicts(ours, peer) == dict.fromkeys(("words", "pairs", "pair_precision", "rate"), True)
    worse = result("ours", PERFECT.replace("3.2 |", "|"), 1.01)
    assert verdicts(worse, peer) == dict.fromkeys(("words", "pairs", "pair_precision", "rate"), False)


def test_a_peer_that_is_missing_meets_and_misses_nothing() -> None:
    results = [result("ours", PERFECT, 1), Result("pymupdf4llm", missing="not installed")]
    assert verdicts(*results) == {"words": True, "pairs": None, "pair_precision": None, "rate": None}
    assert "not installed" in table(results, [GOLD])[-1]


# Stands in for parsers that fail, in the process that watches and in the one that is watched.
FAULTY = """
import os
import bench.fuzz.child as child
import slm_factory.parsers.text.document as text
child.MAX_SECONDS = 2
mutate, read = child.mutate, text.parse_text
def mark(format_name, documents, seed, number):
    return {2: b"BUG", 4: b"CRASH", 6: b"HANG"}.get(number) or documents[0]
def parse_text(data, options):
    if data == b"BUG":
        raise KeyError("no such part")
    if data == b"CRASH":
        os._exit(139)
    while data == b"HANG":
        pass
    return read(data, options)
child.mutate, text.parse_text = mark, parse_text
"""


@pytest.mark.slow
def test_the_fuzzer_reports_exceptions_crashes_and_hangs_with_their_numbers_and_goes_on(
    tmp_path: Path,
) -> None:
    (tmp_path / "sitecustomize.py").write_text(FAULTY, encoding="utf-8")
    root = Path(__file__).resolve().parents[1]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(root)])}
    command = [sys.executable, "-m", "bench.fuzz", "txt", "--mutations", "8"]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    first, *failures = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (1, "")
    assert "8 mutations: 5 parsed, 0 refused, 3 failures" in first
    told = sorted(line.strip().partition(" at ")[0] for line in failures)
    assert told == ["1 x KeyError: 'no such part'", "1 x crash 139", "1 x hang"]
    assert sorted(line.rpartition("--replay ")[2] for line in failures) == ["2)", "4)", "6)"]
    assert all("parse_text" in line for line in failures if "crash" not in line)


@pytest.mark.slow
def test_the_teacher_benchmark_runs_against_its_bad_server_and_with_kills() -> None:
    root = Path(__file__).resolve().parents[1]
    command = [sys.executable, "-m", "bench.teacher", "--quick", "faults", "kills"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line.split(" | ") for line in done.stdout.splitlines() if line.endswith("| yes |")]
    told = {row[0].removeprefix("| "): row[1].strip() for row in rows}
    assert told["faults: chunks with rows or a reason"] == "60"
    assert told["faults: answers paid twice"] == "0"
    assert told["2 kills: outputs that differ"] == "0"
    assert told["2 kills: paid twice and not in flight"] == "0"
