"""Paraphrases of a share of the training pairs, made after the split so that nothing held out leaks in.

in:  data/split.parquet, prompts/ (for a prompted teacher)
out: data/augment.parquet (records.AUGMENTED, new rows), data/answers/augment.parquet, metrics/augment.json

A paraphrase is used only if its numbers are those of its origin and its question is no question of the
split, held out or not. What is left out is counted.
"""

import logging
from collections import Counter
from pathlib import Path
from typing import Any

from pydantic import Field

from slm_factory.core import files, params
from slm_factory.core.errors import run_stage
from slm_factory.core.files import Row
from slm_factory.core.matching import loose, lot, numbers
from slm_factory.core.params import Settings
from slm_factory.core.records import AUGMENTED, identifier
from slm_factory.core.text import normalize
from slm_factory.teachers import teacher
from slm_factory.teachers.asking import Outcome, ask, write_answers
from slm_factory.teachers.tasks import ParaphraseAnswer, ParaphraseInput, Wording
from slm_factory.teachers.teacher import TeacherSettings

PAIRS = Path("data/split.parquet")
PARAPHRASES = Path("data/augment.parquet")
ANSWERS = Path("data/answers/augment.parquet")
PROMPTS = Path("prompts")  # read by a prompted teacher
METRICS = Path("metrics/augment.json")

log = logging.getLogger(__name__)


class Params(Settings):
    """`augment:` in params.yaml."""

    enabled: bool
    paraphrases: int = Field(ge=1)
    share: float = Field(ge=0, le=1)


def chosen(pairs: list[Row], share: float) -> list[Row]:
    """The training pairs to paraphrase, drawn by pair_id: the same ones however many documents there are."""
    return [pair for pair in pairs if pair["split"] == "train" and lot("augment", pair["pair_id"]) < share]


def problem_of(wording: Wording, origin: Row, taken: set[str]) -> str:
    """Why a paraphrase cannot be used, "" if it can. `taken`: loose questions in use already."""
    if not wording.question.strip() or not wording.answer.strip():
        return "empty"
    changes = any(numbers(getattr(wording, part)) != numbers(origin[part]) for part in ("question", "answer"))
    if changes:
        return "other numbers"
    return "question exists" if loose(wording.question) in taken else ""


def paraphrased(
    origins: list[Row], outcomes: list[Outcome[ParaphraseAnswer]], pairs: list[Row], teacher_name: str
) -> tuple[list[Row], Counter[str]]:
    """The usable paraphrases as rows, and how many were left out for which reason."""
    taken = {loose(pair["question"]) for pair in pairs}
    rows: list[Row] = []
    left_out: Counter[str] = Counter()
    for origin, outcome in zip(origins, outcomes, strict=True):
        for wording in outcome.answer.wordings if outcome.answer else ():
            problem = problem_of(wording, origin, taken)
            if problem:
                left_out[problem] += 1
                continue
            taken.add(loose(wording.question))
            question, answer = normalize(wording.question), normalize(wording.answer)
            rows.append(
                {
                    **origin,
                    "pair_id": identifier(origin["fact_id"], question, answer),
                    "wording": -1,
                    "question": question,
                    "answer": answer,
                    "teacher": teacher_name,
                    "request": outcome.request,
                    "origin": origin["pair_id"],
                }
            )
    return rows, left_out


def summary(
    origins: list[Row], outcomes: list[Outcome[ParaphraseAnswer]], rows: list[Row], left_out: Counter[str]
) -> dict[str, Any]:
    """metrics/augment.json: paraphrases used and left out, and the pairs that the teacher failed on."""
    failures = [
        {"pair_id": origin["pair_id"], "reason": outcome.reason}
        for origin, outcome in zip(origins, outcomes, strict=True)
        if outcome.answer is None
    ]
    return {
        "pairs": len(origins),
        "paraphrases": len(rows),
        "left_out": dict(sorted(left_out.items())),
        "failures": failures,
    }


def main() -> None:
    """Reads the split, asks the teacher, writes paraphrases; an empty table when switched off."""
    settings = params.load("augment", Params)
    pairs = files.read_rows(PAIRS)
    origins: list[Row] = []
    outcomes: list[Outcome[ParaphraseAnswer]] = []
    rows: list[Row] = []
    left_out: Counter[str] = Counter()
    how = "switched off"
    if settings.enabled:
        teaching = params.load("teacher", TeacherSettings)
        guide = teacher.load(teaching)
        origins = chosen(pairs, settings.share)
        tasks = [
            ParaphraseInput(
                question=origin["question"],
                answer=origin["answer"],
                language=origin["language"],
                count=settings.paraphrases,
            )
            for origin in origins
        ]
        replies = ask(guide, tasks, ParaphraseAnswer, concurrency=teaching.concurrency, answers_file=ANSWERS)
        outcomes, how = replies.outcomes, str(replies)
        rows, left_out = paraphrased(origins, outcomes, pairs, guide.name)
    else:
        write_answers(ANSWERS, {})
    files.write_rows(PARAPHRASES, rows, AUGMENTED)
    files.write_json(METRICS, summary(origins, outcomes, rows, left_out))
    log.info(
        "augment: %d pairs paraphrased to %d, %d left out; %s -> %s",
        len(origins),
        len(rows),
        left_out.total(),
        how,
        PARAPHRASES,
    )


if __name__ == "__main__":
    run_stage(main)
