"""The teacher as a second judge of answers, and how far it agrees with the key facts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from slm_factory.core.files import Row
from slm_factory.metrics.agreement import kappa
from slm_factory.teachers import asking, teacher
from slm_factory.teachers.tasks import JudgeAnswer, JudgeInput

JUDGED_SLICE = "recall"


def judged(rows: list[Row], settings: teacher.TeacherSettings, answers_file: Path) -> tuple[list[Row], int]:
    """(the rows with `is_judged_correct` on recall, how many the teacher gave no judgement on)."""
    asked = [row for row in rows if row["slice"] == JUDGED_SLICE]
    replies: asking.Replies[JudgeAnswer] = asking.ask(
        teacher.load(settings),
        [task_of(row) for row in asked],
        JudgeAnswer,
        settings=settings,
        stage="evaluate",
        documents=[row["doc_id"] for row in asked],
        answers_file=answers_file,
    )
    verdicts = (outcome.answer.is_correct if outcome.answer else None for outcome in replies)
    return list(with_verdicts(rows, verdicts)), replies.failed


def task_of(row: Row) -> JudgeInput:
    """What the teacher is given for one answer."""
    names = ("question", "reference", "answer", "language")
    return JudgeInput(**{name: row[name] for name in names})


def with_verdicts(rows: list[Row], verdicts: Iterator[bool | None]) -> Iterator[Row]:
    """The rows, each of the judged slice with the next verdict."""
    for row in rows:
        yield {**row, "is_judged_correct": next(verdicts)} if row["slice"] == JUDGED_SLICE else row


def agreement(rows: list[Row]) -> dict[str, dict[str, Any]]:
    """By contender: {n, share, kappa} of the teacher's verdict and "all key facts found"."""
    both = [row for row in rows if row["is_judged_correct"] is not None and row["key_facts"] is not None]
    return {
        name: kappa(
            [(row["is_judged_correct"], row["key_facts"] == 1) for row in both if row["contender"] == name]
        )
        for name in sorted({row["contender"] for row in both})
    }
