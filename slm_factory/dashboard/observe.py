"""What there is to see of a repository, read from its files; DVC itself is asked in a process of its own."""

import asyncio
import csv
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from slm_factory.core import activity, params
from slm_factory.core.activity import Activity
from slm_factory.language import N_

CURVES = Path("metrics/train/plots/metrics")
CURVE_NAMES = {"loss": N_("loss"), "eval_loss": N_("valid loss")}
EVALUATE = Path("metrics/evaluate.json")
TEACHER = Path("metrics/teacher.json")
GATE = Path("metrics/gate.json")
REGISTRY = Path("models/registry.yaml")
LOG_LINES = 200

Points = list[tuple[float, float]]


@dataclass(frozen=True)
class Machine:
    """What the machine has left: bytes of memory, percent of processors, a line per GPU."""

    memory_used: int
    memory_total: int
    processor_percent: float
    gpus: list[str]


@dataclass(frozen=True)
class Observation:
    """Everything that the screen shows, apart from which stages are fresh."""

    activities: dict[str, Activity]
    log: list[str]
    curves: dict[str, Points]
    slices: dict[str, Any]
    gate: dict[str, Any]
    teacher: dict[str, Any]
    registry: dict[str, Any]
    settings: dict[str, Any]
    machine: Machine
    problems: list[str] = field(default_factory=list)  # files that could not be read

    @property
    def running(self) -> Activity | None:
        """The stage that runs now; the one begun last, where DVC runs several."""
        now = [found for found in self.activities.values() if found.state == "running"]
        return max(now, key=lambda found: found.started, default=None)


def observe(root: Path = Path()) -> Observation:
    """What the files say now. A file that is just being replaced, or broken, is named in `problems`."""
    problems: list[str] = []

    def parsed(file: Path) -> dict[str, Any]:
        try:
            text = (root / file).read_text(encoding="utf-8")
            return (yaml.safe_load(text) if file.suffix == ".yaml" else json.loads(text)) or {}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, yaml.YAMLError):
            problems.append(str(file))
            return {}

    return Observation(
        activities=activity.read_all(root),
        log=log_tail(root / activity.LOG),
        curves={title: points(root / CURVES / f"{name}.tsv", name) for name, title in CURVE_NAMES.items()},
        slices=parsed(EVALUATE),
        gate=parsed(GATE),
        teacher=parsed(TEACHER),
        registry=parsed(REGISTRY),
        settings=parsed(params.PARAMS_FILE),
        machine=machine(),
        problems=problems,
    )


def log_tail(file: Path) -> list[str]:
    """The last lines of the log."""
    try:
        with file.open("rb") as stream:
            stream.seek(max(0, file.stat().st_size - 50_000))
            return stream.read().decode("utf-8", "replace").splitlines()[-LOG_LINES:]
    except FileNotFoundError:
        return []


def points(file: Path, name: str) -> Points:
    """(step, value) of a curve that DVCLive writes; its last line may be half written."""
    found = []
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream, delimiter="\t"):
                found.append((float(row["step"]), float(row[name])))
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        pass
    return found


def machine() -> Machine:
    """Memory and processors by psutil, GPUs by nvidia-smi where it is installed."""
    import psutil

    memory = psutil.virtual_memory()
    return Machine(memory.total - memory.available, memory.total, psutil.cpu_percent(), gpus())


def gpus() -> list[str]:
    """A line per NVIDIA GPU: `NVIDIA H200: 97%, 32.1 of 139.8 GiB`."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    query = "--query-gpu=name,utilization.gpu,memory.used,memory.total"
    try:
        told = subprocess.run(
            [program, query, "--format=csv,noheader,nounits"], capture_output=True, text=True, timeout=5
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return []
    lines = []
    for name, busy, used, total in (line.split(", ") for line in told.splitlines() if line.count(", ") == 3):
        gib = [f"{float(value) / 1024:.1f}" if value.isdigit() else "?" for value in (used, total)]
        lines.append(f"{name}: {busy}%, {gib[0]} of {gib[1]} GiB")
    return lines


@dataclass(frozen=True)
class Node:
    """A stage in the drawing of the graph: `branch` is its place among those that wait for the same."""

    name: str
    branch: str  # "" alone in its row of the graph, else first, middle or last


def graph(root: Path = Path()) -> list[Node]:
    """The stages of dvc.yaml, in its order; those that could run at the same time are branches."""
    stages = yaml.safe_load((root / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    makers = {path: name for name, body in stages.items() for path in made(body)}
    depth: dict[str, int] = {}
    for name, body in stages.items():  # dvc.yaml stands in reading order: a maker comes before its readers
        needed = {makers[path] for path in body.get("deps", []) if path in makers}
        depth[name] = 1 + max((depth[maker] for maker in needed if maker in depth), default=-1)
    rows: dict[int, list[str]] = {}
    for name in stages:
        rows.setdefault(depth[name], []).append(name)
    return [
        Node(
            name, "" if len(row) == 1 else "first" if at == 0 else "last" if at == len(row) - 1 else "middle"
        )
        for _, row in sorted(rows.items())
        for at, name in enumerate(row)
    ]


def made(body: dict[str, Any]) -> list[str]:
    """Paths that a stage of dvc.yaml makes."""
    entries = [*body.get("outs", []), *body.get("metrics", []), *body.get("plots", [])]
    return [entry if isinstance(entry, str) else next(iter(entry)) for entry in entries]


async def states() -> dict[str, str]:
    """Each stage's state (fresh, stale, never run) by `slm-factory status`, {} while DVC is busy.

    In a process of its own: DVC hashes files for a second, and the screen must not wait for it.
    """
    process = await asyncio.create_subprocess_exec(
        *command("status", "--json"), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        told, _ = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        return {}
    return {stage["name"]: stage["state"] for stage in json.loads(told)["stages"]}


def command(*words: str) -> list[str]:
    """The command line of `slm-factory` with this Python."""
    return [sys.executable, "-m", "slm_factory", *words]
