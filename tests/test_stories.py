"""The three stories of docs/stories, executed with a student that learns in seconds; all else is real."""

import shutil
from pathlib import Path

import pytest

from docs.stories.run import Mismatch, Page, Shell, environment, run, steps
from slm_factory.cli import template
from tests import tiny_clone
from tests.conftest import REPOSITORY

STORIES = REPOSITORY / "docs/stories"
SAMPLES = REPOSITORY / "samples/stories"
NAMES = ("incident", "tax-law", "company-rules")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository from which `init` makes projects with a tiny student, and the stories' documents."""
    root = tmp_path_factory.mktemp("clone") / "slm-factory"
    root.mkdir()
    texts = [file.read_text(encoding="utf-8") for file in sorted(SAMPLES.rglob("*")) if file.is_file()]
    tiny_clone.make(root, texts, vocabulary=1500)
    for name in template.FILES:
        if not (root / name).exists():
            template.place(REPOSITORY / name, root / name)
    shutil.copytree(REPOSITORY / "profiles", root / "profiles")
    shutil.copytree(SAMPLES, root / "samples/stories")
    return root


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_story_is_as_its_page_shows(
    name: str, clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # more only get in a tiny student's way
    run(STORIES / f"{name}.md", tmp_path, clone=clone, has_its_student=False)
