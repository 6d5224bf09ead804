"""The funnel: every step, and every reason that took something away."""

from typing import Any

from slm_factory.report import funnel
from tests import rows

GENERATED: dict[str, Any] = {
    **{"merged_facts": 1, "cut_facts": 2, "cut_abstentions": 1, "failed_chunks": 1},
    **{"answered_abstentions": 0, "chunks_left_out_by_sampling": {"a": 1}, "unreadable_facts": [{}]},
    "chunks_without_facts": [
        {"chunk_id": "c2", "doc_id": "a.md", "reason": "the teacher found no fact"},
        {"chunk_id": "c3", "doc_id": "a.md", "reason": "no answer: HTTP 500"},
    ],
}


def rejected(pair_id: str, *reasons: str) -> dict[str, Any]:
    return rows.reviewed(pair_id=pair_id, is_kept=False, reasons=list(reasons))


def test_reasons_count_by_label_once_a_pair_and_only_where_they_struck() -> None:
    table = [
        rejected("p1", "unsupported number: 30분", "unsupported number: 5%", "too short"),
        rejected("p2", "unsupported number: 7"),
        rejected("p3", "lost before"),
        rows.reviewed(pair_id="p4"),
    ]
    assert funnel.rejected(table, {"p1", "p2", "p4"}) == {"unsupported number": 2, "too short": 1}


def test_steps_lead_from_chunks_to_training_pairs() -> None:
    validated = [rejected("p1", "too short"), *(rows.reviewed(pair_id=f"p{n}") for n in range(2, 8))]
    scored = [*validated[:1], rejected("p2", "mark below 3"), *validated[2:]]
    reviewed = [
        rows.reviewed(pair_id="p1", decision="approve"),
        scored[1],
        rejected("p3", "rejected by reviewer: wrong"),
        *validated[3:],
    ]
    names = ("train", "valid", "test", "dropped", "train")
    split = [rows.split(pair_id=f"p{n}", split=name) for n, name in zip((1, 4, 5, 6, 7), names, strict=True)]
    steps = {step["step"]: step for step in funnel.steps(GENERATED, 3, validated, scored, reviewed, split)}
    assert {name: step["left"] for name, step in steps.items()} == {
        **{"chunks": 3, "chunks with facts": 1, "facts": 1, "pairs": 7, "valid pairs": 6},
        **{"pairs with good marks": 5, "pairs after review": 5, "training pairs": 2},
        **{"pairs for early stopping": 1, "test pairs": 1, "pairs of facts kept out": 0},
    }
    assert steps["chunks with facts"]["lost"] == {
        **{"left out by the sample": 1, "no answer": 1, "the teacher found no fact": 1}
    }
    assert steps["facts"]["lost"] == {
        **{"over the limit": 3, "cannot be read": 1, "stated twice in a document": 1}
    }
    assert steps["valid pairs"]["lost"] == {"too short": 1}
    assert steps["pairs with good marks"]["lost"] == {"mark below 3": 1}
    assert (
        steps["pairs after review"] | {"lost": {"rejected by reviewer": 1}, "regained": 1}
        == steps["pairs after review"]
    )
    assert steps["training pairs"]["lost"] == {"asks a held-out question": 1}
