"""What there is to see of a repository, read from its files; DVC itself is asked in a process of its own."""

import asyncio
import csv
import json
import sqlite3
import sys
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from slm_factory.core import activity, history, params
from slm_factory.core.activity import Activity
from slm_factory.core.errors import UserError
from slm_factory.core.store import Store
from slm_factory.dashboard import machine
from slm_factory.dashboard.machine import Machine
from slm_factory.language import N_

CURVES = Path("metrics/train/plots/metrics")
CURVE_NAMES = {"loss": N_("loss"), "eval_loss": N_("valid loss")}
EVALUATE = Path("metrics/evaluate.json")
TEACHER = Path("metrics/teacher.json")
GATE = Path("metrics/gate.json")
REGISTRY = Path("models/registry.yaml")
PROGRAM = "slm-factory"
LOG_LINES = 200
MAX_POINTS = 500  # of a curve: more than a terminal has columns for, few enough to be drawn at once
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Points = list[tuple[float, float]]


@dataclass(frozen=True)
class Spent:
    """What this repository has cost on this machine, by the ledger, so while a stage runs as well."""

    tokens: int
    money: float  # of the teacher
    trainings: int
    training_seconds: float
    training_money: float


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
    spent: Spent | None  # None where the ledger cannot be read
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
            status = (root / file).stat()
            return load(root / file, status.st_mtime_ns, status.st_size)
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
        machine=machine.look(),
        spent=spent(root),
        problems=problems,
    )


@lru_cache(maxsize=16)
def load(file: Path, changed: int, size: int) -> dict[str, Any]:
    """The content of a JSON or YAML file, read again only when the time it `changed` or its size has."""
    text = file.read_text(encoding="utf-8")
    found = yaml.load(text, LOADER) if file.suffix == ".yaml" else json.loads(text)
    if found and not isinstance(found, dict):
        raise ValueError(f"{file} holds no mapping")
    return found or {}


def log_tail(file: Path) -> list[str]:
    """The last lines of the log."""
    try:
        with file.open("rb") as stream:
            stream.seek(max(0, file.stat().st_size - 50_000))
            return stream.read().decode("utf-8", "replace").splitlines()[-LOG_LINES:]
    except FileNotFoundError:
        return []


def points(file: Path, name: str) -> Points:
    """(step, value) of a curve that DVCLive writes, thinned evenly; its last line may be half written."""
    found = []
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream, delimiter="\t"):
                found.append((float(row["step"]), float(row[name])))
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        pass
    every = -(-len(found) // MAX_POINTS) or 1
    return found[::-every][::-1]  # the last one always among them


def spent(root: Path) -> Spent | None:
    """What the ledger says of this repository; None where it cannot be read now."""
    try:
        with Store() as store:
            identity = history.repository(root.resolve())
            tokens, money = store.spent(identity)
            runs = store.trainings(identity)
    except (OSError, UserError, sqlite3.Error):
        return None
    seconds, paid = (sum(run[name] for run in runs) for name in ("seconds", "money"))
    return Spent(tokens, money, len(runs), seconds, paid)


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
    """The command line of `slm-factory` with this Python, called as this program was: hints repeat that."""
    called = [sys.argv[0]] if Path(sys.argv[0]).name == PROGRAM else ["-m", "slm_factory"]
    return [sys.executable, *called, *words]
