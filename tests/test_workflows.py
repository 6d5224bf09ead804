"""The workflows and .ci/run: readable, calling only what exists; tests/test_dvc.py runs the report."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import REPOSITORY

WORKFLOWS = sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))


def steps(workflow: Path) -> list[dict[str, Any]]:
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


def targets() -> set[str]:
    texts = [(REPOSITORY / name).read_text() for name in ("Makefile", "development.mk")]
    return set(re.findall(r"^([a-z-]+):", "".join(texts), re.M))


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_is_yaml_with_triggers_and_the_least_permissions(workflow: Path) -> None:
    content = yaml.safe_load(workflow.read_text(encoding="utf-8"))
    assert content[True], "on:"  # YAML 1.1 reads `on` as true
    assert content["permissions"]["contents"] == "read"


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_each_step_is_an_action_of_a_version_or_shell_that_parses(workflow: Path) -> None:
    for step in steps(workflow):
        assert ("uses" in step) != ("run" in step)
        if "uses" in step:
            assert re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"])
        else:
            script = re.sub(r"\$\{\{.*?\}\}", "value", step["run"])
            subprocess.run(["bash", "-n"], input=script, text=True, check=True)
            assert set(re.findall(r"^make (\S+)", script, re.M)) <= targets()


def test_ci_runs_lint_and_the_tests_that_the_readme_names() -> None:
    script = REPOSITORY / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert re.findall(r"^make (\S+)", script.read_text(), re.M) == ["lint", "test"]
    assert any(step.get("run") == ".ci/run" for step in steps(REPOSITORY / ".github/workflows/ci.yml"))
