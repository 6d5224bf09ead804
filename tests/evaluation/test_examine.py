"""Answers as measured rows."""

from typing import Any

from slm_factory.core.records import QUESTION
from slm_factory.evaluation.examine import answered


class Parrot:
    """Says one thing to all questions."""

    def __init__(self, text: str) -> None:
        self.text = text

    def answer(self, conversations: Any, max_new_tokens: int) -> list[dict[str, Any]]:
        return [{"text": self.text, "tokens": 3} for _ in conversations]


def question(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(QUESTION.names, "")
    return row | {"slice": "recall", "question": "Limit of Alpha?", "reference": "7 bar."} | changes


def key_facts(said: str, **changes: Any) -> float | None:
    [row] = answered("x", Parrot(said), [question(**changes)], [[]], 8, ("모릅니다", "I do not know"))
    value = row["key_facts"]
    return None if value is None else float(value)


def test_a_withdrawn_fact_counts_only_by_what_the_present_documents_do_not_say() -> None:
    changes = {"slice": "withdrawn", "reference": "Restart 3 times within 40 ms.", "present_answer": ""}
    assert key_facts("Restart 3 times within 50 ms.", **changes) == 0.5
    changes["present_answer"] = "Restart 3 times within 50 ms."
    assert key_facts("Restart 3 times within 50 ms.", **changes) == 0.0
    assert key_facts("Restart 3 times within 40 ms.", **changes) == 1.0


def test_an_abstain_question_has_no_facts_to_find() -> None:
    assert key_facts("7 bar.", slice="abstain") is None
