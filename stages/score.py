"""A mark from 1 to 5 for each pair that is still kept, given by the teacher beside the pair's own chunk.

in:  data/validate.parquet, data/chunk.parquet, prompts/ (for a prompted teacher)
out: data/score.parquet (records.SCORED, all rows), data/answers/score.parquet, metrics/score.json

A pair below the threshold, or one that the teacher could not mark, is kept as rejected with that reason:
there is no default mark.
"""

import logging
from pathlib import Path
from typing import Any

from pydantic import Field

from slm_factory.core import files, params
from slm_factory.core.errors import run_stage
from slm_factory.core.files import Row
from slm_factory.core.params import Settings
from slm_factory.core.records import SCORED
from slm_factory.teachers import teacher
from slm_factory.teachers.asking import Outcome, ask, write_answers
from slm_factory.teachers.tasks import ScoreAnswer, ScoreInput
from slm_factory.teachers.teacher import TeacherSettings

CHUNKS = Path("data/chunk.parquet")
PAIRS = Path("data/validate.parquet")
SCORES = Path("data/score.parquet")
ANSWERS = Path("data/answers/score.parquet")
PROMPTS = Path("prompts")  # read by a prompted teacher
METRICS = Path("metrics/score.json")

log = logging.getLogger(__name__)


class Params(Settings):
    """`score:` in params.yaml."""

    enabled: bool
    threshold: int = Field(ge=1, le=5)


def task_of(pair: Row, source: str) -> ScoreInput:
    """What the teacher is given for one pair."""
    return ScoreInput(
        source=source,
        question=pair["question"],
        answer=pair["answer"],
        evidence=pair["evidence"],
        language=pair["language"],
    )


def unmarked(pair: Row) -> Row:
    """The pair with empty marks."""
    return {**pair, "score": None, "score_reason": ""}


def marked(pair: Row, outcome: Outcome[ScoreAnswer], threshold: int) -> Row:
    """The pair with its mark, rejected where that is missing or below `threshold`."""
    if outcome.answer is None:
        return {**unmarked(pair), "is_kept": False, "reasons": [f"not scored: {outcome.reason}"]}
    score = outcome.answer.score
    row = {**pair, "score": score, "score_reason": outcome.answer.reason}
    if score < threshold:
        row |= {"is_kept": False, "reasons": [f"score below {threshold}"]}
    return row


def summary(rows: list[Row]) -> dict[str, Any]:
    """metrics/score.json: how many pairs got which mark, and those that got none with the reason."""
    scores = [row["score"] for row in rows if row["score"] is not None]
    failures = [row for row in rows if any(reason.startswith("not scored: ") for reason in row["reasons"])]
    return {
        "scored": len(scores),
        "mean": round(sum(scores) / len(scores), 4) if scores else None,
        "histogram": {str(mark): scores.count(mark) for mark in range(1, 6)},
        "kept": sum(row["is_kept"] for row in rows),
        "below_threshold": sum(row["score"] is not None and not row["is_kept"] for row in rows),
        "failures": [{"pair_id": row["pair_id"], "reason": row["reasons"][0]} for row in failures],
    }


def main() -> None:
    """Reads validated pairs and chunks, asks the teacher, writes scored pairs."""
    settings = params.load("score", Params)
    pairs = files.read_rows(PAIRS)
    rows, how = [unmarked(pair) for pair in pairs], "switched off"
    if settings.enabled:
        teaching = params.load("teacher", TeacherSettings)
        sources = {row["chunk_id"]: row["text"] for row in files.read_rows(CHUNKS, ["chunk_id", "text"])}
        kept = [position for position, pair in enumerate(pairs) if pair["is_kept"]]
        tasks = [task_of(pairs[position], sources[pairs[position]["chunk_id"]]) for position in kept]
        replies = ask(
            teacher.load(teaching), tasks, ScoreAnswer, concurrency=teaching.concurrency, answers_file=ANSWERS
        )
        for position, outcome in zip(kept, replies.outcomes, strict=True):
            rows[position] = marked(pairs[position], outcome, settings.threshold)
        how = str(replies)
    else:
        write_answers(ANSWERS, {})
    files.write_rows(SCORES, rows, SCORED)
    metrics = summary(rows)
    files.write_json(METRICS, metrics)
    log.info(
        "score: %d pairs scored, %d below %d, %d kept; %s -> %s",
        metrics["scored"],
        metrics["below_threshold"],
        settings.threshold,
        metrics["kept"],
        how,
        SCORES,
    )


if __name__ == "__main__":
    run_stage(main)
