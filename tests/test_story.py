"""The story of bench/story.py with a student that learns in seconds; commands and stages are real."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench import story
from tests import tiny_student
from tests.conftest import REPOSITORY, set_params

pytestmark = pytest.mark.slow
# The stages of one group run in one process: importing torch five times would take longer than the story.
TOGETHER = """import importlib, sys
if __name__ == "__main__":
    for name in sys.argv[1:]:
        importlib.import_module(f"stages.{name}").main()
"""
GROUPS = {
    "convert": [
        *("parse", "chunk", "generate", "validate", "score", "review", "split"),
        *("augment", "dialogue", "convert"),
    ],
    "quantize": ["train", "evaluate", "gate", "export", "quantize"],
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
SERVERS = ("나루결제", "물결정산", "들꽃회원", "바람배송")
TRAITS = ("서버 수", "복구 목표 시간", "점검 주기", "내선 번호", "보고 주기", "로그 보관 기간")
UNITS = ("대", "분", "일", "번", "시간", "개월")


def document(title: str, subjects: tuple[str, ...], first: int) -> str:
    """A document that gives each subject a value for every trait, no value twice."""
    number, lines = first, [f"# {title}"]
    for subject in subjects:
        lines.append(f"\n## {subject}\n")
        for trait, unit in zip(TRAITS, UNITS, strict=True):
            lines.append(f"- {trait}: {number}{unit}")
            number += 7
    return "\n".join(lines) + "\n"


def grouped(pipeline: dict[str, Any]) -> dict[str, Any]:
    """The stages of each group as one: what they need from outside, and all that they make."""
    stages = {}
    for group, names in GROUPS.items():
        members = [pipeline["stages"][name] for name in names]
        collected: dict[str, list[Any]] = {}
        for key in ("deps", "params", "outs", "metrics", "plots"):
            entries = [entry for member in members for entry in member.get(key, [])]
            collected[key] = [entry for number, entry in enumerate(entries) if entry not in entries[:number]]
        made = [*collected["outs"], *(path for entry in collected["metrics"] for path in entry)]
        collected["deps"] = [path for path in collected["deps"] if path not in made] + ["together.py"]
        command = f"python together.py {' '.join(names)}"
        stages[group] = {"cmd": command, "desc": group, **{k: v for k, v in collected.items() if v}}
    return {"stages": stages}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A committed repository with two documents, a tiny student, and the documents of the story beside it."""
    root = tmp_path / "repository"
    for folder in ("stages", "slm_factory", "prompts"):
        shutil.copytree(REPOSITORY / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("params.yaml", ".gitignore", ".dvcignore"):
        shutil.copy(REPOSITORY / file, root)
    set_params(root, **PARAMETERS)
    texts = {
        "data/documents/설비/시스템.md": document("시스템 현황", SERVERS, 101),
        f"{story.PLACE}/정산.md": document("정산 현황", ("은빛정산", "달빛정산"), 307),
        f"{story.REPORTS}/가람_장애.md": document("가람 장애", ("가람장애",), 503),
        f"{story.REPORTS}/누리_장애.md": document("누리 장애", ("누리장애",), 571),
        f"{story.REPORTS}/다온_장애.md": document("다온 장애", ("다온장애",), 641),
        f"{story.WRONG}/요약본.md": document("요약본", SERVERS, 709),
    }
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    for name in ("questions", "review", "refine", "abstain"):
        (root / f"data/{name}.jsonl").touch()
    for name in ("general", "text"):
        lines = (REPOSITORY / f"data/{name}.jsonl").read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if name == "text" or '"test"' in line][:5]
        (root / f"data/{name}.jsonl").write_text("\n".join(kept) + "\n", encoding="utf-8")
    (root / "together.py").write_text(TOGETHER)
    pipeline = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text(encoding="utf-8"))
    (root / "dvc.yaml").write_text(yaml.safe_dump(grouped(pipeline), sort_keys=False))
    model, tokenizer = tiny_student.blank(list(texts.values()) * 2, 7, vocabulary=640, hidden_size=96)
    model.save_pretrained(root / "models/seed")
    tokenizer.save_pretrained(root / "models/seed")
    return root


def test_the_story_is_true_with_a_tiny_student(root: Path) -> None:
    environment = story.environment(root, root.parent / "store")
    told = story.Story(root, environment | {"OMP_NUM_THREADS": "1"})  # more only get in each other's way
    start = "git init -q -b main && dvc init -q && git add -A && git commit -q -m start"
    subprocess.run(start, shell=True, check=True, cwd=root, env=told.environment)
    story.tell(told)
    assert told.untrue == []
