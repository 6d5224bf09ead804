"""What became of the facts that an earlier version learned: withdrawn, rejected since, or still taught."""

from collections.abc import Mapping

from slm_factory.core.files import Row
from slm_factory.core.text import normalize
from slm_factory.metrics.answers import key_facts


def trained(pairs: list[Row]) -> list[Row]:
    """The pairs that taught a version a fact."""
    return [row for row in pairs if row["split"] == "train" and row["kind"] != "abstain"]


def new_pairs(before: list[Row], now: list[Row]) -> set[str]:
    """pair_id of each pair whose fact the earlier version did not learn, in whichever document it stood."""
    facts = {row["fact_id"] for row in trained(before)}
    statements = {normalize(row["statement"]) for row in trained(before)}
    return {
        row["pair_id"]
        for row in now
        if row["fact_id"] not in facts and normalize(row["statement"]) not in statements
    }


def rejected_since(before: list[Row], now: list[Row], reviewed: list[Row]) -> list[Row]:
    """The earlier version's test pairs that checks or marks reject now: their documents still say them.

    A document that contradicts them is enough for that. Pairs that a person rejected are not among them.
    """
    rejected = {row["pair_id"] for row in reviewed if not row["is_kept"] and row["decision"] != "reject"}
    asked = {normalize(row["question"]) for row in now}
    return [
        row
        for row in before
        if row["split"] == "test"
        and row["kind"] != "abstain"
        and row["pair_id"] in rejected
        and normalize(row["question"]) not in asked
    ]


def withdrawn(before: list[Row], now: list[Row], reviewed: list[Row], texts: Mapping[str, str]) -> list[Row]:
    """A pair of each fact that was trained `before` and that `texts` (by doc_id) do not say any more.

    Or that a person rejected since. `present_answer` is added: what is answered now to the same question, ""
    where nothing is. A fact that moved has a new fact_id; it is not withdrawn while its statement stands, or
    while the present answer still gives all that the old one gave; nor is one that another teacher puts in
    other words while its evidence stands.
    """
    by_person = {row["fact_id"] for row in reviewed if row["decision"] == "reject"}
    gone = {row["fact_id"] for row in trained(before)} - {row["fact_id"] for row in now}
    statements = {normalize(row["statement"]) for row in now}
    answers = {normalize(row["question"]): row["answer"] for row in now}
    asked: dict[str, Row] = {}
    for row in sorted(before, key=lambda row: (row["fact_id"], row["wording"], row["pair_id"])):
        if row["fact_id"] not in gone or row["fact_id"] in asked or normalize(row["statement"]) in statements:
            continue
        if row["fact_id"] not in by_person and row["evidence"] in texts.get(row["doc_id"], ""):
            continue
        present = answers.get(normalize(row["question"]), "")
        if key_facts(row["answer"], f"{row['question']} {present}", "") is not None:
            asked[row["fact_id"]] = {**row, "present_answer": present}
    return list(asked.values())
