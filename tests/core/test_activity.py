"""What a stage does can be watched from another process, and watching changes nothing."""

import json
import logging
import os
from dataclasses import replace
from pathlib import Path

import pytest

from slm_factory.core import activity
from slm_factory.core.errors import UserError, run_stage
from slm_factory.core.progress import track


@pytest.fixture
def dvc(workspace: Path) -> Path:
    """A workspace that DVC knows."""
    (workspace / ".dvc/tmp").mkdir(parents=True)
    return workspace


def test_counts_are_seen_while_the_stage_runs_and_its_end_after(
    dvc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity, "SECONDS_BETWEEN", 0)
    seen = []
    with activity.reporting("parse"):
        for _ in track(range(3), "documents"):
            seen.append(activity.read_all()["parse"])
    assert [(found.task, found.done, found.total) for found in seen] == [
        ("documents", number, 3) for number in range(3)
    ]
    assert {found.state for found in seen} == {"running"}
    assert activity.read_all()["parse"].state == "done"


@pytest.mark.parametrize(
    ("error", "state", "message"),
    [
        (UserError("error: what", "hint: how"), "failed", "error: what hint: how"),
        (KeyboardInterrupt(), "stopped", ""),
        (ValueError(), "failed", "ValueError"),
    ],
)
def test_how_it_ended_is_told(dvc: Path, error: BaseException, state: str, message: str) -> None:
    with pytest.raises(type(error)), activity.reporting("parse"):
        raise error
    found = activity.read_all()["parse"]
    assert (found.state, found.message) == (state, message)


def test_a_stage_whose_process_is_gone_was_killed(dvc: Path) -> None:
    with activity.reporting("parse"):
        file = dvc / activity.FOLDER / "parse.json"
        dead = json.loads(file.read_text()) | {"pid": 2**22 + 1}  # above the largest number of a process
        file.write_text(json.dumps(dead))
        assert activity.read_all()["parse"].state == "failed"
        assert activity.read_all()["parse"].message == "killed"


def test_rate_and_remaining_time_follow_from_the_count() -> None:
    begun = activity.Activity("parse", 1, "running", 0.0, 30.0, "documents", 20, 100, task_started=20.0)
    assert begun.rate == 2.0 and begun.seconds_left == 40.0
    assert replace(begun, total=None).seconds_left is None
    assert replace(begun, done=0).seconds_left is None


def test_log_lines_go_to_the_log_that_starts_anew_when_it_is_long(
    dvc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity, "MAX_LOG_BYTES", 10)
    for number in range(2):
        with activity.reporting("parse"):
            logging.getLogger("stages.parse").warning("parse: line %d", number)
    assert (dvc / activity.LOG).read_text().endswith("parse: line 1\n")
    assert "line 0" not in (dvc / activity.LOG).read_text()
    assert (dvc / activity.LOG.with_suffix(".old")).read_text().endswith("parse: line 0\n")


def test_a_full_disk_or_a_repository_without_dvc_stops_nothing(workspace: Path) -> None:
    with activity.reporting("parse"):
        assert activity.current() is None
        assert list(track([1, 2], "x")) == [1, 2]
    (workspace / ".dvc/tmp").mkdir(parents=True)
    with activity.reporting("parse"):
        (workspace / activity.FOLDER / f"chunk.{os.getpid()}").mkdir()
        reporter = activity.Reporter("chunk")
        assert reporter.activity.state == "running"
    assert set(activity.read_all()) == {"parse"}


def test_run_stage_names_the_stage_by_its_script(dvc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["/somewhere/stages/chunk.py"])
    run_stage(lambda: None)
    assert activity.read_all()["chunk"].state == "done"
