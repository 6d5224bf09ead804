"""Ctrl-C ends a stage quietly also while it is still being imported."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.conftest import REPOSITORY

# Each stage imports yaml; this one stands in front of the real one.
PRESSED = "import os, signal; os.kill(os.getpid(), signal.SIGINT)\n"
BROKEN = "raise RuntimeError('a bug')\n"


def imported(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    """`python -m stages.train` where importing yaml runs `code`."""
    (folder / "yaml.py").write_text(code)
    path = os.pathsep.join([str(folder), str(REPOSITORY)])
    return subprocess.run(
        [sys.executable, "-m", "stages.train"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_stage_that_is_stopped_while_it_is_imported_says_nothing(tmp_path: Path) -> None:
    result = imported(tmp_path, PRESSED)
    assert (result.stderr, result.returncode) == ("", -signal.SIGINT)


def test_a_bug_keeps_its_traceback(tmp_path: Path) -> None:
    result = imported(tmp_path, BROKEN)
    assert "Traceback" in result.stderr and "a bug" in result.stderr


def test_a_program_that_reads_stages_keeps_its_own_excepthook() -> None:
    check = "import stages, sys; assert sys.excepthook is sys.__excepthook__"
    subprocess.run([sys.executable, "-c", check], cwd=REPOSITORY, check=True)
