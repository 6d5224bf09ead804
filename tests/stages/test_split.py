"""Who is trained, who is asked: stable for ever, and no leak."""

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from slm_factory.core import files
from slm_factory.core.files import Row
from slm_factory.core.matching import loose
from slm_factory.core.records import REVIEWED, identifier
from slm_factory.grounding.held_out import HeldOut
from stages import split
from tests import rows

SETTINGS = split.Params(test_wordings=1, valid_share=0.1, unseen_share=0.04, abstain_share=0.2)


def facts(count: int, wordings: int = 6, prefix: str = "f", **changes: Any) -> list[Row]:
    return [
        rows.reviewed(
            **{"pair_id": f"{prefix}{n}-{w}", "fact_id": f"{prefix}{n}", "wording": w},
            **{"question": f"Wording {w} about {prefix} {n}?"},
        )
        | changes
        for n in range(count)
        for w in range(wordings)
    ]


def by_fact(pairs: list[Row]) -> dict[str, Counter[str]]:
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for pair in pairs:
        counts[pair["fact_id"]][pair["split"]] += 1
    return counts


def test_each_trained_fact_gives_exactly_one_wording_to_test() -> None:
    for counts in by_fact(split.split(facts(300), SETTINGS)).values():
        if counts["unseen"]:
            assert counts == {"unseen": 6}
        else:
            assert counts["test"] == 1 and counts["valid"] <= 1
            assert counts["train"] == 5 - counts["valid"]


def test_shares_are_as_asked() -> None:
    counts = by_fact(split.split(facts(3000, wordings=4), SETTINGS)).values()
    assert sum(bool(count["unseen"]) for count in counts) / 3000 == pytest.approx(0.04, abs=0.015)
    assert sum(bool(count["valid"]) for count in counts) / 3000 == pytest.approx(0.1, abs=0.02)


def test_which_wording_is_tested_is_spread_over_all_wordings() -> None:
    tested = Counter(row["wording"] for row in split.split(facts(600), SETTINGS) if row["split"] == "test")
    assert set(tested) == set(range(6))
    assert max(tested.values()) < 2 * min(tested.values())


def test_adding_removing_and_reordering_documents_moves_no_row() -> None:
    old = facts(200)
    before = {row["pair_id"]: row["split"] for row in split.split(old, SETTINGS)}
    grown = split.split([*facts(200, prefix="new"), *reversed(old)], SETTINGS)
    assert {row["pair_id"]: row["split"] for row in grown if row["pair_id"] in before} == before
    shrunk = split.split(old[: 6 * 50], SETTINGS)
    assert all(before[row["pair_id"]] == row["split"] for row in shrunk)


@pytest.mark.parametrize("wordings", [1, 2])
def test_facts_with_fewer_than_three_wordings_are_all_trained(wordings: int) -> None:
    settings = SETTINGS.model_copy(update={"test_wordings": 3, "valid_share": 1, "unseen_share": 0.9})
    assert {row["split"] for row in split.split(facts(50, wordings), settings)} == {"train"}


def test_two_wordings_at_least_stay_in_train_whatever_is_asked_for() -> None:
    settings = SETTINGS.model_copy(update={"test_wordings": 5, "valid_share": 1, "unseen_share": 0})
    for counts in by_fact(split.split(facts(50, wordings=4), settings)).values():
        assert counts == {"train": 2, "test": 2}


def test_unseen_share_of_zero_keeps_no_fact_out() -> None:
    settings = SETTINGS.model_copy(update={"unseen_share": 0})
    assert not [row for row in split.split(facts(500), settings) if row["split"] == "unseen"]


def test_training_rows_that_repeat_a_held_out_question_are_dropped() -> None:
    pairs = facts(100)
    held_out = next(row for row in split.split(pairs, SETTINGS) if row["split"] == "test")
    leak = rows.reviewed(
        pair_id="leak", fact_id="other", question=held_out["question"].upper().replace("?", " .")
    )
    result = {row["pair_id"]: row["split"] for row in split.split([*pairs, leak], SETTINGS)}
    assert result["leak"] == "dropped"
    assert result[held_out["pair_id"]] == "test"


def test_no_trained_question_equals_a_held_out_one_after_the_split() -> None:
    pairs = [{**pair, "question": f"{pair['question'][:14]}?"} for pair in facts(300)]  # many collisions
    result = split.split(pairs, SETTINGS)
    trained = {loose(row["question"]) for row in result if row["split"] in ("train", "valid")}
    held_out = {loose(row["question"]) for row in result if row["split"] in ("test", "unseen")}
    assert held_out and not trained & held_out


