"""What the machine has left: processors and memory by psutil, GPUs by nvidia-smi where it is installed."""

import shutil
import subprocess
from dataclasses import dataclass

MIB = 2**20


@dataclass(frozen=True)
class Gpu:
    """One NVIDIA GPU; None where its driver does not tell (slices of one, shared memory)."""

    name: str
    percent: float | None
    memory_used: float | None  # bytes
    memory_total: float | None


@dataclass(frozen=True)
class Machine:
    """Bytes of memory, percent of all processors, GPUs."""

    memory_used: int
    memory_total: int
    processor_percent: float
    gpus: tuple[Gpu, ...] = ()


def look() -> Machine:
    """The machine now; the percentage is that of the time since the last look."""
    import psutil

    memory = psutil.virtual_memory()
    return Machine(memory.total - memory.available, memory.total, psutil.cpu_percent(), gpus())


def gpus() -> tuple[Gpu, ...]:
    """The GPUs that nvidia-smi lists; none without it, or when it does not answer."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    query = "--query-gpu=name,utilization.gpu,memory.used,memory.total"
    try:
        told = subprocess.run(
            [program, query, "--format=csv,noheader,nounits"], capture_output=True, text=True, timeout=5
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return tuple(gpu(line) for line in told.splitlines() if line.count(", ") == 3)


def gpu(line: str) -> Gpu:
    """`NVIDIA H200, 97, 32870, 143771` as a GPU."""
    name, *values = line.split(", ")
    percent, used, total = (float(value) if value.strip().isdigit() else None for value in values)
    return Gpu(name, percent, used and used * MIB, total and total * MIB)
