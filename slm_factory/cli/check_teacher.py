"""The teacher's part of `slm-factory check`: one real question, and what the settings would do to a run."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from slm_factory.cli.finding import Finding
from slm_factory.teachers.tasks import GenerateInput, ScoreInput, TaskInput, Turn
from slm_factory.teachers.teacher import Teacher, TeacherFailure, TeacherSettings

PARSE_METRICS = Path("metrics/parse.json")

TEXT = "# Backup\n\n- Retention: 30 days\n- Owner: platform team\n"
READING = GenerateInput(
    text=TEXT,
    title="Backup",
    headings=("Backup",),
    language="en",
    question_wordings=1,
    answer_wordings=1,
    max_facts=1,
)
MARKING = ScoreInput(
    source=TEXT,
    evidence="Retention: 30 days",
    pairs=(Turn(question="How long are backups kept?", answer="Backups are kept for 30 days."),),
    language="en",
)


def findings() -> Iterator[Finding]:
    """Whether the teacher, and the one that marks, answer; whether chunks fit; whether personal data leaves.

    Raises:
        UserError: the teacher cannot be asked at all.
    """
    from slm_factory.core import params
    from stages import chunk, parse, score

    teaching = params.load("teacher", TeacherSettings)
    yield from check_room(teaching, params.load("chunk", chunk.Params).max_tokens)
    yield from ask("teacher", teaching, READING, params.load("parse", parse.Params).redact)
    scoring = params.load("score", score.Params)
    marking = score.scorer(scoring, teaching)
    if scoring.enabled and marking != teaching:
        yield from ask("scorer", marking, MARKING, params.load("parse", parse.Params).redact)


def check_room(settings: TeacherSettings, wanted: int) -> Iterator[Finding]:
    """A warning where the teacher's context makes chunks shorter than `chunk.max_tokens`."""
    from slm_factory.teachers.room import chunk_room

    room = chunk_room(settings)
    if room < wanted:
        yield Finding(
            "teacher",
            "warn",
            f"chunks get {room:,} tokens, not chunk.max_tokens ({wanted:,}): more does not fit its context",
            "raise teacher.context_tokens if the model can, or lower teacher.max_tokens",
        )


def ask(name: str, settings: TeacherSettings, task: TaskInput, redact: str) -> Iterator[Finding]:
    """What one question to a teacher shows; it is asked once, without the patience of a run."""
    from slm_factory.teachers import teacher as teachers

    teacher = teachers.load(settings.model_copy(update={"retries": 0}))
    yield from check_privacy(name, teacher, redact)
    started = time.monotonic()
    try:
        raw = asyncio.run(answer(teacher, task))
        found = teacher.read(task, raw)
    except TeacherFailure as error:
        text = f"{teacher.name} gave no usable answer: {error.reason}"
        yield Finding(name, "fail", text, "see teacher: and score: in params.yaml")
        return
    speed = speed_of(raw, time.monotonic() - started)
    if getattr(found, "facts", True) and getattr(found, "marks", True):
        yield Finding(name, "ok", f"{teacher.name} answers in {speed}")
    else:
        text = f"{teacher.name} answers in {speed}, but found nothing in a text that states a fact"
        yield Finding(name, "warn", text, "try a larger model")


async def answer(teacher: Teacher, task: TaskInput) -> dict[str, Any]:
    """The raw answer to one task; connections are closed behind it."""
    try:
        return await teacher.answer(teacher.request(task))
    finally:
        await teacher.close()


def speed_of(raw: dict[str, Any], seconds: float) -> str:
    """How long an answer took, and the tokens per second where they were counted."""
    tokens = raw.get("usage", {}).get("completion_tokens", 0)
    return f"{seconds:.1f} s" + (f" ({tokens / seconds:,.0f} tokens per second)" if tokens else "")


def check_privacy(name: str, teacher: Teacher, redact: str) -> Iterator[Finding]:
    """A warning where personal data that was counted would leave the house."""
    counts: dict[str, int] = {}
    if PARSE_METRICS.is_file():
        counts = json.loads(PARSE_METRICS.read_text(encoding="utf-8")).get("personal_data", {})
    if teacher.is_remote and redact != "mask" and counts:
        listed = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
        text = f"{teacher.name} is not in this house, and the documents hold personal data: {listed}"
        yield Finding(name, "warn", text, "parse.redact: mask in params.yaml hides it from every later stage")