def test_training_rows_that_nearly_repeat_a_held_out_question_are_dropped() -> None:
    question = "Which team approves the access of contractors to the servers of the payment platform {}?"
    pairs = [{**pair, "question": question.format(pair["question"])} for pair in facts(20)]
    held_out = next(row for row in split.split(pairs, SETTINGS) if row["split"] == "test")
    leak = rows.reviewed(
        pair_id="leak", fact_id="other", question=f"{held_out['question'][:-1]} now?", answer="Team A."
    )
    result = {row["pair_id"]: row["split"] for row in split.split([*pairs, leak], SETTINGS)}
    assert result["leak"] == "dropped"
    before = {row["pair_id"]: row["split"] for row in split.split(pairs, SETTINGS)}
    assert before == {pair_id: name for pair_id, name in result.items() if pair_id != "leak"}


def test_a_fact_that_lost_every_training_row_is_not_one_to_be_remembered() -> None:
    same = [rows.reviewed(pair_id=f"p{w}", question="What is Alpha?") for w in range(4)]
    counts = Counter(row["split"] for row in split.split(same, SETTINGS))
    assert counts == {"unseen": 1, "dropped": 3}


def test_questions_without_an_answer_are_tested_whole_or_trained_whole() -> None:
    abstain = facts(1000, wordings=3, prefix="none", kind="abstain")
    counts = by_fact(
        split.split(abstain, SETTINGS.model_copy(update={"unseen_share": 0.9, "valid_share": 1}))
    )
    assert all(count in ({"test": 3}, {"train": 3}) for count in counts.values())
    assert sum(bool(count["test"]) for count in counts.values()) / 1000 == pytest.approx(0.2, abs=0.04)


def test_each_audience_keeps_two_wordings_in_train() -> None:
    expert, plain = facts(200, wordings=5), facts(200, wordings=2, audience="plain")
    plain = [
        pair | {"pair_id": f"{pair['pair_id']}-plain", "question": f"Plain {pair['question']}"}
        for pair in plain
    ]
    result = split.split(
        [*expert, *plain], SETTINGS.model_copy(update={"test_wordings": 9, "unseen_share": 0})
    )
    counts = Counter((row["fact_id"], row["audience"]) for row in result if row["split"] == "train")
    assert set(counts.values()) == {2}
    assert len(counts) == 400
    assert {row["audience"] for row in result if row["split"] == "test"} == {"expert"}


def test_rows_are_split_as_in_the_first_release() -> None:
    """Whoever pulls a newer version keeps the held-out questions: the digest was taken from the first."""
    splits = [row["split"] for row in split.split(facts(40, wordings=4), SETTINGS)]
    assert identifier(*splits) == "401be59746444ca7"


def test_no_trained_question_is_near_a_held_out_one_after_the_split() -> None:
    stem = "Please say which of the many limits of the large and old reactor hall"
    pairs = [{**pair, "question": f"{stem} {pair['question'][8:]}"} for pair in facts(60)]
    pairs += [
        {**pair, "pair_id": f"{pair['pair_id']}b", "question": f"{pair['question'][:-1]} now?"}
        for pair in pairs
    ]
    result = split.split(pairs, SETTINGS)
    held_out = HeldOut(row["question"] for row in result if row["split"] in ("test", "unseen"))
    trained = [row for row in result if row["split"] in ("train", "valid")]
    assert trained and not [row["question"] for row in trained if held_out.has(row["question"])]
    assert any(row["split"] == "dropped" for row in result)


def test_rejected_pairs_are_in_no_split_and_counts_are_written(workspace: Path) -> None:
    rejected = rows.reviewed(pair_id="no", fact_id="no", is_kept=False, reasons=["language"])
    files.write_rows(split.PAIRS, [*facts(40), rejected], REVIEWED)
    split.main()
    written = files.read_rows(split.SPLITS)
    assert "no" not in {row["pair_id"] for row in written}
    metrics = files.read_json(split.METRICS)
    counts = Counter(row["split"] for row in written)
    assert {name: metrics[name] for name in counts} == counts
    assert metrics["facts"] == 40
    assert metrics["trained_facts"] + metrics["unseen_facts"] == 40
