"""Which facts an earlier version learned that the documents no longer state."""

from typing import Any

from slm_factory.evaluation import withdrawn as past
from slm_factory.evaluation.withdrawn import new_pairs, rejected_since
from tests import rows


def trained(**changes: Any) -> dict[str, Any]:
    return rows.split(split="train") | changes


def withdrawn(before: list[Any], now: list[Any], reviewed: Any = (), **texts: str) -> list[Any]:
    """What is withdrawn; a.md is given as `a`."""
    return past.withdrawn(before, now, list(reviewed), {f"{name}.md": text for name, text in texts.items()})


OTHER = trained(
    fact_id="f2", pair_id="p2", question="Who owns it?", answer="Mina Park.", statement="Mina owns."
)


def test_a_trained_fact_that_is_gone_is_asked_once_in_its_first_wording() -> None:
    before = [trained(), trained(pair_id="p0", wording=1, question="Alpha?", split="test"), OTHER]
    found = withdrawn(before, [OTHER])
    assert [(row["pair_id"], row["present_answer"]) for row in found] == [("p1", "")]


def test_a_fact_that_was_never_trained_is_not_probed() -> None:
    assert withdrawn([trained(split="unseen"), trained(fact_id="f3", kind="abstain")], [OTHER]) == []


def test_a_fact_that_moved_but_is_still_stated_is_not_withdrawn() -> None:
    assert withdrawn([trained()], [trained(fact_id="new", statement="Alpha  is 7 bar.")]) == []
    assert withdrawn([trained()], [trained(fact_id="new", statement="Alpha: 7 bar.")]) == []


def test_a_changed_fact_is_withdrawn_and_carries_what_is_said_now() -> None:
    now = trained(fact_id="new", answer="Alpha is 9 bar.", statement="Alpha is 9 bar.")
    [found] = withdrawn([trained()], [now])
    assert (found["answer"], found["present_answer"]) == ("Alpha is 7 bar.", "Alpha is 9 bar.")


def test_a_fact_that_another_teacher_puts_in_other_words_is_not_withdrawn() -> None:
    """Its evidence still stands; only where it stands in another document it tells nothing."""
    assert withdrawn([trained()], [OTHER], a="So: Alpha is 7 bar. Beta is 2 bar.") == []
    assert len(withdrawn([trained()], [OTHER], b="So: Alpha is 7 bar.")) == 1


def test_a_fact_that_a_person_rejected_is_withdrawn_though_its_evidence_stands() -> None:
    rejected = rows.reviewed(is_kept=False, decision="reject")
    assert len(withdrawn([trained()], [OTHER], [rejected], a="Alpha is 7 bar.")) == 1


def test_a_test_question_that_the_checks_reject_now_is_still_asked() -> None:
    test = trained(pair_id="p9", split="test", question="How much is Alpha?")
    contradicted = rows.reviewed(pair_id="p9", is_kept=False, reasons=["ambiguous question"])
    assert rejected_since([trained(), test], [OTHER], [contradicted]) == [test]
    by_person = contradicted | {"decision": "reject"}
    assert rejected_since([trained(), test], [OTHER], [by_person]) == []
    assert rejected_since([trained(), test], [OTHER], []) == [], "its document says it no more"
    copied = trained(fact_id="f8", doc_id="copy.md", question="How much is Alpha?")
    assert rejected_since([trained(), test], [copied], [contradicted]) == [], "another document teaches it"


def test_new_is_what_the_champion_did_not_learn_in_any_document() -> None:
    before = [trained(), trained(fact_id="f3", statement="Kept out.", split="unseen")]
    moved = trained(fact_id="f9", pair_id="p9")
    kept_out = trained(fact_id="f3", pair_id="p3", statement="Kept out.")
    assert new_pairs(before, [trained(), moved, kept_out, OTHER]) == {"p3", "p2"}
