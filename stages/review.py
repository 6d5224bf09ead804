"""People's decisions applied: a pair is approved, rejected or edited.

in:  data/score.parquet, data/review.jsonl (one decision a line; the review screen writes it, git keeps it)
out: data/review.parquet (records.REVIEWED, all rows), metrics/review.json

A line: {"pair_id": ..., "decision": "approve" | "reject" | "edit", "question": ..., "answer": ...,
"reason": ..., "reviewer": ...}; all but the first two are optional. The last line on a pair counts. A
person overrules the checks. An edited pair keeps its pair_id, so that its decision still finds it.
"""

import logging
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from slm_factory.core import files, params
from slm_factory.core.errors import run_stage
from slm_factory.core.files import Row
from slm_factory.core.params import Settings
from slm_factory.core.records import REVIEWED

PAIRS = Path("data/score.parquet")
DECISIONS = Path("data/review.jsonl")
REVIEWED_PAIRS = Path("data/review.parquet")
METRICS = Path("metrics/review.json")

log = logging.getLogger(__name__)


class Params(Settings):
    """`review:` in params.yaml."""

    require_approval: bool


class Decision(BaseModel):
    """One line of data/review.jsonl."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pair_id: str
    decision: Literal["approve", "reject", "edit"]
    question: str | None = None
    answer: str | None = None
    reason: str = ""
    reviewer: str = ""

    @model_validator(mode="after")
    def edit_says_what(self) -> "Decision":
        """An edit without new words would silently be an approval."""
        if self.decision == "edit" and not (self.question or self.answer):
            raise ValueError("an edit needs a question or an answer")
        return self


def read_decisions(path: Path) -> dict[str, Decision]:
    """The last decision on each pair.

    Raises:
        UserError: a line is not a decision; it is named.
    """
    return {decision.pair_id: decision for decision in params.load_lines(path, Decision)}


def apply(pair: Row, decision: Decision | None, require_approval: bool) -> Row:
    """The pair after a person's decision, or after the lack of one."""
    if decision is None:
        row = {**pair, "decision": "", "reviewer": ""}
        if require_approval and pair["is_kept"]:
            row |= {"is_kept": False, "reasons": [*pair["reasons"], "not approved"]}
        return row
    row = {**pair, "decision": decision.decision, "reviewer": decision.reviewer}
    if decision.decision == "reject":
        reason = f"rejected by reviewer: {decision.reason}" if decision.reason else "rejected by reviewer"
        return row | {"is_kept": False, "reasons": [*pair["reasons"], reason]}
    return row | {
        "is_kept": True,
        "question": decision.question or pair["question"],
        "answer": decision.answer or pair["answer"],
    }


def summary(rows: list[Row], decisions: dict[str, Decision]) -> dict[str, Any]:
    """metrics/review.json: decisions by kind, and those on pairs that no longer exist."""
    made = [row["decision"] for row in rows]
    known = {row["pair_id"] for row in rows}
    return {
        "approved": made.count("approve"),
        "rejected": made.count("reject"),
        "edited": made.count("edit"),
        "undecided": made.count(""),
        "kept": sum(row["is_kept"] for row in rows),
        "stale_decisions": sorted(pair_id for pair_id in decisions if pair_id not in known),
    }


def main() -> None:
    """Reads scored pairs and decisions, writes reviewed pairs."""
    settings = params.load("review", Params)
    pairs = files.read_rows(PAIRS)
    decisions = read_decisions(DECISIONS)
    rows = [apply(pair, decisions.get(pair["pair_id"]), settings.require_approval) for pair in pairs]
    files.write_rows(REVIEWED_PAIRS, rows, REVIEWED)
    metrics = summary(rows, decisions)
    files.write_json(METRICS, metrics)
    log.info(
        "review: %d approved, %d rejected, %d edited, %d undecided, %d stale decisions, %d kept -> %s",
        metrics["approved"],
        metrics["rejected"],
        metrics["edited"],
        metrics["undecided"],
        len(metrics["stale_decisions"]),
        metrics["kept"],
        REVIEWED_PAIRS,
    )


if __name__ == "__main__":
    run_stage(main)
