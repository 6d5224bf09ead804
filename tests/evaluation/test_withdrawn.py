"""Which facts an earlier version learned that the documents no longer state."""

from typing import Any

from slm_factory.evaluation.withdrawn import withdrawn
from tests import rows


def trained(**changes: Any) -> dict[str, Any]:
    return rows.split(split="train") | changes


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
