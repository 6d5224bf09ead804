"""What `slm-factory check` says of training: memory, time and money before the start, and what would help."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slm_factory.cli.finding import Finding
from slm_factory.core.errors import UserError

if TYPE_CHECKING:
    from slm_factory.core.parallel import ParallelSettings
    from slm_factory.student.settings import StudentSettings
    from slm_factory.training.plan import Plan
    from slm_factory.training.settings import TrainSettings

# Of the free memory: beyond the first it may not fit, beyond the second it does not. bench/estimate.py tells
# how far estimates lie from what is measured.
TIGHT, TOO_MUCH = 0.8, 1.2


def findings() -> Iterator[Finding]:
    """Whether training fits this machine, and how long it takes.

    Raises:
        UserError: `parallel.accelerate` cannot be used here, or the student's shape cannot be read.
    """
    if not (importlib.util.find_spec("trl") and importlib.util.find_spec("torch")):
        return  # the packages' own line tells
    from slm_factory.core import params
    from slm_factory.core.parallel import ParallelSettings
    from slm_factory.student.settings import StudentSettings
    from slm_factory.training import launch, plan, shape
    from slm_factory.training.settings import TrainSettings

    try:
        settings = params.load("train", TrainSettings)
        spread = params.load("parallel", ParallelSettings)
        student = params.load("student", StudentSettings)
    except UserError:
        return  # the parameters' own line tells
    place = find_student(student)
    if place is None:
        if student.model.startswith(("models/", ".", "/")):
            return  # a folder that is not there: the student's own line tells
        fix = f"hf download {student.model} fetches it; the first run does, too"
        text = f"memory and time are told once {student.model} is fetched"
        yield Finding("training", "warn", text, fix)
        return
    compute = plan.compute_here(settings)
    file = Path(spread.accelerate)
    processes = launch.check(file, settings.batch_size, gpus()) if spread.accelerate else 1
    found = plan.plan(
        shape.read(place, trust_remote_code=student.trust_remote_code),
        settings,
        compute,
        rows_of(place, student, settings),
        processes=processes,
        is_sharded=bool(spread.accelerate) and launch.is_sharded(file),
    )
    together = processes if compute.device == "cpu" else 1  # processes that share one memory
    yield memory(found, together * found.memory.total, plan.free_memory(compute.device), settings)
    yield time(found, spread)


def find_student(student: "StudentSettings") -> Path | None:
    """The folder of the student's config.json, None for a hub's model that was not fetched; no network."""
    if Path(student.model).is_dir():
        return Path(student.model)
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        file = try_to_load_from_cache(student.model, "config.json", revision=student.revision or None)
    except HFValidationError:  # a folder that is not there; the student's own line tells
        return None
    return Path(file).parent if isinstance(file, str) else None


def gpus() -> int:
    """How many CUDA GPUs there are."""
    import torch

    return torch.cuda.device_count()


def rows_of(place: Path, student: "StudentSettings", settings: "TrainSettings") -> Any:
    """The rows to train on, None before `convert` has made them."""
    from slm_factory.student.model import load_tokenizer
    from slm_factory.training.plan import read_rows
    from stages.train import ROWS

    if not ROWS.is_file():
        return None
    trusted = student.trust_remote_code
    tokenizer = load_tokenizer(place, student.chat_template, trust_remote_code=trusted)
    return read_rows(ROWS, tokenizer, settings)


def memory(found: "Plan", needed: float, free: float, settings: "TrainSettings") -> Finding:
    """Whether `needed` bytes are there."""
    parts = {
        "weights": found.memory.weights,
        "adapter": found.memory.adapter,
        "activations": found.memory.activations,
        "logits": found.memory.logits,
    }
    listed = ", ".join(f"{name} {value / 1e9:.2g}" for name, value in parts.items())
    each = f" in each of {found.processes} processes" if found.processes > 1 else ""
    text = f"about {needed / 1e9:.1f} GB of {free / 1e9:.1f} GB free memory ({listed}{each})"
    if needed <= TIGHT * free:
        return Finding("training", "ok", text)
    return Finding("training", "fail" if needed > TOO_MUCH * free else "warn", text, fix(found, settings))


def fix(found: "Plan", settings: "TrainSettings") -> str:
    """What would need less memory, by what takes most of it now."""
    grows = found.memory.activations + found.memory.logits
    if found.memory.weights > grows:
        quantised = "" if settings.qlora else "train.qlora: true on a CUDA GPU, or "
        return f"{quantised}a smaller student.model (slm-factory profile lists some)"
    if not settings.gradient_checkpointing and found.memory.activations > found.memory.logits:
        return "train.gradient_checkpointing: true"
    return f"train.batch_size: {max(1, settings.batch_size // 2)}, or a smaller train.max_length"


def time(found: "Plan", spread: "ParallelSettings") -> Finding:
    """How long it takes at most, and what that costs."""
    if found.seconds is None:
        return Finding("training", "ok", "its time is told once there are rows (run --until convert)")
    money, hourly = found.seconds / 3600 * spread.price_per_hour, spread.price_per_hour
    price = f", {money:.2f} at {hourly:g} an hour" if hourly else ""
    text = f"about {duration(found.seconds)} at most: {found.epochs} epochs of {found.steps} steps{price}"
    return Finding("training", "ok", text)


def duration(seconds: float) -> str:
    """Seconds as people say them: 40 s, 12 min, 3.5 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
