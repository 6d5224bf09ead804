"""How fast a model answers. For people at a terminal: metrics do not depend on the clock."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from slm_factory.student.generate import Student

Message = dict[str, str]
SAMPLE = 5  # questions that a student is asked alone


@dataclass(frozen=True)
class Speed:
    """What was timed: `answers` to questions of which `at_a_time` were asked together."""

    answers: int
    at_a_time: int
    tokens_per_second: float
    median_seconds: float  # from question to whole answer
    slowest_seconds: float

    def as_json(self) -> dict[str, float]:
        """The numbers, seconds to three places."""
        return {name: round(value, 3) for name, value in asdict(self).items()}

    def __str__(self) -> str:
        alone = "each alone" if self.at_a_time == 1 else f"{self.at_a_time} at a time"
        return (
            f"{self.tokens_per_second:,.0f} tokens per second; an answer takes {self.median_seconds:.2f} s "
            f"(median; slowest {self.slowest_seconds:.2f} s): {self.answers} answers, {alone}"
        )


def speed(timed: Sequence[tuple[float, int]], wall_seconds: float, at_a_time: int) -> Speed | None:
    """The speed of answers that took (seconds, tokens) each and `wall_seconds` in all, None without any."""
    if not timed:
        return None
    seconds = [one for one, _ in timed]
    return Speed(
        answers=len(timed),
        at_a_time=min(at_a_time, len(timed)),
        tokens_per_second=sum(tokens for _, tokens in timed) / max(wall_seconds, 1e-9),
        median_seconds=statistics.median(seconds),
        slowest_seconds=max(seconds),
    )


def speed_of_student(
    student: Student, conversations: Sequence[list[Message]], max_new_tokens: int
) -> Speed | None:
    """The speed of a loaded student: a few questions, each asked alone, since a batch has no latency."""
    step = max(1, len(conversations) // SAMPLE)
    timed: list[tuple[float, int]] = []
    for messages in conversations[::step][:SAMPLE]:
        started = time.monotonic()
        [answer] = student.generate([messages], max_new_tokens)
        timed.append((time.monotonic() - started, answer["tokens"]))
    return speed(timed, sum(seconds for seconds, _ in timed), 1)


def speed_of(answerer: Any, conversations: Sequence[list[Message]], max_new_tokens: int) -> Speed | None:
    """How fast an answerer was or is, None when it only remembered: nothing is loaded or paid for this."""
    if not isinstance(answerer, Student):
        return speed(answerer.timed, answerer.wall_seconds, answerer.settings.concurrency)
    return speed_of_student(answerer, conversations, max_new_tokens) if answerer.loaded else None
