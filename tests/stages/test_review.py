"""People's decisions, good and bad lines."""

import json
from pathlib import Path

import pytest

from slm_factory.core import files
from slm_factory.core.errors import UserError
from slm_factory.core.files import Row
from slm_factory.core.records import CHUNK, SCORED
from slm_factory.review import decisions
from stages import review
from tests import rows
from tests.conftest import REPOSITORY, set_params


def run(lines: list[object], *pairs: Row) -> list[Row]:
    files.write_rows(review.PAIRS, pairs, SCORED)
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    review.DECISIONS.write_text("\n".join(texts), encoding="utf-8")
    review.main()
    return files.read_rows(review.REVIEWED_PAIRS)


def test_without_decisions_every_pair_passes_as_it_is(workspace: Path) -> None:
    kept, rejected = run([], rows.scored(), rows.scored(pair_id="p2", is_kept=False, reasons=["language"]))
    assert (kept["is_kept"], kept["decision"], kept["reviewer"]) == (True, "", "")
    assert (rejected["is_kept"], rejected["reasons"]) == (False, ["language"])


def test_a_rejected_pair_is_not_kept_and_says_why(workspace: Path) -> None:
    decision = {"pair_id": "p1", "decision": "reject", "reason": "outdated", "reviewer": "kim"}
    (row,) = run([decision], rows.scored())
    assert (row["is_kept"], row["reasons"]) == (False, ["rejected by reviewer: outdated"])
    assert (row["decision"], row["reviewer"]) == ("reject", "kim")


def test_an_edit_replaces_words_and_keeps_the_pair_id(workspace: Path) -> None:
    (row,) = run([{"pair_id": "p1", "decision": "edit", "answer": "7 bar."}], rows.scored())
    assert (row["pair_id"], row["answer"]) == ("p1", "7 bar.")
    assert row["question"] == rows.scored()["question"]


def test_an_approval_overrules_the_checks(workspace: Path) -> None:
    decision = {"pair_id": "p1", "decision": "approve"}
    (row,) = run([decision], rows.scored(is_kept=False, reasons=["language"]))
    assert row["is_kept"]


def test_the_last_decision_on_a_pair_counts(workspace: Path) -> None:
    lines = [{"pair_id": "p1", "decision": "reject"}, {"pair_id": "p1", "decision": "approve"}]
    (row,) = run([*lines, ""], rows.scored())
    assert (row["decision"], row["is_kept"]) == ("approve", True)


def test_with_require_approval_only_approved_and_edited_pairs_are_kept(workspace: Path) -> None:
    set_params(workspace, **{"review.require_approval": True})
    lines = [
        {"pair_id": "p1", "decision": "approve"},
        {"pair_id": "p2", "decision": "edit", "question": "Which limit has Alpha?"},
    ]
    result = run(lines, *(rows.scored(pair_id=f"p{number}") for number in (1, 2, 3)))
    assert [row["is_kept"] for row in result] == [True, True, False]
    assert result[2]["reasons"] == ["not approved"]


def test_decisions_on_pairs_that_are_gone_are_counted_by_name(workspace: Path) -> None:
    run([{"pair_id": "gone", "decision": "approve"}], rows.scored())
    assert files.read_json(review.METRICS) == {
        **{"approved": 0, "rejected": 0, "edited": 0, "undecided": 1, "kept": 1},
        "stale_decisions": ["gone"],
    }


def test_a_decision_survives_a_new_pair_id_and_is_no_stale_one(workspace: Path) -> None:
    pair = rows.scored()
    moved = {"wording": decisions.wording(pair["question"], pair["answer"])}
    (row,) = run([{"pair_id": "old", "decision": "reject", **moved}], pair)
    assert row["decision"] == "reject" and files.read_json(review.METRICS)["stale_decisions"] == []


def test_a_decision_whose_source_changed_is_named_and_does_not_overrule_the_checks(workspace: Path) -> None:
    line = {"pair_id": "p1", "decision": "approve", "source": "0" * 16}
    (row,) = run([line], rows.scored(is_kept=False, reasons=["language"]))
    assert (row["decision"], row["is_kept"]) == ("", False)
    assert files.read_json(review.METRICS)["stale_decisions"] == ["p1"]


def test_a_stale_approval_is_no_approval_where_one_is_required(workspace: Path) -> None:
    set_params(workspace, **{"review.require_approval": True})
    (row,) = run([{"pair_id": "p1", "decision": "approve", "source": "0" * 16}], rows.scored())
    assert (row["is_kept"], row["reasons"]) == (False, ["not approved"])


def test_pairs_on_which_reviewers_disagree_are_named(workspace: Path) -> None:
    lines = [
        {"pair_id": "p1", "decision": "reject", "reviewer": "kim"},
        {"pair_id": "p1", "decision": "approve", "reviewer": "lee"},
    ]
    (row,) = run(lines, rows.scored())
    assert not row["is_kept"] and files.read_json(review.METRICS)["contested"] == ["p1"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"pair_id": "p1", "decision": "maybe"}', "decision"),
        ('{"pair_id": "p1"}', "decision"),
        ('{"pair_id": "p1", "decision": "edit"}', "an edit needs a question or an answer"),
        ('{"pair_id": "p1", "decision": "approve", "anser": "x"}', "anser: unknown key"),
        ("not json", "JSON"),
    ],
)
def test_a_bad_line_is_named(workspace: Path, line: str, words: str) -> None:
    with pytest.raises(UserError, match=f"line 2.*{words}") as error:
        run([{"pair_id": "p1", "decision": "approve"}, line], rows.scored())
    assert error.value.hint == "hint: mend line 2 of data/review.jsonl"


def test_the_repository_ships_a_decision_file_that_can_be_read() -> None:
    assert decisions.read(REPOSITORY / review.DECISIONS) == {}


def test_feedback_that_somebody_took_over_is_a_pair_after_the_scored_ones(workspace: Path) -> None:
    files.write_rows(review.CHUNKS, [rows.chunk()], CHUNK)
    asked = {"question": "What about Alpha?", "answer": "7 bar.", "reviewer": "kim"}
    lines: list[object] = [
        {"pair_id": "t3", "decision": "approve", "chunk_id": "gone", **asked},
        {"pair_id": "t2", "decision": "reject", "chunk_id": "c1", **asked},
        {"pair_id": "t1", "decision": "approve", "chunk_id": "c1", **asked},
    ]
    _, taken, rejected = run(lines, rows.scored())
    assert (taken["pair_id"], taken["is_kept"], taken["answer"]) == ("t1", True, "7 bar.")
    assert (taken["doc_id"], taken["evidence"], taken["reviewer"]) == ("a.md", "Alpha is 7 bar.", "kim")
    assert (rejected["pair_id"], rejected["is_kept"]) == ("t2", False)
    assert files.read_json(review.METRICS)["stale_decisions"] == ["t3"]
