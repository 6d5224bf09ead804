"""How many chunks, facts and pairs are left after each step, and what took the others away."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from slm_factory.core.files import Row


def label(reason: str) -> str:
    """The kind of a reason: "number without evidence: 30분" is "number without evidence"."""
    return reason.partition(": ")[0]


def kept_ids(rows: Iterable[Row]) -> set[str]:
    """The pair_ids that a stage kept."""
    return {row["pair_id"] for row in rows if row["is_kept"]}


def rejected(rows: Iterable[Row], before: set[str]) -> dict[str, int]:
    """How often each reason, by label, took away one of the pairs `before`, the most frequent first.

    A pair that is rejected for two reasons counts in both.
    """
    lost = Counter(
        name
        for row in rows
        if not row["is_kept"] and row["pair_id"] in before
        for name in {label(reason) for reason in row["reasons"]}
    )
    return ordered(lost)


def ordered(counts: Counter[str]) -> dict[str, int]:
    """The counts that are not zero, the greatest first, equal ones by name."""
    return {
        name: count for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])) if count
    }


def steps(
    generated: Row,
    chunks: int,
    validated: list[Row],
    scored: list[Row],
    reviewed: list[Row],
    split: list[Row],
) -> list[dict[str, Any]]:
    """Each step with its unit, how many are left, and what was lost on the way there, in reading order.

    `generated` is metrics/generate.json; the tables are those of the stages of these names, each with all
    pairs but `split`, which has those that were kept.
    """
    everything, valid = {row["pair_id"] for row in reviewed}, kept_ids(validated)
    marked, approved = kept_ids(scored), kept_ids(reviewed)
    splits = Counter(row["split"] for row in split)
    silent = Counter(label(chunk["reason"]) for chunk in generated["chunks_without_facts"])
    outside = {"left out by the sample": sum(generated["chunks_left_out_by_sampling"].values())}
    facts = {
        "stated twice in a document": generated["merged_facts"],
        "over the limit": generated["cut_facts"] + generated["cut_abstentions"],
        "cannot be read": len(generated["unreadable_facts"]),
        "answered after all": generated["answered_abstentions"],
    }
    return [
        step("chunks", "chunks", chunks),
        step("chunks with facts", "chunks", len({row["chunk_id"] for row in reviewed}), outside | silent),
        step("facts", "facts", len({row["fact_id"] for row in reviewed}), facts),
        step("pairs", "pairs", len(everything)),
        step("valid pairs", "pairs", len(valid), rejected(validated, everything)),
        step("pairs with good marks", "pairs", len(marked), rejected(scored, valid)),
        step(
            "pairs after review", "pairs", len(approved), rejected(reviewed, marked), len(approved - marked)
        ),
        step("training pairs", "pairs", splits["train"], {"asks a held-out question": splits["dropped"]}),
        step("pairs for early stopping", "pairs", splits["valid"]),
        step("test pairs", "pairs", splits["test"]),
        step("pairs of facts kept out", "pairs", splits["unseen"]),
    ]


def step(
    name: str, unit: str, left: int, lost: dict[str, int] | None = None, regained: int = 0
) -> dict[str, Any]:
    """One step of the funnel; `regained` were lost before, and a person brought them back."""
    return {
        "step": name,
        "unit": unit,
        "left": left,
        "lost": ordered(Counter(lost or {})),
        "regained": regained,
    }
