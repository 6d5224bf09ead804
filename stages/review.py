"""People's decisions applied: a pair is approved, rejected or edited, a question of a user becomes a pair.

in:  data/score.parquet, data/review.jsonl (one decision a line, by `slm-factory tool review`; git keeps it),
     data/chunk.parquet (where pairs from feedback rest)
out: data/review.parquet (records.REVIEWED, all rows), metrics/review.json

A line: {"pair_id": ..., "decision": "approve" | "reject" | "edit", "question": ..., "answer": ...,
"reason": ..., "reviewer": ...}; all but the first two are optional. A reviewer's last line on a pair counts.
A person overrules the checks. An edited pair keeps its pair_id, so that its decision still finds it.
slm_factory/review/decisions.py says what becomes of decisions when pairs change or reviewers disagree. A line
with a chunk_id is on feedback: it carries a pair of its own, which comes after the scored ones.
"""

import logging
from pathlib import Path
from typing import Any

from slm_factory.core import files, params
from slm_factory.core.errors import run_stage
from slm_factory.core.files import Row
from slm_factory.core.params import Settings
from slm_factory.core.records import REVIEWED
from slm_factory.review import decisions, feedback
from slm_factory.review.decisions import Applied, Decisions

PAIRS = Path("data/score.parquet")
CHUNKS = Path("data/chunk.parquet")
DECISIONS = Path("data/review.jsonl")
REVIEWED_PAIRS = Path("data/review.parquet")
METRICS = Path("metrics/review.json")

log = logging.getLogger(__name__)


class Params(Settings):
    """`review:` in params.yaml."""

    require_approval: bool


def reviewed(pair: Row, applied: Applied | None, require_approval: bool) -> Row:
    """The pair after a person's decision, or after the lack of one."""
    row = pair | decisions.apply(applied, pair)
    if require_approval and row["is_kept"] and row["decision"] == "":
        row |= {"is_kept": False, "reasons": [*pair["reasons"], "not approved"]}
    return row


def summary(rows: list[Row], made: Decisions, applied: dict[str, Applied]) -> dict[str, Any]:
    """metrics/review.json: decisions by kind, and those to look at again.

    Those are decisions whose pair is gone or whose source changed, and pairs on which reviewers disagree; the
    latter are named only where there are any.
    """
    kinds = [row["decision"] for row in rows]
    stale = [pair_id for pair_id, one in applied.items() if one.is_stale]
    contested = sorted(pair_id for pair_id, one in applied.items() if one.is_contested)
    return {
        "approved": kinds.count("approve"),
        "rejected": kinds.count("reject"),
        "edited": kinds.count("edit"),
        "undecided": kinds.count(""),
        "kept": sum(row["is_kept"] for row in rows),
        "stale_decisions": sorted({*stale, *decisions.unused(made, applied)}),
        **({"contested": contested} if contested else {}),
    }


def main() -> None:
    """Reads scored pairs and decisions, writes reviewed pairs."""
    settings = params.load("review", Params)
    pairs = files.read_rows(PAIRS)
    made = decisions.read(DECISIONS)
    pairs += feedback.decided(made, feedback.read_chunks(CHUNKS, feedback.chunk_ids([], made)))
    words = ((row["pair_id"], row["question"], row["answer"], row["evidence"]) for row in pairs)
    applied = decisions.assign(made, words, gone=made.keys() - {row["pair_id"] for row in pairs})
    rows = [reviewed(pair, applied.get(pair["pair_id"]), settings.require_approval) for pair in pairs]
    files.write_rows(REVIEWED_PAIRS, rows, REVIEWED)
    metrics = summary(rows, made, applied)
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
