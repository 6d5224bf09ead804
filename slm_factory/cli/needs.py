"""What each profile would need here: memory, time and money, by arithmetic on what is at hand, offline."""

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slm_factory.core import params
from slm_factory.core.errors import UserError
from slm_factory.core.files import Row
from slm_factory.core.store import Store
from slm_factory.language import _

if TYPE_CHECKING:
    from slm_factory.cli.forecast import Forecast
    from slm_factory.student.settings import StudentSettings
    from slm_factory.teachers.teacher import TeacherSettings
    from slm_factory.training.settings import TrainSettings
    from slm_factory.training.shape import Shape

SAMPLE = 40  # chunks whose prompts are built; the others are as many times more
QUANTISED, HALF = 0.61, 2.0  # bytes a weight: Q4_K_M, which Ollama fetches, and bfloat16, which vLLM loads
KEYS = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}
ASSUMED_ROW = (80, 32)  # tokens and answer tokens of a row, before there are any
TOKENS, WIDTH = 1024, 2048  # at which products are measured, once for all students
# (layers, hidden, queries, keys, feed-forward, vocabulary, is_tied) of students that may not be here yet, as
# their config.json on the hub says.
SHAPES = {
    "Qwen/Qwen3-0.6B": (28, 1024, 2048, 1024, 3072, 151936, True),
    "Qwen/Qwen3-1.7B": (28, 2048, 2048, 1024, 6144, 151936, True),
    "Qwen/Qwen3-4B": (36, 2560, 4096, 1024, 9728, 151936, True),
    "Qwen/Qwen3-8B": (36, 4096, 4096, 1024, 12288, 151936, False),
    "LGAI-EXAONE/EXAONE-4.0-1.2B": (30, 2048, 2048, 512, 4096, 102400, True),
    "microsoft/phi-2": (32, 2560, 2560, 2560, 10240, 51200, False),
    "google/gemma-3-12b-it": (48, 3840, 4096, 2048, 15360, 262208, True),
}
FAMILIES = {"Qwen": "qwen3", "LGAI-EXAONE": "exaone4", "microsoft": "phi", "google": "gemma3_text"}


@dataclass(frozen=True)
class Need:
    """What a profile takes; None where nobody can tell yet. Ranges are (low, high)."""

    profile: str
    memory: float | None = None  # bytes
    seconds: tuple[float, float] | None = None
    money: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()


def overlaid(profile: Path) -> dict[str, dict[str, Any]]:
    """params.yaml with a profile over it, in memory only.

    Raises:
        UserError: the profile names a key that params.yaml does not have.
    """
    from slm_factory.cli.profile import overlay

    values = params.read()
    list(overlay(values, params.read(profile), profile))
    return values


def teacher(profile: Path) -> Need:
    """What reading the present chunks with the teacher of a profile takes."""
    from slm_factory.teachers.teacher import TeacherSettings

    settings = TeacherSettings.model_validate(overlaid(profile)["teacher"])
    notes = [_("documents leave this house") if settings.price.output else _("stays in this house")]
    key = KEYS.get(settings.backend)
    if key and settings.price.output and not os.environ.get(key):
        notes.append(_("%s is not set") % key)
    found, scale = reading(settings)
    priced = found.prompt_tokens * (settings.price.input / 1e6)
    priced += found.answer_tokens * (settings.price.output / 1e6)
    seconds = found.seconds and found.seconds * (scale / settings.concurrency)
    return Need(
        profile.stem,
        teacher_memory(settings),
        (seconds.low, seconds.high) if seconds else None,
        (priced.low * scale, priced.high * scale),
        tuple(notes),
    )


def reading(settings: "TeacherSettings") -> tuple["Forecast", float]:
    """What a sample of the chunks takes of a teacher, with all that comes of it, and how many such there are.

    Prompts are the same for every model; those of Ollama need no key to be built.
    """
    from slm_factory.cli.forecast import total
    from slm_factory.cli.stage_costs import Run
    from stages import generate

    class FirstRun(Run):
        """As if no table were made yet: a hundred thousand pairs would take long to look through."""

        def known(self, table: Path) -> list[Row]:
            return []

    with Store() as store:
        run = FirstRun(store, settings.model_copy(update={"backend": "ollama"}))
        chosen = len(generate.choose(run.generating)[0])
        size = min(SAMPLE, chosen)
        run.generating = run.generating.model_copy(update={"max_chunks": size})
        return total(run.stages()), chosen / max(1, size)


