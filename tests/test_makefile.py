"""The Makefile on a machine that has only some Python, git and make; interpreters are small scripts here."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.conftest import REPOSITORY

# A Python that says whether it is new enough, makes an environment with itself, and notes other requests.
INTERPRETER = """#!/bin/sh
case "$*" in
    *version_info*) exit {too_old} ;;
    --version) echo "Python {name}" ;;
    "-m venv .venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
    *) echo "$(basename "$0") $*" >> asked.log ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the Makefile and what .venv depends on."""
    for name in ("Makefile", "development.mk", "pyproject.toml", "constraints.txt"):
        shutil.copy(REPOSITORY / name, tmp_path)
    (tmp_path / "bin").mkdir()
    for tool in ("sh", "make", "awk", "cp", "mkdir", "basename", "touch", "test", "rm", "find", "env"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool) or "/nowhere")
    return tmp_path


def add_python(checkout: Path, name: str, *, too_old: bool = False) -> None:
    script = checkout / "bin" / name
    script.write_text(INTERPRETER.format(name=name, too_old=int(too_old)))
    script.chmod(0o755)


def make(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs make where only the checkout's own bin is on the PATH."""
    environment = {"PATH": str(checkout / "bin"), "HOME": str(checkout)}
    return subprocess.run(["make", *arguments], cwd=checkout, env=environment, capture_output=True, text=True)


def test_make_alone_lists_the_targets(checkout: Path) -> None:
    listed = {line.split()[1] for line in make(checkout).stdout.splitlines()}
    assert listed >= {"run", "test", "lint", "docs", "clean", "help"}


def test_a_project_without_our_tests_has_no_targets_for_them(checkout: Path) -> None:
    (checkout / "development.mk").unlink()
    listed = {line.split()[1] for line in make(checkout).stdout.splitlines()}
    assert listed == {"help", "run", "install", "clean", "clean-all"}


def test_install_uses_the_pins_and_happens_once(checkout: Path) -> None:
    add_python(checkout, "python3")
    assert make(checkout, "install").returncode == 0
    asked = (checkout / "asked.log").read_text().splitlines()
    assert len(asked) == 1 and asked[0].endswith("-c constraints.txt -e .[all]")
    again = make(checkout, "install")
    assert again.returncode == 0
    assert (checkout / "asked.log").read_text().splitlines() == asked


def test_changed_pins_install_again(checkout: Path) -> None:
    add_python(checkout, "python3")
    make(checkout, "install")
    later = (checkout / ".venv/.installed").stat().st_mtime + 10
    os.utime(checkout / "constraints.txt", (later, later))
    make(checkout, "install")
    assert len((checkout / "asked.log").read_text().splitlines()) == 2


def test_an_old_python3_is_passed_over_for_a_newer_one(checkout: Path) -> None:
    add_python(checkout, "python3", too_old=True)
    add_python(checkout, "python3.12")
    result = make(checkout, "install")
    assert result.returncode == 0
    assert "making .venv with Python python3.12" in result.stdout


def test_without_a_new_enough_python_two_lines_say_so(checkout: Path) -> None:
    add_python(checkout, "python3", too_old=True)
    result = make(checkout, "install")
    assert result.returncode == 2
    assert result.stderr.splitlines()[:2] == [
        "error: Python 3.11 or newer is needed; python3 is older or missing",
        "hint: install it, or name it: make PYTHON=/path/to/python3.12",
    ]
    assert not (checkout / ".venv").exists()


def test_clean_deletes_every_output_and_keeps_every_input(checkout: Path) -> None:
    stages = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text(encoding="utf-8"))["stages"].values()
    outputs = [checkout / path for stage in stages for path in stage.get("outs", [])]
    kept = [
        checkout / path
        for path in ("data/documents/a.md", "data/review.jsonl", "data/abstain.jsonl", "data/general.jsonl")
    ]
    kept += [
        checkout / path for path in ("models/seed/config.json", ".dvc/cache/files/md5/00/0", ".git/HEAD")
    ]
    for path in [*outputs, *kept]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    assert make(checkout, "clean").returncode == 0
    assert [path for path in outputs if path.exists()] == []
    assert [path for path in kept if not path.exists()] == []
