"""Repositories as the dashboard may find them: before a run, at rest, at work, with a failed stage."""

import asyncio
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from slm_factory.core import activity, files
from slm_factory.core.activity import Activity
from slm_factory.dashboard import observe
from slm_factory.dashboard.app import Dashboard
from slm_factory.dashboard.machine import Machine
from tests.conftest import REPOSITORY

GIB = 2**30
STAGES = tuple(yaml.safe_load((REPOSITORY / "dvc.yaml").read_text(encoding="utf-8"))["stages"])
OLD, NEW = "v20260301T090000Z", "v20260308T090000Z"


def lay_out(folder: Path) -> None:
    """A repository that has never run."""
    (folder / activity.FOLDER).mkdir(parents=True)
    shutil.copy(REPOSITORY / "dvc.yaml", folder)


def at_rest(folder: Path) -> None:
    """What a run, a promotion and a refusal leave behind."""
    lay_out(folder)
    recall = {
        "base": {"key_facts": interval(0.04, 0.02, 0.07)},
        "champion": {"key_facts": interval(0.86, 0.80, 0.91)},
        "tuned": {"key_facts": interval(0.93, 0.89, 0.97)},
    }
    refusal = {
        name: {"refusal": interval(mean, mean - 0.1, mean + 0.1)}
        for name, mean in (("base", 0.0), ("champion", 0.55), ("tuned", 0.61))
    }
    loss = {
        name: {"answer_loss": interval(mean, mean - 0.2, mean + 0.2)}
        for name, mean in (("base", 2.41), ("champion", 2.6), ("tuned", 2.58))
    }
    measured = {"recall": recall, "unseen": refusal, "abstain": refusal, "general": loss, "text": loss}
    files.write_json(folder / observe.EVALUATE, measured)
    shutil.copy(REPOSITORY / "metrics/gate.json", folder / observe.GATE)
    spent = {
        "generate": spending(640, 1_234_567, 400_321, 12_800.5, 7.09),
        "score": spending(2_320, 812_000, 91_000, 3_000.0, 2.94),
        "augment": spending(40, 9_000, 4_000, 90.25, 0.06),
        "dialogue": spending(24, 12_000, 6_000, 80.0, 0.09),
    }
    total = {name: sum(values[name] for values in spent.values()) for name in spent["generate"]}
    files.write_json(folder / observe.TEACHER, {"total": total, "stages": spent})
    versions = [
        version(OLD, "pass", 0.861),
        version(NEW, "pass", 0.926),
        version(
            "v20260315T090000Z",
            "fail",
            0.742,
            fell={"not_worse_than_champion_recall": "recall against v20260308T090000Z"},
        ),
    ]
    (folder / "models").mkdir()
    (folder / observe.REGISTRY).write_text(yaml.safe_dump({"served": NEW, "versions": versions}))
    curves(folder, 60)


def interval(mean: float, low: float, high: float) -> dict[str, float]:
    """A mean with its 95% interval."""
    return {"mean": mean, "low": low, "high": high}


def spending(requests: int, prompt: int, completion: int, seconds: float, money: float) -> dict[str, float]:
    """What a stage's answers took."""
    return {
        "requests": requests,
        "failed": 0,
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "seconds": seconds,
        "money": money,
    }


def version(name: str, verdict: str, headline: float, fell: dict[str, str] | None = None) -> dict[str, Any]:
    """A line of the registry."""
    counts = {"documents": 12, "train_lines": 1004}
    return {"name": name, "verdict": verdict, "headline": headline, "fell": fell or {}, **counts}


def curves(folder: Path, steps: int) -> None:
    """Losses that fall as losses do."""
    place = folder / observe.CURVES
    place.mkdir(parents=True, exist_ok=True)
    train = [f"{step}\t{4 / (1 + step / 12):.4f}" for step in range(1, steps)]
    valid = [f"{step}\t{0.4 + 4 / (1 + step / 10):.4f}" for step in range(5, steps, 5)]
    (place / "loss.tsv").write_text("step\tloss\n" + "\n".join(train) + "\n")
    (place / "eval_loss.tsv").write_text("step\teval_loss\n" + "\n".join(valid) + "\n")


def does(folder: Path, stage: str, state: str, **more: Any) -> None:
    """Writes what a stage tells of itself; its process is this one."""
    told = Activity(stage, os.getpid(), state, started=1_000.0, updated=1_240.0, **more)
    (folder / activity.FOLDER / f"{stage}.json").write_text(json.dumps(asdict(told)))


def at_work(folder: Path) -> None:
    """Training, 40 of 60 steps done."""
    at_rest(folder)
    curves(folder, 40)
    for stage in STAGES[: STAGES.index("train")]:
        does(folder, stage, "done")
    does(folder, "train", "running", task="train", done=40, total=60, task_started=1_000.0)
    (folder / activity.LOG).write_text(
        "12:00:00 convert: 1,004 train and 120 valid lines, 10% of them general -> data/convert.jsonl\n"
        "12:00:02 train: 7.1M parameters, 1.3M of them trained, rank 32, learning rate 0.004\n"
        "12:03:10 epoch 3: valid loss 1.2031\n12:03:50 에포크 4: [b]한국어[/b] 줄도 그대로 보입니다\n",
        encoding="utf-8",
    )


def failed(folder: Path) -> None:
    """The disk was full in the middle of a run."""
    at_rest(folder)
    message = (
        "error: no space left on the disk while writing data/generate.parquet "
        "hint: free some space (dvc gc -w --all-tags drops unused versions), then run the command again"
    )
    does(folder, "parse", "done")
    does(folder, "generate", "failed", task="asking ollama/qwen3:8b", done=12, total=64, message=message)
    (folder / activity.LOG).write_text(f"12:00:00 parse: 12 documents\n12:00:09 generate: {message}\n")


SCENES: dict[str, tuple[Callable[[Path], None], dict[str, str]]] = {
    "before": (lay_out, dict.fromkeys(STAGES, "never run")),
    "rest": (at_rest, dict.fromkeys(STAGES, "fresh") | {"quantize": "stale"}),
    "work": (
        at_work,
        dict.fromkeys(STAGES, "fresh") | dict.fromkeys(STAGES[STAGES.index("train") :], "stale"),
    ),
    "failed": (
        failed,
        dict.fromkeys(STAGES, "stale") | dict.fromkeys(("parse", "chunk"), "fresh"),
    ),
}


def play(name: str, folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Lays out a scene below `folder`; what the machine and DVC say of it is fixed."""
    lay, states = SCENES[name]
    lay(folder)

    async def told() -> dict[str, str]:
        return states

    patch.setattr(observe.machine, "look", lambda: Machine(6 * GIB, 16 * GIB, 37.0))
    patch.setattr(observe, "states", told)


async def settled(app: Dashboard) -> None:
    """Returns when the screen shows what files and DVC say; fails after a minute."""
    for _ in range(6000):
        if app.seen and app.told:
            return
        await asyncio.sleep(0.01)
    pytest.fail("waited for a minute")
