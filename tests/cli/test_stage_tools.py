"""`tool convert`, `tool dialogue` and `tool update` run up to the stage that they promise, and no further."""

from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.cli.test_run import ran


@pytest.mark.parametrize(
    ("command", "stage"), [("convert", "convert"), ("dialogue", "dialogue"), ("update", "convert")]
)
def test_it_runs_up_to_its_stage(pipeline: Path, slm_factory: Command, command: str, stage: str) -> None:
    file = pipeline / "dvc.yaml"
    file.write_text(file.read_text().replace("  second:", f"  {stage}:"))
    assert ran(slm_factory("tool", command).stderr) == ["first", "second"]  # its script is still second
    assert not (pipeline / "third.txt").exists()
