"""What training here would take: the student's shape, the rows and params.yaml put into the estimate."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slm_factory.core.files import Row
from slm_factory.student import chat, model
from slm_factory.training import automatic, estimate, packing, throughput
from slm_factory.training.estimate import Batch, Compute, Memory
from slm_factory.training.settings import TrainSettings
from slm_factory.training.shape import Shape

SAMPLE = 400  # rows that are tokenised to tell the lengths of all
ANSWER_SHARE = 1 / 3  # of a row's tokens, where no rows are there yet
NF4 = "nf4"


@dataclass(frozen=True)
class Rows:
    """Rows to train on: how many, and (tokens, learned tokens) of a sample, the longest ones among it."""

    count: int
    longest: Sequence[tuple[int, int]]
    sample: Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Plan:
    """A training run before it is started."""

    memory: Memory  # of one process
    processes: int
    epochs: int  # at most: early stopping may end sooner
    steps: int  # of one epoch
    seconds: float | None  # of all epochs; None where there are no rows yet


def compute_here(settings: TrainSettings) -> Compute:
    """How this machine would hold and multiply the student's weights."""
    device = model.find_device()
    dtype = str(model.find_dtype(device)).removeprefix("torch.")
    return Compute(device, NF4 if settings.qlora else dtype, model.has_fast_bfloat16(device))


def read_rows(file: Path, tokenizer: Any, settings: TrainSettings) -> Rows:
    """The train rows of `file`, of which the longest and an even sample are tokenised."""
    lines = file.read_text(encoding="utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if row["split"] == "train"]
    by_size = sorted(rows, key=lambda row: sum(len(message["content"]) for message in row["messages"]))
    step = max(1, len(rows) // SAMPLE)
    return Rows(
        len(rows),
        sized(by_size[-settings.batch_size :], tokenizer, settings),
        sized(by_size[::step], tokenizer, settings),
    )


def sized(rows: list[Row], tokenizer: Any, settings: TrainSettings) -> list[tuple[int, int]]:
    """(tokens, learned tokens) of each row that is not longer than `train.max_length`."""
    found = []
    for row in rows:
        ids, labels = chat.encode(tokenizer, row["messages"])
        learned = len(ids) if settings.prompt_loss_weight else sum(label != chat.IGNORED for label in labels)
        found.append((len(ids), learned))
    return [size for size in found if size[0] <= settings.max_length]


def largest_batch(rows: Rows | None, settings: TrainSettings, processes: int) -> Batch:
    """What one process computes in the step of the longest rows; of `max_length` if there are none yet."""
    count = max(1, settings.batch_size // processes)
    if rows is None or not rows.longest:
        return Batch(count, settings.max_length, round(count * settings.max_length * ANSWER_SHARE))
    return estimate.batch_of(sorted(rows.longest, reverse=True)[:count])


def plan(
    shape: Shape,
    settings: TrainSettings,
    compute: Compute,
    rows: Rows | None = None,
    *,
    processes: int = 1,
    is_sharded: bool = False,
) -> Plan:
    """What training takes on devices like this one; its speed is measured, in half a second."""
    batch = largest_batch(rows, settings, processes)
    memory = estimate.memory(
        shape,
        batch,
        compute,
        rank=settings.rank,
        gradient_checkpointing=settings.gradient_checkpointing,
        processes=processes,
        is_sharded=is_sharded,
    )
    count = rows.count if rows else 0
    resolved = automatic.resolve(settings, shape.parameters, max(1, count))
    assert resolved.epochs != "auto"
    steps = math.ceil(count / settings.batch_size)
    if rows is None or not rows.sample:
        return Plan(memory, processes, resolved.epochs, steps, None)
    seconds = epoch_seconds(shape, settings, compute, rows, processes)
    return Plan(memory, processes, resolved.epochs, steps, seconds * resolved.epochs)


def epoch_seconds(
    shape: Shape, settings: TrainSettings, compute: Compute, rows: Rows, processes: int
) -> float:
    """Wall seconds of one epoch: those of the sample's batches, scaled to all rows.

    Packed rows are as many batches without padding.
    """
    torch = model.import_torch()
    is_packed = settings.packing is True or (
        settings.packing == "auto" and compute.device == "cuda" and rows.count >= packing.MANY_ROWS
    )
    if is_packed:
        tokens, learned = (sum(side) for side in zip(*rows.sample, strict=True))
        packs = max(1, tokens // settings.max_length)
        sample = [(min(tokens, settings.max_length), learned // packs)] * packs
        size = packing.packs_per_step(len(rows.sample), packs, settings.batch_size, processes)
    else:
        sample, size = list(rows.sample), settings.batch_size
    batches = estimate.batches(sample, max(1, size // processes))
    speed = throughput.measure(
        compute.device,
        getattr(torch, "bfloat16" if compute.weights == NF4 else compute.weights),
        is_bfloat16=compute.is_bfloat16,
        tokens=max(batch.rows * batch.tokens for batch in batches),
        inputs=shape.hidden,
        outputs=shape.feed_forward,
        rank=settings.rank,
    )
    sampled = sum(
        estimate.step_seconds(
            shape,
            batch,
            compute,
            speed,
            rank=settings.rank,
            gradient_checkpointing=settings.gradient_checkpointing,
        )
        for batch in batches
    )
    shared = 1 if compute.device == "cpu" else processes  # processes on one processor share its speed
    return sampled * rows.count / len(rows.sample) / shared


def free_memory(device: str) -> float:
    """Bytes that are free now on the GPU, else in this machine's memory."""
    if device == "cuda":
        return float(model.import_torch().cuda.mem_get_info()[0])
    import psutil

    return float(psutil.virtual_memory().available)
