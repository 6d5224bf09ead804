"""The task for a rented GPU: a whole one, of this repository's own commands, without any secret in it.

SkyPilot's own schema is no part of the install; the file was loaded with `sky.Task.from_yaml_config` (0.14).
"""

import shlex
from typing import Any

import pytest
import typer
import yaml

from slm_factory.cli.main import app
from tests.conftest import REPOSITORY

TASK: dict[str, Any] = yaml.safe_load(
    (REPOSITORY / "profiles/skypilot/train.yaml").read_text(encoding="utf-8")
)
LINES = [shlex.split(line, comments=True) for part in ("setup", "run") for line in TASK[part].splitlines()]
COMMANDS = [line for line in LINES if line and line[0] != "set"]


def test_data_come_from_the_remote_and_the_adapter_goes_back_to_it() -> None:
    programs = [line[0].removeprefix(".venv/bin/") + " " + line[1] for line in COMMANDS]
    assert programs == ["make install", "dvc pull", "slm-factory run", "dvc push", "slm-factory tool"]
    assert TASK["run"].startswith("set -e\n")  # nothing is pushed after a failure


@pytest.mark.parametrize("line", [line for line in COMMANDS if line[0].endswith("slm-factory")], ids=" ".join)
def test_every_command_is_one_of_the_program(line: list[str]) -> None:
    command: Any = typer.main.get_command(app)
    words = line[1:]
    while hasattr(command, "commands") and words:
        command = command.commands[words.pop(0)]
    command.make_parser(typer.Context(command)).parse_args(words)


def test_the_target_of_make_and_the_stage_are_there() -> None:
    assert "\ninstall:" in (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    run = next(line for line in COMMANDS if "--until" in line)
    stages = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    assert run[run.index("--until") + 1] == "train" in stages


def test_the_machine_is_given_back_and_no_secret_is_written_down() -> None:
    autostop = TASK["resources"]["autostop"]
    assert autostop["down"] is True and 0 < autostop["idle_minutes"] <= 30
    assert all(not value for value in TASK["secrets"].values())
    assert "envs" not in TASK


def test_runpod_is_the_first_choice_and_each_choice_has_a_gpu() -> None:
    choices = TASK["resources"]["ordered"]
    assert choices[0]["infra"] == "runpod"
    assert all(choice["accelerators"].endswith(":1") for choice in choices)