def teacher_memory(settings: "TeacherSettings") -> float | None:
    """Bytes of the weights where the model's name tells their number and it can run in this house."""
    billions = re.search(r"(\d+(?:\.\d+)?)b\b", settings.model, re.IGNORECASE)
    if billions is None or settings.price.output:
        return None
    is_full = settings.backend == "openai" and "/" in settings.model  # a name on the hub, as vLLM loads it
    return float(billions[1]) * 1e9 * (HALF if is_full else QUANTISED)


def student(profile: Path) -> Need:
    """What training the student of a profile takes; without figures where torch is not installed."""
    try:
        return machine().need(profile)
    except UserError as error:
        return Need(profile.stem, notes=(error.problem.removeprefix("error: "),))


@lru_cache
def machine() -> "Machine":
    """This machine, which is measured once."""
    return Machine()


class Machine:
    """What training takes here: how fast this machine is, what it has left, how many rows are expected."""

    def __init__(self) -> None:
        from slm_factory.core.parallel import ParallelSettings
        from slm_factory.student import model
        from slm_factory.training import plan, throughput
        from slm_factory.training.settings import TrainSettings

        settings = params.load("train", TrainSettings)
        self.compute = plan.compute_here(settings)
        self.speed = throughput.measure(
            self.compute.device,
            getattr(model.import_torch(), str(model.find_dtype(self.compute.device)).removeprefix("torch.")),
            is_bfloat16=self.compute.is_bfloat16,
            tokens=TOKENS,
            inputs=WIDTH,
            outputs=WIDTH,
            rank=settings.rank,
        )
        self.free = plan.free_memory(self.compute.device)
        self.price = params.load("parallel", ParallelSettings).price_per_hour
        self.rows = expected_rows()

    def need(self, profile: Path) -> Need:
        """What training the student of a profile takes; without figures where its shape is not known."""
        from slm_factory.student.settings import StudentSettings
        from slm_factory.training.settings import TrainSettings

        values = overlaid(profile)
        settings = TrainSettings.model_validate(values["train"])
        shape = shape_of(StudentSettings.model_validate(values["student"]))
        if shape is None:
            return Need(profile.stem, notes=(_("told once it is fetched"),))
        memory, seconds = self.training(shape, settings)
        fits = memory <= self.free
        told = _("fits in memory") if fits else _("does not fit: %.1f GB free") % (self.free / 1e9)
        money = seconds / 3600 * self.price
        return Need(profile.stem, memory, (seconds, seconds), (money, money) if money else None, (told,))

    def training(self, shape: "Shape", settings: "TrainSettings") -> tuple[float, float]:
        """Bytes at the peak and seconds of all epochs, of as many rows as are expected."""
        from slm_factory.training import automatic, estimate, plan

        epochs = automatic.resolve(settings, shape.parameters, self.rows).epochs
        assert epochs != "auto"
        options: dict[str, Any] = {
            "rank": settings.rank,
            "gradient_checkpointing": settings.gradient_checkpointing,
        }
        largest = plan.largest_batch(None, settings, 1)
        memory = estimate.memory(shape, largest, self.compute, **options).total
        batch = estimate.batch_of([ASSUMED_ROW] * settings.batch_size)
        step = estimate.step_seconds(shape, batch, self.compute, self.speed, **options)
        return memory, step * epochs * -(-self.rows // settings.batch_size)


def expected_rows() -> int:
    """The rows to train on that the last run made, else those that the chunks are expected to give."""
    from stages.train import ROWS

    if ROWS.is_file():
        with ROWS.open("rb") as lines:
            return max(1, sum(1 for line in lines))
    from slm_factory.cli.stage_costs import Run
    from slm_factory.core.store import Store

    try:
        with Store() as store:
            run = Run(store)
            run.generate()
    except (UserError, FileNotFoundError):
        return 1000
    return max(1, round((run.facts.low + run.facts.high) / 2 * run.wordings))


def shape_of(student: "StudentSettings") -> "Shape | None":
    """The student's shape by its config.json, or as that stands on the hub; None where neither is known."""
    from slm_factory.cli.check_training import find_student
    from slm_factory.training import shape

    place = find_student(student)
    if place:
        return shape.read(place, trust_remote_code=student.trust_remote_code)
    if student.model not in SHAPES:
        return None
    return shape.Shape(*SHAPES[student.model], **shape.FAMILIES[FAMILIES[student.model.split("/")[0]]])
