"""A repository whose student learns in seconds: the real stages, in two groups, with a tiny student."""

import shutil
from pathlib import Path
from typing import Any

import yaml

from slm_factory.cli import params_text
from tests import tiny_student
from tests.conftest import REPOSITORY

# The stages of one group run in one process: importing torch five times would take longer than the story.
TOGETHER = '''"""Runs the stages that are named, one after the other."""

import importlib
import sys

from slm_factory.core import activity

if __name__ == "__main__":
    for name in sys.argv[1:]:
        with activity.reporting(name):
            importlib.import_module(f"stages.{name}").main()
'''
GROUPS = {
    "chunk": ["parse", "chunk"],  # `tool cost` asks for this stage
    "convert": ["generate", "validate", "score", "review", "split", "augment", "dialogue", "convert"],
    "quantize": ["train", "evaluate", "gate", "export", "quantize"],
}
# Ended by the stages that the wizard stops after.
STEPS = {
    "chunk": ["parse", "chunk"],
    "generate": ["generate"],
    "score": ["validate", "score"],
    "train": ["review", "split", "augment", "dialogue", "convert", "train"],
    "quantize": ["evaluate", "gate", "export", "quantize"],
}
PARAMETERS = {
    **{"parallel.jobs": 1, "augment.enabled": False, "dialogue.enabled": False, "split.unseen_share": 0.0},
    **{"split.valid_share": 0.0, "convert.abstain": False, "convert.replay_share": 0.0},
    **{"train.rank": 64, "train.alpha": 128, "train.learning_rate": 0.005, "train.epochs": 20},
    **{"train.batch_size": 16, "evaluate.max_new_tokens": 48, "evaluate.resamples": 100},
    **{"gate.min_refusal": 0.0, "gate.max_general_loss_increase": 50.0, "gate.loss_tolerance": 50.0},
    **{"gate.max_text_loss_increase": 50.0, "gate.resamples": 1000, "quantize.types": ["f16"]},
    **{"release.smoke_questions": 3, "quantize.context_tokens": 256},
}


def make(root: Path, texts: list[str], vocabulary: int = 640, groups: dict[str, list[str]] = GROUPS) -> None:
    """Writes code, pipeline, settings, prompts and questions to `root`, and a student made for `texts`."""
    for folder in ("stages", "slm_factory", "prompts"):
        shutil.copytree(REPOSITORY / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (".gitignore", ".dvcignore"):
        shutil.copy(REPOSITORY / file, root)
    write_params(root)
    (root / "stages/together.py").write_text(TOGETHER)
    pipeline = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text(encoding="utf-8"))
    (root / "dvc.yaml").write_text(yaml.safe_dump(grouped(pipeline, groups), sort_keys=False))
    (root / "data").mkdir(exist_ok=True)
    for name in ("questions", "review", "refine", "abstain"):
        (root / f"data/{name}.jsonl").touch()
    for name in ("general", "text"):
        lines = (REPOSITORY / f"data/{name}.jsonl").read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if name == "text" or '"test"' in line][:5]
        (root / f"data/{name}.jsonl").write_text("\n".join(kept) + "\n", encoding="utf-8")
    model, tokenizer = tiny_student.blank(texts * 2, 7, vocabulary=vocabulary, hidden_size=96)
    model.save_pretrained(root / "models/seed")
    tokenizer.save_pretrained(root / "models/seed")


def write_params(root: Path) -> None:
    """Writes params.yaml with PARAMETERS, comments kept, since people edit it by them."""
    values = params_text.load((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))
    for key, value in PARAMETERS.items():
        section, _, name = key.partition(".")
        values[section][name] = value
    with (root / "params.yaml").open("w", encoding="utf-8") as stream:
        params_text.round_trip().dump(values, stream)


def grouped(pipeline: dict[str, Any], groups: dict[str, list[str]]) -> dict[str, Any]:
    """The stages of each group as one: what they need from outside, and all that they make."""
    stages = {}
    for group, names in groups.items():
        members = [pipeline["stages"][name] for name in names]
        collected: dict[str, list[Any]] = {}
        for key in ("deps", "params", "outs", "metrics", "plots"):
            entries = [entry for member in members for entry in member.get(key, [])]
            collected[key] = [entry for number, entry in enumerate(entries) if entry not in entries[:number]]
        made = [*collected["outs"], *(path for entry in collected["metrics"] for path in entry)]
        needed = [path for path in collected["deps"] if path not in made]
        collected["deps"] = [*needed, "stages/together.py"]
        command = f"python -m stages.together {' '.join(names)}"
        stages[group] = {"cmd": command, "desc": group, **{k: v for k, v in collected.items() if v}}
    return {"stages": stages}
