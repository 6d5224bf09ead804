"""`slm-factory status` in a real DVC repository of three small stages."""

import json
from pathlib import Path

from tests.cli.conftest import Command, write_stage


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
