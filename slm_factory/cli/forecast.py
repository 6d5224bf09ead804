"""What tasks would take of a teacher: requests, tokens and seconds, as ranges, without asking anything.

Prompts are built and estimated. What answers take is told by past answers of the same stage, else assumed.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import fmean
from typing import Any

from slm_factory.core import files, history
from slm_factory.core.records import content_key
from slm_factory.core.store import Store
from slm_factory.core.tokens import estimate
from slm_factory.teachers import asking
from slm_factory.teachers.calls import TOKENS_PER_MESSAGE
from slm_factory.teachers.tasks import TaskInput
from slm_factory.teachers.teacher import Teacher, TeacherSettings

# How far reality may lie from an estimate: of prompts as `core.tokens` measured it; of answers, our guess.
PROMPT_RANGE, ASSUMED_RANGE = (0.74, 1.0), (0.6, 1.5)
MEASURED_PROMPT_RANGE, MEASURED_RANGE = (0.95, 1.05), (0.8, 1.25)
MIN_PAST, MAX_PAST = 5, 200  # past answers that tell something, and that are looked at


@dataclass(frozen=True)
class Range:
    """A number that lies somewhere between two."""

    low: float = 0.0
    high: float = 0.0

    def __add__(self, other: "Range") -> "Range":
        return Range(self.low + other.low, self.high + other.high)

    def __mul__(self, factor: "float | tuple[float, float]") -> "Range":
        low, high = factor if isinstance(factor, tuple) else (factor, factor)
        return Range(self.low * low, self.high * high)


@dataclass(frozen=True)
class Load:
    """Requests, and the tokens that they take if the assumptions hold."""

    requests: float = 0.0
    prompt: float = 0.0
    schema: float = 0.0  # of the answer's JSON Schema, which some servers bill and others do not
    answer: float = 0.0

    def __add__(self, other: "Load") -> "Load":
        parts = (self.requests, self.prompt, self.schema, self.answer)
        others = (other.requests, other.prompt, other.schema, other.answer)
        return Load(*(mine + theirs for mine, theirs in zip(parts, others, strict=True)))

    def __mul__(self, count: float) -> "Load":
        return Load(self.requests * count, self.prompt * count, self.schema * count, self.answer * count)


@dataclass(frozen=True)
class Past:
    """What past answers took in relation to the assumptions; None where too few are known."""

    prompt: float | None = None
    answer: float | None = None
    answers: int = 0


@dataclass(frozen=True)
class Forecast:
    """What one stage would ask, and what that takes."""

    stage: str
    remembered: int = 0
    new: Range = Range()
    prompt_tokens: Range = Range()
    answer_tokens: Range = Range()
    seconds: Range | None = None  # of all requests one after the other; None where none was ever timed
    basis: str = ""  # what the answer tokens rest on


class Tasks:
    """The tasks of one stage that can be built now, and which of them were answered.

    `assumed` tells how many tokens the answer to a task is assumed to take.
    """

    def __init__(
        self,
        guide: Teacher,
        tasks: Iterable[TaskInput],
        stage: str,
        answers_file: Path,
        assumed: Callable[[Any], float],
        store: Store,
    ) -> None:
        self.guide, self.tasks, self.stage, self.answers_file = guide, tasks, stage, answers_file
        self.assumed, self.store = assumed, store
        self.keys = [content_key(guide.request(task)) for task in tasks]
        self.missing = asking.find_missing(guide, tasks, self.keys, store, stage, answers_file)
        self.load = Load()
        for _, task in asking.each_once(tasks, self.keys, self.missing):
            self.load += load_of(guide, task, assumed(task))

    def past(self, alike: Load) -> Past:
        """What the answers to these very tasks took, else those of an earlier run beside a similar load."""
        answered = set(self.keys) - self.missing
        assumed, used = Load(), []
        for key, task in islice(asking.each_once(self.tasks, self.keys, answered), MAX_PAST):
            usage = self.store[key].get("usage") or {}
            if usage.get("completion_tokens"):
                assumed += load_of(self.guide, task, self.assumed(task))
                used.append(usage)
        if len(used) < MIN_PAST:
            return past_answers(self.answers_file, alike)
        prompt = sum(usage["prompt_tokens"] for usage in used)
        answer = sum(usage["completion_tokens"] for usage in used)
        return Past(prompt / assumed.prompt if prompt else None, answer / assumed.answer, len(used))

    def forecast(
        self,
        settings: TeacherSettings,
        one: Load = Load(),
        more: Range = Range(),
        spread: tuple[float, float] = ASSUMED_RANGE,
    ) -> tuple[Forecast, Past]:
        """What asking them takes, with `more` requests like `one` that cannot be built yet.

        `spread`: how far the length of answers may lie from what is assumed.
        """
        low, high = self.load + one * more.low, self.load + one * more.high
        past = self.past(self.load if self.load.requests else one)
        new = Range(low.requests, high.requests)
        if past.prompt:
            prompt = Range(low.prompt, high.prompt) * past.prompt * MEASURED_PROMPT_RANGE
        else:
            prompt = Range(low.prompt, high.prompt + high.schema) * PROMPT_RANGE
        answer = Range(low.answer, high.answer)
        answer *= past.answer or 1.0
        answer *= MEASURED_RANGE if past.answer else spread
        answer = Range(answer.low, min(answer.high, settings.max_tokens * high.requests))
        timed = self.store.mean_seconds(self.stage, settings.model)
        by = f"{past.answers} past answers" if past.answer else "assumption"
        return Forecast(
            self.stage,
            len(set(self.keys) - self.missing),
            new,
            prompt,
            answer,
            None if timed is None else new * timed,
            by if high.answer else "",
        ), past


def load_of(guide: Teacher, task: TaskInput, answer: float, filled: float = 0.0) -> Load:
    """One request; `filled`: tokens of the texts that an empty task still lacks. Rules take no tokens."""
    request = guide.request(task)
    if "messages" not in request:
        return Load(requests=1)
    prompt = sum(estimate(message["content"]) + TOKENS_PER_MESSAGE for message in request["messages"])
    return Load(1, prompt + filled, estimate(json.dumps(request["schema"], ensure_ascii=False)), answer)


def past_answers(answers_file: Path, alike: Load) -> Past:
    """What the answers of an earlier run took, per request, beside those that are assumed of `alike`."""
    file = answers_file if answers_file.is_file() else history.committed(answers_file)
    rows = islice(files.stream_rows(file), MAX_PAST) if file and alike.answer else ()
    used = [tokens for row in rows if (tokens := completion_tokens(row["answer"]))]
    if len(used) < MIN_PAST:
        return Past()
    return Past(None, fmean(used) * alike.requests / alike.answer, len(used))


def completion_tokens(raw: str) -> int:
    """What a stored answer says that it took; 0 where it says nothing."""
    return int((json.loads(raw).get("usage") or {}).get("completion_tokens", 0))


def total(forecasts: Sequence[Forecast]) -> Forecast:
    """The sums; no seconds where a stage with new requests was never timed."""
    timed = [forecast.seconds for forecast in forecasts if forecast.new.high]
    known = [seconds for seconds in timed if seconds is not None]
    return Forecast(
        "total",
        sum(forecast.remembered for forecast in forecasts),
        sum((forecast.new for forecast in forecasts), Range()),
        sum((forecast.prompt_tokens for forecast in forecasts), Range()),
        sum((forecast.answer_tokens for forecast in forecasts), Range()),
        sum(known, Range()) if len(known) == len(timed) else None,
    )
