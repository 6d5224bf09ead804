"""How every stage asks a teacher: remembered answers first, each distinct request once, nothing lost.

Tasks and answers stream: what is kept in memory for a task is its key. Answers live in the store, are read
from it when they are looked at, and are copied from it to the stage's output.
"""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from slm_factory.core import files, history, progress
from slm_factory.core.errors import UserError
from slm_factory.core.records import TEACHER_ANSWER, content_key
from slm_factory.core.store import Store
from slm_factory.teachers.replies import Answer, Counts, Outcome, Replies, no_counts
from slm_factory.teachers.spending import PURPOSE, Purpose
from slm_factory.teachers.tasks import TaskInput
from slm_factory.teachers.teacher import Teacher, TeacherFailure, TeacherSettings

RawAnswer = dict[str, Any]

ROW_GROUP = 1000  # answers of about 10 kB each
REASONS_TOLD = 5

__all__ = ["Outcome", "Replies", "ask", "ask_nothing", "write_answers"]

log = logging.getLogger(__name__)


def ask(
    teacher: Teacher,
    tasks: Iterable[TaskInput],
    answer_type: type[Answer],
    *,
    settings: TeacherSettings,
    stage: str,
    documents: Iterable[str],
    answers_file: Path,
) -> Replies[Answer]:
    """The outcome of each task; writes every raw answer that was used to `answers_file`, sorted by request.

    `tasks` is iterated several times, always in the same order, so it is a list or an object that makes them
    anew, no generator. `documents` names the doc_id that each task is about, in the same order.

    Equal requests are asked once. What the store lacks is first looked up in the committed version of
    `answers_file`, so a fresh clone pays only for what is new. Each answer is in the store before its worker
    asks for another. Failures are told in the log.

    Raises:
        UserError: the teacher cannot answer at all, or the budget is spent; what it had answered by then
            stays in the store.
    """
    keys = [content_key(teacher.request(task)) for task in tasks]
    owners: dict[str, str] = {}
    for key, doc_id in zip(keys, documents, strict=True):
        owners.setdefault(key, doc_id)
    with Store() as store:
        missing = find_missing(teacher, tasks, keys, store, stage, answers_file)
        failures: dict[str, str] = {}
        if missing:
            asking = Asking(teacher, store, stage, owners, settings.concurrency)
            failures = asyncio.run(asking.ask(tasks, keys, missing))
        usage = copy_answers(store, owners, failures, stage, answers_file)
    tell(failures, stage)
    return Replies(
        teacher,
        tasks,
        keys,
        answer_type,
        asked=len(missing),
        remembered=len(owners) - len(missing),
        failures=failures,
        documents=usage,
    )


def ask_nothing(answers_file: Path) -> Replies[Any]:
    """Replies to no task, for a stage that is switched off; writes an empty `answers_file`."""
    write_answers(answers_file, ())
    return Replies(None, (), (), object, asked=0, remembered=0, failures={})


def find_missing(
    teacher: Teacher,
    tasks: Iterable[TaskInput],
    keys: Sequence[str],
    store: Store,
    stage: str,
    answers_file: Path,
) -> set[str]:
    """Keys of the requests to ask; what the store lacks is copied to it from git's version of `answers_file`.

    An answer that the present code cannot read counts as missing, else it would fail for ever.
    """
    lacking = {key for key in keys if not store.has(key)}
    copy = history.committed(answers_file) if lacking else None
    if copy is not None:
        rows = (row for row in files.stream_rows(copy) if row["request"] in lacking)
        store.put_by_key(stage, ((row["request"], json.loads(row["answer"])) for row in rows))
    missing: set[str] = set()
    readable: set[str] = set()
    for task, key in zip(tasks, keys, strict=True):
        if key in missing or key in readable:
            continue
        raw = store.get_by_key(key)
        (readable if raw is not None and is_readable(teacher, task, raw) else missing).add(key)
    return missing


def is_readable(teacher: Teacher, task: TaskInput, raw: RawAnswer) -> bool:
    """Whether the teacher can still read this answer."""
    try:
        teacher.read(task, raw)
    except TeacherFailure:
        return False
    return True


