"""`slm-factory clean` removes what can be made again, and nothing else, in a real DVC repository."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.conftest import BIN, Command

OUTPUTS = ("first.txt", "second.txt", "third.txt")
KEPT = (
    "data/documents/a.md",
    "data/review.jsonl",
    "deploy/versions/v1/model.gguf",
    "models/seed/config.json",
)


@pytest.fixture(scope="module")
def finished(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository after a run, with files that must stay, and all of it committed."""
    root = shutil.copytree(template, tmp_path_factory.mktemp("finished") / "repository")
    for name in KEPT:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("kept")
    subprocess.run([BIN / "slm-factory", "run", "-q"], cwd=root, check=True, capture_output=True)
    commit(root)
    return root


@pytest.fixture
def ran(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a copy of it."""
    root = shutil.copytree(finished, tmp_path / "repository")
    monkeypatch.chdir(root)
    monkeypatch.setenv("SLM_FACTORY_CACHE", str(root / "store"))
    return root


def commit(root: Path) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@localhost"]
    for command in (["add", "."], [*who, "commit", "-q", "-m", "Change"]):
        subprocess.run(["git", *command], cwd=root, check=True)


def cached(root: Path) -> set[str]:
    """Contents of all objects in the DVC cache."""
    return {file.read_text() for file in (root / ".dvc/cache/files").rglob("*") if file.is_file()}


def test_outputs_go_and_a_run_takes_them_from_the_cache(ran: Path, slm_factory: Command) -> None:
    (ran / "build").mkdir()
    (ran / "build/export.txt").write_text("x" * 2_000_000)
    (ran / "data/.split.parquet.77.partial").write_text("half")
    result = slm_factory("clean", "--yes")
    assert result.returncode == 0
    assert "outputs: 5, 2.0 MB" in result.stdout
    assert result.stdout.endswith("Removed 2.0 MB.\n")
    assert not [
        name for name in (*OUTPUTS, "build", "data/.split.parquet.77.partial") if (ran / name).exists()
    ]
    assert [name for name in KEPT if not (ran / name).exists()] == []
    again = slm_factory("run")
    assert "lines:" not in again.stderr, "no stage ran"
    assert all((ran / name).exists() for name in OUTPUTS)


def test_without_a_terminal_nothing_is_removed_unasked(ran: Path, slm_factory: Command) -> None:
    result = slm_factory("clean")
    assert result.returncode == 2
    assert result.stderr.splitlines()[1].endswith("slm-factory clean --yes")
    assert all((ran / name).exists() for name in OUTPUTS)


def test_all_removes_from_the_cache_what_no_branch_and_no_tag_names(ran: Path, slm_factory: Command) -> None:
    versions = {"tagged": "input\ntagged\n", "passing": "input\npassing\n", "present": "input\npresent\n"}
    for word in versions:
        (ran / "input.txt").write_text(f"input\n{word}\n")
        slm_factory("run", "-q")
        if word == "tagged":
            commit(ran)
            subprocess.run(["git", "tag", "v1"], cwd=ran, check=True)
    assert {f"{text}first\n" for text in versions.values()} <= cached(ran)
    commit(ran)  # so that the branch names another state than the tag
    assert slm_factory("clean", "--all", "-y").returncode == 0
    assert f"{versions['tagged']}first\n" in cached(ran)
    assert f"{versions['present']}first\n" in cached(ran)
    assert f"{versions['passing']}first\n" not in cached(ran)


def test_all_keeps_the_documents_of_every_commit(ran: Path, slm_factory: Command) -> None:
    subprocess.run(["git", "rm", "-q", "--cached", "-r", "data/documents"], cwd=ran, check=True)
    for text in ("first version", "second version"):
        (ran / "data/documents/a.md").write_text(text)
        subprocess.run([BIN / "dvc", "add", "-q", "data/documents"], cwd=ran, check=True)
        commit(ran)
    assert slm_factory("clean", "--all", "-y").returncode == 0
    assert {"first version", "second version"} <= cached(ran)


def test_a_cache_outside_the_repository_is_left_alone(ran: Path, slm_factory: Command) -> None:
    shared = ran.parent / "shared"
    (ran / ".dvc/cache").rename(shared)
    subprocess.run([BIN / "dvc", "cache", "dir", "-q", str(shared)], cwd=ran, check=True)
    others = shared / "files/md5/ab/cdef"
    others.parent.mkdir(parents=True, exist_ok=True)
    others.write_text("of another repository")
    assert "DVC's cache" not in slm_factory("clean", "--all", "-y").stdout
    assert others.exists()


def test_all_removes_checkpoints_that_rest_for_a_week(ran: Path, slm_factory: Command) -> None:
    for name, days in (("old", 8), ("new", 1)):
        file = ran / "store/checkpoints" / name / "state.json"
        file.parent.mkdir(parents=True)
        file.write_text("{}")
        then = time.time() - days * 86400
        for path in (file, file.parent):
            os.utime(path, (then, then))
    slm_factory("clean", "--yes")
    assert (ran / "store/checkpoints/old").exists()
    slm_factory("clean", "--all", "--yes")
    assert sorted(path.name for path in (ran / "store/checkpoints").iterdir()) == ["new"]


def test_a_clean_repository_has_nothing_to_remove(pipeline: Path, slm_factory: Command) -> None:
    assert slm_factory("clean").stdout == "Nothing to remove.\n"
