"""Three marks from 1 to 5 for each pair that is still kept, given by a teacher beside the pair's own chunk.

in:  data/validate.parquet, data/chunk.parquet, prompts/ (for a prompted teacher)
out: data/score.parquet (records.SCORED, all rows), data/answers/score.parquet, metrics/score.json

All pairs of a fact are marked by one request. A pair with a mark below the threshold, or one that the teacher
could not mark, is kept as rejected with that reason: there is no default mark.
"""

import logging
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from slm_factory.core import files, params
from slm_factory.core.errors import UserError, run_stage
from slm_factory.core.files import Row
from slm_factory.core.params import Settings
from slm_factory.core.records import SCORED
from slm_factory.teachers import teacher
from slm_factory.teachers.asking import Outcome, Replies, ask, ask_nothing
from slm_factory.teachers.tasks import Mark, ScoreAnswer, ScoreInput, Turn
from slm_factory.teachers.teacher import TeacherSettings

CHUNKS = Path("data/chunk.parquet")
PAIRS = Path("data/validate.parquet")
SCORES = Path("data/score.parquet")
ANSWERS = Path("data/answers/score.parquet")
PROMPTS = Path("prompts")  # read by a prompted teacher
METRICS = Path("metrics/score.json")

MARKS = ("faithfulness", "completeness", "usefulness")
UNMARKED = {**dict.fromkeys((*MARKS, "score")), "score_reason": ""}

log = logging.getLogger(__name__)


class Params(Settings):
    """`score:` in params.yaml."""

    enabled: bool
    threshold: int = Field(ge=1, le=5)
    backend: Literal["", "builtin", "ollama", "openai", "anthropic", "gguf"]
    model: str


def scorer(settings: Params, teaching: TeacherSettings) -> TeacherSettings:
    """The settings of the teacher that marks: those of the teacher, with another backend or model if named.

    Raises:
        UserError: another backend is named without its model.
    """
    backend = settings.backend or teaching.backend
    if backend not in (teaching.backend, "builtin") and not settings.model:
        raise UserError(
            f"error: params.yaml: score.backend is {backend}, score.model names no model of it",
            "hint: set score.model, or empty score.backend to let the teacher mark",
        )
    return teaching.model_copy(update={"backend": backend, "model": settings.model or teaching.model})


def by_fact(pairs: list[Row]) -> list[list[int]]:
    """The positions of the kept pairs of each fact, in the order of their first."""
    groups: dict[str, list[int]] = {}
    for position, pair in enumerate(pairs):
        if pair["is_kept"]:
            groups.setdefault(pair["fact_id"], []).append(position)
    return list(groups.values())


def task_of(pairs: list[Row], source: str) -> ScoreInput:
    """What the teacher is given for the pairs of one fact."""
    return ScoreInput(
        source=source,
        evidence=pairs[0]["evidence"],
        pairs=tuple(Turn(question=pair["question"], answer=pair["answer"]) for pair in pairs),
        language=pairs[0]["language"],
        is_abstention=pairs[0]["kind"] == "abstain",
    )


def marked(pair: Row, mark: Mark, threshold: int) -> Row:
    """The pair with its marks, rejected where one is below `threshold`."""
    marks = {name: getattr(mark, name) for name in MARKS}
    row = {**pair, **marks, "score": min(marks.values()), "score_reason": mark.reason}
    low = [f"{name} {value}" for name, value in marks.items() if value < threshold]
    if low:
        row |= {"is_kept": False, "reasons": [f"score below {threshold}: {', '.join(low)}"]}
    return row


def rows_of(pairs: list[Row], outcome: Outcome[ScoreAnswer], threshold: int) -> list[Row]:
    """The pairs of one fact with their marks; rejected all together where the teacher gave none."""
    if outcome.answer is None:
        failed = {**UNMARKED, "is_kept": False, "reasons": [f"not scored: {outcome.reason}"]}
        return [{**pair, **failed} for pair in pairs]
    return [marked(pair, mark, threshold) for pair, mark in zip(pairs, outcome.answer.marks, strict=True)]


def distribution(rows: list[Row], name: str) -> dict[str, Any]:
    """Mean and histogram of a mark over the pairs that have it."""
    marks = [row[name] for row in rows if row[name] is not None]
    return {
        "mean": round(sum(marks) / len(marks), 4) if marks else None,
        "histogram": {str(mark): marks.count(mark) for mark in range(1, 6)},
    }


def summary(rows: list[Row], scorer_name: str, replies: Replies[ScoreAnswer]) -> dict[str, Any]:
    """metrics/score.json: how many pairs got which mark, and those that got none with the reason."""
    failures = [row for row in rows if any(reason.startswith("not scored: ") for reason in row["reasons"])]
    return {
        "scorer": scorer_name,
        "scored": sum(row["score"] is not None for row in rows),
        **distribution(rows, "score"),
        **{name: distribution(rows, name) for name in MARKS},
        "kept": sum(row["is_kept"] for row in rows),
        "below_threshold": sum(row["score"] is not None and not row["is_kept"] for row in rows),
        "failures": [{"pair_id": row["pair_id"], "reason": row["reasons"][0]} for row in failures],
        "teacher": replies.usage(),
    }


def main() -> None:
    """Reads validated pairs and chunks, asks the teacher, writes scored pairs."""
    settings = params.load("score", Params)
    pairs = files.read_rows(PAIRS)
    rows = [{**pair, **UNMARKED} for pair in pairs]
    if settings.enabled:
        marking = scorer(settings, params.load("teacher", TeacherSettings))
        guide = teacher.load(marking)
        sources = {row["chunk_id"]: row["text"] for row in files.stream_rows(CHUNKS, ["chunk_id", "text"])}
        groups = by_fact(pairs)
        facts = [[pairs[position] for position in group] for group in groups]
        replies: Replies[ScoreAnswer] = ask(
            guide,
            [task_of(fact, sources[fact[0]["chunk_id"]]) for fact in facts],
            ScoreAnswer,
            settings=marking,
            stage="score",
            documents=[fact[0]["doc_id"] for fact in facts],
            answers_file=ANSWERS,
        )
        for group, fact, outcome in zip(groups, facts, replies, strict=True):
            for position, row in zip(group, rows_of(fact, outcome, settings.threshold), strict=True):
                rows[position] = row
    else:
        replies = ask_nothing(ANSWERS)
    files.write_rows(SCORES, rows, SCORED)
    metrics = summary(rows, guide.name if settings.enabled else "", replies)
    files.write_json(METRICS, metrics)
    log.info(
        "score: %d pairs scored, %d below %d, %d kept; %s -> %s",
        metrics["scored"],
        metrics["below_threshold"],
        settings.threshold,
        metrics["kept"],
        replies if settings.enabled else "switched off",
        SCORES,
    )


if __name__ == "__main__":
    run_stage(main)
