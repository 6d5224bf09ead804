"""How fast this machine trains, measured on one adapted linear module in a fraction of a second."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from slm_factory.student.model import import_torch

MEASURE_SECONDS = 0.25  # for each of the two measurements
MOST_TOKENS, MOST_WIDTH = 1024, 2048  # that are measured: beyond, products are no faster


@dataclass(frozen=True)
class Throughput:
    """What one device does."""

    flops: (
        float  # floating-point operations per second, forward and backward through a linear module with LoRA
    )
    bytes: float  # per second, read and written by an element-wise product


def measure(
    device: str, dtype: Any, *, is_bfloat16: bool, tokens: int, inputs: int, outputs: int, rank: int
) -> Throughput:
    """The throughput of `device`, with frozen weights of `dtype`, at the widths of the student."""
    torch = import_torch()
    tokens, inputs, outputs = min(tokens, MOST_TOKENS), min(inputs, MOST_WIDTH), min(outputs, MOST_WIDTH)

    def parameter(rows: int, columns: int, **options: Any) -> Any:
        return torch.ones(rows, columns, device=device, **options)

    frozen = parameter(outputs, inputs, dtype=dtype)
    down, up = parameter(rank, inputs, requires_grad=True), parameter(outputs, rank, requires_grad=True)
    rows = parameter(tokens, inputs, dtype=dtype, requires_grad=True)
    wide = parameter(tokens, outputs)
    linear = torch.nn.functional.linear

    def step() -> None:
        with torch.autocast(device, dtype=torch.bfloat16, enabled=is_bfloat16):
            result = linear(rows, frozen) + linear(linear(rows.float(), down), up)
        result.sum().backward()

    flops = tokens * (4 * inputs * outputs + 6 * rank * (inputs + outputs))
    return Throughput(flops / seconds(step, device), 3 * wide.nbytes / seconds(lambda: wide * wide, device))


def seconds(work: Callable[[], Any], device: str) -> float:
    """Mean wall seconds of `work`, repeated for MEASURE_SECONDS after one call that warms up."""
    torch = import_torch()
    synchronize = getattr(torch, device).synchronize
    work()
    synchronize()
    started, calls, passed = time.perf_counter(), 0, 0.0
    while passed < MEASURE_SECONDS:
        work()
        synchronize()
        calls += 1
        passed = time.perf_counter() - started
    return passed / calls
