"""Facts that an earlier version learned and that the documents no longer state."""

from slm_factory.core.files import Row
from slm_factory.core.text import normalize
from slm_factory.metrics.answers import key_facts


def withdrawn(before: list[Row], now: list[Row]) -> list[Row]:
    """A pair of each fact that was trained `before` and is stated no more, by fact_id.

    `present_answer` is added: what is answered now to the same question, "" where nothing is. A fact that
    moved has a new fact_id; it is not withdrawn while its statement stands, or while the present answer still
    gives all that the old one gave.
    """
    trained = {row["fact_id"] for row in before if row["split"] == "train" and row["kind"] != "abstain"}
    gone = trained - {row["fact_id"] for row in now}
    statements = {normalize(row["statement"]) for row in now}
    answers = {normalize(row["question"]): row["answer"] for row in now}
    asked: dict[str, Row] = {}
    for row in sorted(before, key=lambda row: (row["fact_id"], row["wording"], row["pair_id"])):
        if row["fact_id"] not in gone or row["fact_id"] in asked or normalize(row["statement"]) in statements:
            continue
        present = answers.get(normalize(row["question"]), "")
        if key_facts(row["answer"], f"{row['question']} {present}", "") is not None:
            asked[row["fact_id"]] = {**row, "present_answer": present}
    return list(asked.values())
