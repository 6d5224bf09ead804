"""The story of bench/story.py with a student that learns in seconds; commands and stages are real."""

import subprocess
from pathlib import Path

import pytest

from bench import story
from tests import tiny_clone

pytestmark = pytest.mark.slow
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


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A committed repository with two documents, a tiny student, and the documents of the story beside it."""
    root = tmp_path / "repository"
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
    tiny_clone.make(root, list(texts.values()))
    return root


def test_the_story_is_true_with_a_tiny_student(root: Path) -> None:
    environment = story.environment(root, root.parent / "store")
    told = story.Story(root, environment | {"OMP_NUM_THREADS": "1"})  # more only get in each other's way
    start = "git init -q -b main && dvc init -q && git add -A && git commit -q -m start"
    subprocess.run(start, shell=True, check=True, cwd=root, env=told.environment)
    story.tell(told)
    assert told.untrue == []
