"""What came of a stage's questions to a teacher: the outcomes in order, and what they cost."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from slm_factory.core.store import Store
from slm_factory.teachers.tasks import TaskAnswer, TaskInput
from slm_factory.teachers.teacher import Teacher

Answer = TypeVar("Answer", bound=TaskAnswer)
Counts = dict[str, float]  # requests, failed, prompt_tokens, completion_tokens, seconds


@dataclass(frozen=True)
class Outcome(Generic[Answer]):
    """What became of one task: an answer, or the reason why there is none."""

    request: str  # key in the store
    answer: Answer | None
    reason: str  # "" with an answer


@dataclass(frozen=True)
class Replies(Generic[Answer]):
    """The outcomes in the order of the tasks, read from the store at each iteration, and what they cost.

    The counts of asked and remembered are for the log only and must not reach an output: its bytes are the
    same whether answers were paid for or remembered.
    """

    teacher: Teacher | None
    tasks: Iterable[TaskInput]
    keys: Sequence[str]  # of the tasks, in their order
    answer_type: type[Answer]
    asked: int
    remembered: int
    failures: dict[str, str]  # reasons by request
    documents: dict[str, Counts] = field(default_factory=dict)  # see `usage`

    @property
    def failed(self) -> int:
        """How many distinct requests have no answer."""
        return len(self.failures)

    def __len__(self) -> int:
        return len(self.keys)

    def __iter__(self) -> Iterator[Outcome[Answer]]:
        """The outcome of each task; one answer is in memory at a time.

        Raises:
            TypeError: the teacher answered another task than it was given.
        """
        if self.teacher is None:
            return
        with Store() as store:
            for task, key in zip(self.tasks, self.keys, strict=True):
                if key in self.failures:
                    yield Outcome(key, None, self.failures[key])
                    continue
                answer = self.teacher.read(task, store[key])
                if not isinstance(answer, self.answer_type):
                    names = f"{type(answer).__name__} to {type(task).__name__}"
                    raise TypeError(f"{self.teacher.name} answered {names}")
                yield Outcome(key, answer, "")

    def usage(self) -> dict[str, Any]:
        """What these replies cost, for metrics: `requests`, `failed`, tokens, `seconds`, and `documents`.

        A request counts for the first document that needs it. Tokens are those of the answers, whenever they
        were paid for; seconds are those that this machine spent on them, failed attempts included. All but
        the seconds are the same on every machine.
        """
        total = no_counts()
        for counts in self.documents.values():
            for name, value in counts.items():
                total[name] += value
        rounded = {doc_id: rounded_seconds(counts) for doc_id, counts in sorted(self.documents.items())}
        return {**rounded_seconds(total), "documents": rounded}

    def __str__(self) -> str:
        return f"teacher asked {self.asked}, remembered {self.remembered}, failed {self.failed}"


def no_counts() -> Counts:
    """The counts of nothing."""
    return {"requests": 0, "failed": 0, "prompt_tokens": 0, "completion_tokens": 0, "seconds": 0.0}


def rounded_seconds(counts: Counts) -> Counts:
    """The counts with milliseconds at most."""
    return {**counts, "seconds": round(counts["seconds"], 3)}
