"""Which line counts, whatever order git left them in, and what it does to a pair that has changed since."""

import itertools
import json
import subprocess
from pathlib import Path

import pytest

from slm_factory.review import decisions
from slm_factory.review.decisions import Applied, Decision
from tests import rows
from tests.conftest import REPOSITORY


def line(pair_id: str = "p1", decision: str = "approve", **more: object) -> Decision:
    return Decision.model_validate({"pair_id": pair_id, "decision": decision, **more})


def assigned(made: list[Decision], *pairs: tuple[str, str, str, str]) -> dict[str, Applied]:
    latest = decisions.latest(made)
    return decisions.assign(latest, pairs, latest.keys() - {pair[0] for pair in pairs})


PAIR = ("p1", "What is Alpha?", "7 bar.", "Alpha is 7 bar.")
SEEN = {"wording": decisions.wording(*PAIR[1:3]), "source": decisions.source(PAIR[3])}


def test_the_newest_line_of_a_reviewer_counts_in_any_order_of_the_file() -> None:
    old, new = (
        line(decision="approve", reviewer="kim", revision=1),
        line(decision="reject", reviewer="kim", revision=2),
    )
    for order in ((old, new), (new, old)):
        assert decisions.latest(order) == {"p1": (new,)}


def test_reviewers_who_disagree_all_stand_and_the_most_cautious_counts() -> None:
    lines = [
        line(decision="approve", reviewer="kim", revision=3),
        line(decision="reject", reviewer="lee", revision=1),
        line(decision="edit", answer="8 bar.", reviewer="park", revision=1),
    ]
    for order in itertools.permutations(lines):
        standing = decisions.latest(order)["p1"]
        assert [one.reviewer for one in standing] == ["kim", "lee", "park"]
        assert decisions.standing(standing).decision == "reject"
        assert assigned(list(order), PAIR)["p1"].is_contested


def test_reviewers_who_agree_do_not_contest() -> None:
    lines = [line(decision="reject", reviewer=name, reason=name) for name in ("lee", "kim")]
    assert decisions.latest(lines)["p1"] == (lines[1],)
    assert not assigned(lines, PAIR)["p1"].is_contested


def test_edits_with_other_words_contest_each_other() -> None:
    lines = [line(decision="edit", answer=words, reviewer=words) for words in ("7", "8")]
    assert assigned(lines, PAIR)["p1"].is_contested


def test_a_decision_follows_its_words_to_another_pair_id() -> None:
    made = [line("old", "reject", **SEEN)]
    moved = ("new", *PAIR[1:])
    other = ("other", "What is Beta?", *PAIR[2:])
    applied = assigned(made, moved, other)
    assert applied.keys() == {"new"} and applied["new"].has_followed and not applied["new"].is_stale


def test_a_decision_does_not_follow_while_its_own_pair_exists() -> None:
    copy = ("copy", *PAIR[1:])
    assert assigned([line(**SEEN)], PAIR, copy).keys() == {"p1"}


def test_a_decision_that_came_along_gives_way_to_one_of_the_pair_itself() -> None:
    applied = assigned([line("old", "reject", **SEEN), line("p1", "approve", **SEEN)], PAIR)
    assert applied["p1"].decision.decision == "approve"


def test_other_evidence_makes_a_decision_stale_and_line_breaks_do_not() -> None:
    assert assigned([line(**SEEN)], (*PAIR[:3], "Alpha is 9 bar."))["p1"].is_stale
    assert not assigned([line(**SEEN)], (*PAIR[:3], "Alpha is\n7 bar."))["p1"].is_stale


def test_lines_written_by_hand_are_never_stale() -> None:
    assert not assigned([line()], (*PAIR[:3], "Another text."))["p1"].is_stale


@pytest.mark.parametrize(
    ("decision", "kept", "reasons"),
    [
        ({"decision": "approve"}, False, ["language"]),  # the checks count again
        ({"decision": "reject"}, False, ["language", "rejected by reviewer"]),
        ({"decision": "edit", "answer": "8"}, False, ["language", "edited before its source changed"]),
    ],
)
def test_a_stale_decision_never_lets_a_pair_in(
    decision: dict[str, str], kept: bool, reasons: list[str]
) -> None:
    pair = rows.scored(is_kept=False, reasons=["language"])
    made = line(**decision)  # type: ignore[arg-type]
    row = pair | decisions.apply(Applied(made, True, False, False), pair)
    assert (row["is_kept"], row["reasons"], row["answer"]) == (kept, reasons, pair["answer"])


def test_the_file_has_one_line_a_decision_sorted_without_what_is_empty(tmp_path: Path) -> None:
    file = tmp_path / "review.jsonl"
    made = decisions.latest([line("b", "reject", reason="옛 규정"), line("a", reviewer="kim")])
    decisions.write(file, made)
    assert file.read_text(encoding="utf-8").splitlines() == [
        '{"pair_id":"a","decision":"approve","reviewer":"kim"}',
        '{"pair_id":"b","decision":"reject","reason":"옛 규정"}',
    ]
    assert decisions.read(file) == made


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def test_git_joins_the_work_of_two_reviewers_on_branches(tmp_path: Path) -> None:
    file = tmp_path / "data/review.jsonl"
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / ".gitattributes").write_text((REPOSITORY / ".gitattributes").read_text())
    decisions.write(file, decisions.latest([line("m", reviewer="kim", revision=1)]))
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "base")
    kim = [line("a", reviewer="kim", revision=1), line("m", "reject", reviewer="kim", revision=2)]
    lee = [
        *(line("a", "reject", reviewer="lee", revision=1), line("b", reviewer="lee", revision=1)),
        line("m", reviewer="kim", revision=1),
    ]
    for name, made in (("kim", kim), ("lee", lee)):
        git(tmp_path, "checkout", "-q", "-b", name, "main")
        decisions.write(file, decisions.latest(made))
        git(tmp_path, "commit", "-qam", name)
    git(tmp_path, "merge", "-q", "--no-edit", "kim")
    joined = decisions.read(file)
    assert {one.reviewer for one in joined["a"]} == {"kim", "lee"}
    assert [one.reviewer for one in joined["b"]] == ["lee"]
    assert [one.decision for one in joined["m"]] == ["reject"]  # also where the older line came back
    assert all(json.loads(text) for text in file.read_text(encoding="utf-8").splitlines())
