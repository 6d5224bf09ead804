"""`slm-factory status` in a real DVC repository of three small stages."""

import json
import os
import subprocess
from dataclasses import asdict
from pathlib import Path

from slm_factory.core.activity import Activity
from tests.cli.conftest import BIN, Command, write_stage


def states(slm_factory: Command) -> dict[str, str]:
    result = slm_factory("status", "--json")
    assert result.returncode == 0
    return {stage["name"]: stage["state"] for stage in json.loads(result.stdout)["stages"]}


def test_before_the_first_run_no_stage_ever_ran(pipeline: Path, slm_factory: Command) -> None:
    assert states(slm_factory) == dict.fromkeys(("first", "second", "third"), "never run")


def test_after_a_run_every_stage_is_fresh(pipeline: Path, slm_factory: Command) -> None:
    slm_factory("run")
    assert states(slm_factory) == dict.fromkeys(("first", "second", "third"), "fresh")
    assert "brings everything up to date" not in slm_factory("status").stdout


def test_a_changed_stage_makes_those_after_it_stale_and_says_why(
    pipeline: Path, slm_factory: Command
) -> None:
    slm_factory("run")
    write_stage(pipeline, "second", "first", body="pass")
    assert states(slm_factory) == {"first": "fresh", "second": "stale", "third": "stale"}
    lines = slm_factory("status").stdout.splitlines()
    assert lines[2].split() == ["second", "stale", "stages/second.py", "modified"]
    assert lines[3].split() == ["third", "stale", "after", "second"]


def test_a_changed_parameter_is_named_by_its_key(pipeline: Path, slm_factory: Command) -> None:
    (pipeline / "params.yaml").write_text("train:\n  rank: 8\n")
    text = (pipeline / "dvc.yaml").read_text()
    (pipeline / "dvc.yaml").write_text(
        text.replace("    outs: [third.txt]", "    params: [train]\n    outs: [third.txt]")
    )
    slm_factory("run")
    (pipeline / "params.yaml").write_text("train:\n  rank: 4\n")
    stages = json.loads(slm_factory("status", "--json").stdout)["stages"]
    assert [stage["reasons"] for stage in stages] == [[], [], ["train modified"]]


def test_counts_come_from_the_metrics(pipeline: Path, slm_factory: Command) -> None:
    (pipeline / "metrics").mkdir()
    (pipeline / "metrics" / "first.json").write_text(
        json.dumps({"documents": 12, "share": 0.5, "skipped": []})
    )
    stages = json.loads(slm_factory("status", "--json").stdout)["stages"]
    assert stages[0]["counts"] == {"documents": 12}
    assert "12 documents" in slm_factory("status").stdout


def test_a_stage_that_another_process_runs_is_running(pipeline: Path, slm_factory: Command) -> None:
    slm_factory("run")
    write_stage(pipeline, "second", "first", body="Path('started').touch(); sys.stdin.read()")
    # What `dvc repro` runs is seen, too: the state is that of DVC's own locks.
    process = subprocess.Popen([BIN / "dvc", "repro", "-q"], stdin=subprocess.PIPE)
    try:
        while not (pipeline / "started").exists() and process.poll() is None:
            os.sched_yield()
        assert states(slm_factory) == {"first": "fresh", "second": "running", "third": "stale"}
        assert "running" in slm_factory("status").stdout
    finally:
        process.communicate()
    assert process.returncode == 0
    assert set(states(slm_factory).values()) == {"fresh"}


def test_a_stage_that_told_of_its_failure_has_failed_until_it_is_fresh(
    pipeline: Path, slm_factory: Command
) -> None:
    told = pipeline / ".dvc/tmp/slm-factory/second.json"
    told.parent.mkdir(parents=True, exist_ok=True)
    failure = Activity("second", 1, "failed", started=0.0, updated=0.0, message="error: no good")
    told.write_text(json.dumps(asdict(failure)))
    stages = {stage["name"]: stage for stage in json.loads(slm_factory("status", "--json").stdout)["stages"]}
    assert (stages["second"]["state"], stages["second"]["reasons"]) == ("failed", ["error: no good"])
    slm_factory("run")
    assert set(states(slm_factory).values()) == {"fresh"}
