"""How every stage asks a teacher: remembered answers first, each distinct request once, nothing lost."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from slm_factory.core import files, history, progress
from slm_factory.core.records import TEACHER_ANSWER, content_key
from slm_factory.core.store import Store
from slm_factory.teachers.tasks import TaskAnswer, TaskInput
from slm_factory.teachers.teacher import Teacher, TeacherFailure

Answer = TypeVar("Answer", bound=TaskAnswer)
RawAnswers = dict[str, dict[str, Any]]  # by request key


@dataclass(frozen=True)
class Outcome(Generic[Answer]):
    """What became of one task: an answer, or the reason why there is none."""

    request: str  # key in the store
    answer: Answer | None
    reason: str  # "" with an answer


@dataclass(frozen=True)
class Replies(Generic[Answer]):
    """The outcomes in the order of the tasks and, for the log only, how they came about.

    The counts must not reach an output: its bytes are the same whether answers were paid for or remembered.
    """

    outcomes: list[Outcome[Answer]]
    asked: int
    remembered: int
    failed: int

    def __str__(self) -> str:
        return f"teacher asked {self.asked}, remembered {self.remembered}, failed {self.failed}"


def ask(
    teacher: Teacher,
    tasks: Sequence[TaskInput],
    answer_type: type[Answer],
    *,
    concurrency: int,
    answers_file: Path,
) -> Replies[Answer]:
    """The outcome of each task; writes every raw answer that was used to `answers_file`, sorted by request.

    Equal requests are asked once. What the store lacks is first looked up in the committed version of
    `answers_file`, so a fresh clone pays only for what is new. Each answer is in the store before its worker
    asks for another.

    Raises:
        UserError: the teacher cannot answer at all; what it had answered by then stays in the store.
    """
    keys = [content_key(teacher.request(task)) for task in tasks]
    distinct = dict(zip(keys, tasks, strict=True))
    with Store() as store:
        answers = recall(teacher, distinct, store, answers_file)
        missing = [key for key in distinct if key not in answers]
        remembered = len(answers)
        failures = asyncio.run(
            ask_missing(teacher, distinct, missing, answers, store, concurrency, answers_file.stem)
        )
    outcomes = [
        outcome(teacher, task, key, answers.get(key), failures.get(key, ""), answer_type)
        for key, task in zip(keys, tasks, strict=True)
    ]
    write_answers(answers_file, answers)
    return Replies(outcomes, asked=len(missing), remembered=remembered, failed=len(failures))


def recall(teacher: Teacher, distinct: dict[str, TaskInput], store: Store, answers_file: Path) -> RawAnswers:
    """The raw answers in the store; what it lacks is copied to it from git's version of `answers_file`.

    An answer that the present code cannot read is left out, to be asked for again, else it would fail for
    ever.
    """
    answers = {key: answer for key in distinct if (answer := store.get_by_key(key)) is not None}
    copy = history.committed(answers_file) if len(answers) < len(distinct) else None
    if copy is not None:
        rows = files.read_rows(copy)
        wanted = [row for row in rows if row["request"] in distinct and row["request"] not in answers]
        found = {row["request"]: json.loads(row["answer"]) for row in wanted}
        store.put_by_key(answers_file.stem, found.items())
        answers |= found
    return {key: answer for key, answer in answers.items() if is_readable(teacher, distinct[key], answer)}


async def ask_missing(
    teacher: Teacher,
    distinct: dict[str, TaskInput],
    missing: Sequence[str],
    answers: RawAnswers,
    store: Store,
    concurrency: int,
    kind: str,
) -> dict[str, str]:
    """The reasons of the `missing` requests that failed; the other answers go to `answers` and the store."""
    waiting = iter(progress.track(missing, f"asking {teacher.name}", len(missing)))
    failures: dict[str, str] = {}

    async def work() -> None:
        for key in waiting:  # shared: each worker takes the next request when it is free
            try:
                answer = await teacher.answer(teacher.request(distinct[key]))
                teacher.read(distinct[key], answer)
            except TeacherFailure as failure:
                failures[key] = failure.reason
                continue
            store.put_by_key(kind, [(key, answer)])
            answers[key] = answer

    await asyncio.gather(*(work() for _ in range(min(concurrency, len(missing)))))
    return failures


def outcome(
    teacher: Teacher,
    task: TaskInput,
    key: str,
    raw: dict[str, Any] | None,
    reason: str,
    answer_type: type[Answer],
) -> Outcome[Answer]:
    """One task's answer read from its raw form, or the reason for none.

    Raises:
        TypeError: the teacher answered another task than it was given.
    """
    if raw is None:
        return Outcome(key, None, reason)
    try:
        answer = teacher.read(task, raw)
    except TeacherFailure as failure:
        return Outcome(key, None, failure.reason)
    if not isinstance(answer, answer_type):
        raise TypeError(f"{teacher.name} answered {type(answer).__name__} to {type(task).__name__}")
    return Outcome(key, answer, "")


def is_readable(teacher: Teacher, task: TaskInput, raw: dict[str, Any]) -> bool:
    """Whether the teacher can still read this answer."""
    try:
        teacher.read(task, raw)
    except TeacherFailure:
        return False
    return True


def write_answers(path: Path, answers: RawAnswers) -> None:
    """Writes raw answers as `TEACHER_ANSWER` rows, sorted by request; equal answers give equal bytes."""
    rows = [
        {"request": key, "answer": json.dumps(answers[key], ensure_ascii=False, sort_keys=True)}
        for key in sorted(answers)
    ]
    files.write_rows(path, rows, TEACHER_ANSWER)