class Asking:
    """One stage's questions to a teacher: workers that take the next request as soon as they are free."""

    def __init__(
        self, teacher: Teacher, store: Store, stage: str, owners: dict[str, str], concurrency: int
    ) -> None:
        self.teacher = teacher
        self.store = store
        self.stage = stage
        self.owners = owners  # doc_id by request
        # `calls` keeps to the concurrency. While one request waits to be tried again, another can go.
        self.workers = 2 * concurrency
        self.failures: dict[str, str] = {}
        self.stopped_by: UserError | None = None

    async def ask(
        self, tasks: Iterable[TaskInput], keys: Sequence[str], missing: Collection[str]
    ) -> dict[str, str]:
        """The reasons of the `missing` requests that failed; the answers of the others go to the store.

        Raises:
            UserError: see the teacher. What was in flight then is waited for first: it is paid for.
        """
        title = f"asking {self.teacher.name}"
        waiting = progress.track(each_once(tasks, keys, missing), title, len(missing))
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self.workers, len(missing))):
                    group.create_task(self.work(waiting))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        finally:
            waiting.close()
            await self.teacher.close()
        if self.stopped_by is not None:
            raise self.stopped_by
        return self.failures

    async def work(self, waiting: Iterator[tuple[str, TaskInput]]) -> None:
        """Answers requests until none is left, or one was told that no request can be answered."""
        for key, task in waiting:
            PURPOSE.set(Purpose(key, self.stage, self.owners[key]))
            try:
                answer = await self.teacher.answer(self.teacher.request(task))
                self.teacher.read(task, answer)
            except TeacherFailure as failure:
                self.failures[key] = failure.reason
            except UserError as error:
                self.stopped_by = self.stopped_by or error
            else:
                self.store.put_by_key(self.stage, [(key, answer)])
            await asyncio.sleep(0)  # a teacher that never waits would not let Ctrl-C through
            if self.stopped_by is not None:
                return


def each_once(
    tasks: Iterable[TaskInput], keys: Sequence[str], chosen: Collection[str]
) -> Iterator[tuple[str, TaskInput]]:
    """The first task of each chosen key, with its key."""
    left = set(chosen)
    for task, key in zip(tasks, keys, strict=True):
        if key in left:
            left.remove(key)
            yield key, task


def copy_answers(
    store: Store, owners: dict[str, str], failures: dict[str, str], stage: str, answers_file: Path
) -> dict[str, Counts]:
    """Usage by document (see `Replies.usage`); copies the answers from the store to `answers_file`."""
    documents = {doc_id: no_counts() for doc_id in owners.values()}

    def counted() -> Iterator[tuple[str, RawAnswer]]:
        for key in sorted(owners):
            counts = documents[owners[key]]
            counts["requests"] += 1
            if key in failures:
                counts["failed"] += 1
                continue
            raw = store[key]
            usage = raw.get("usage", {})
            for name in ("prompt_tokens", "completion_tokens"):
                counts[name] += usage.get(name, 0)
            yield key, raw

    write_answers(answers_file, counted())
    for key, seconds in store.seconds_by_request(stage):
        if key in owners:
            documents[owners[key]]["seconds"] += seconds
    return documents


def write_answers(path: Path, answers: Iterable[tuple[str, RawAnswer]]) -> None:
    """Writes raw answers, given by ascending request, as `TEACHER_ANSWER` rows; equal ones, equal bytes."""
    rows = (
        {"request": key, "answer": json.dumps(raw, ensure_ascii=False, sort_keys=True)}
        for key, raw in answers
    )
    files.write_rows(path, rows, TEACHER_ANSWER, group=ROW_GROUP)


def tell(failures: dict[str, str], stage: str) -> None:
    """Says in the log how many requests failed, and for which reasons most often."""
    if not failures:
        return
    reasons = Counter(reason.partition(":")[0] for reason in failures.values())
    listed = "; ".join(f"{count} x {reason}" for reason, count in reasons.most_common(REASONS_TOLD))
    others = len(reasons) - REASONS_TOLD
    log.warning(
        "%s: %d requests failed: %s%s; slm-factory run asks them again",
        stage,
        len(failures),
        listed,
        f"; {others} other reasons" if others > 0 else "",
    )
