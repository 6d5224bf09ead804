"""The wizard leads through real commands, goes back, leaves, and goes on where it was left."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
import yaml
from rich.console import Console
from typer.testing import CliRunner

from slm_factory.cli.main import app
from slm_factory.core import params
from slm_factory.core.errors import UserError
from slm_factory.wizard import steps
from slm_factory.wizard.screen import Back, Leave, Screen
from tests.conftest import REPOSITORY

STAGES = ("parse", "chunk", "generate", "validate", "score")
DOCUMENT = "# Backup policy\n\n- Retention: 30 days\n- Owner: platform team\n"

Talk = Callable[..., tuple[Screen, StringIO]]


@pytest.fixture
def talk() -> Talk:
    """Makes a screen whose user gives these answers; what is printed can be read."""

    def begin(*answers: str) -> tuple[Screen, StringIO]:
        waiting, printed = iter(answers), StringIO()

        def read(question: str) -> str:
            printed.write(question)
            try:
                return next(waiting)
            except StopIteration:
                raise EOFError from None

        return Screen(Console(file=printed, width=100), read), printed

    return begin


@pytest.fixture
def repository(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the stages up to score and one document."""
    for folder in ("stages", "slm_factory", "prompts", "profiles"):
        shutil.copytree(REPOSITORY / folder, workspace / folder, ignore=shutil.ignore_patterns("__pycache__"))
    pipeline = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text(encoding="utf-8"))
    (workspace / "dvc.yaml").write_text(
        yaml.safe_dump({"stages": {name: pipeline["stages"][name] for name in STAGES}}, sort_keys=False)
    )
    (workspace / "data/documents").mkdir(parents=True)
    (workspace / "data/documents/backup.md").write_text(DOCUMENT)
    for name in ("questions.jsonl", "abstain.jsonl", "general.jsonl"):
        (workspace / "data" / name).write_text("")
    for command in (["git", "init", "-q"], [sys.executable, "-m", "dvc", "init", "-q"]):
        subprocess.run(command, check=True)
    monkeypatch.setenv("PYTHONPATH", str(workspace))
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    return workspace


def walk(screen: Screen, start: str) -> list[str]:
    """Names of the steps that were begun, until the user leaves."""
    names = [step.name for step in steps.STEPS]
    begun: list[str] = []
    with pytest.raises(Leave):
        steps.walk(screen, names.index(start), lambda at: begun.append(names[at]))
    return begun


@pytest.mark.slow
def test_documents_become_checked_pairs_by_the_commands_that_are_shown(
    repository: Path, talk: Talk, capfd: pytest.CaptureFixture[str]
) -> None:
    screen, printed = talk("", "", "q")
    assert walk(screen, "documents") == ["documents", "reading", "teacher"]
    assert "$ slm-factory run --until chunk" in printed.getvalue()
    assert "backup.md" in printed.getvalue()
    screen, printed = talk("m", "", "y", "q")
    assert walk(screen, "generating") == ["generating", "checking", "reviewing"]
    told = printed.getvalue()
    assert "30 days" in told and "- Retention: 30 days" in told
    assert told.count("  Q  ") >= 2
    assert " pairs kept" in told
    capfd.readouterr()


def test_going_back_and_leaving(talk: Talk, workspace: Path) -> None:
    (workspace / "data/documents").mkdir(parents=True)
    (workspace / "data/documents/a.md").write_text("a")
    screen, _ = talk("b", "q")
    assert walk(screen, "options") == ["options", "student"]
    screen, _ = talk()  # the input ends
    assert walk(screen, "options") == ["options"]


def test_a_step_that_fails_is_tried_again_or_left_for_the_one_before(talk: Talk) -> None:
    def failing(screen: Screen) -> None:
        raise UserError("error: what", "hint: how")

    step = steps.Step("x", "X", failing)
    screen, printed = talk("")
    assert steps.pace(screen, step) == 0
    assert "error: what\nhint: how" in printed.getvalue()
    assert steps.pace(talk("b")[0], step) == -1
    with pytest.raises(Leave):
        steps.pace(talk("q")[0], step)


def test_documents_are_copied_and_none_is_replaced_without_a_question(talk: Talk, workspace: Path) -> None:
    theirs = workspace / "theirs"
    (theirs / "sub").mkdir(parents=True)
    (theirs / "sub/b.md").write_text("new")
    (theirs / "a.md").write_text("new")
    (workspace / "data/documents").mkdir(parents=True)
    (workspace / "data/documents/a.md").write_text("old")
    screen, printed = talk("nowhere", str(theirs), "n", "")
    steps.documents(screen)
    assert (workspace / "data/documents/a.md").read_text() == "old"
    assert (workspace / "data/documents/sub/b.md").read_text() == "new"
    assert "there is no nowhere" in printed.getvalue()
    assert f"$ cp -r {theirs}/. data/documents/" in printed.getvalue()


def test_an_empty_folder_of_documents_is_not_left_behind(talk: Talk, workspace: Path) -> None:
    (workspace / "data/documents").mkdir(parents=True)
    (workspace / "data/documents/a.md").write_text("old")
    screen, _ = talk("-", "y", "")
    with pytest.raises(Leave):
        steps.documents(screen)
    assert not (workspace / "data/documents/a.md").exists()


def test_an_option_is_written_as_the_line_that_is_shown(talk: Talk, workspace: Path) -> None:
    number = list(steps.OPTIONS).index("train.epochs") + 1
    screen, printed = talk("99", str(number), "7", "")
    steps.options(screen)
    assert params.read()["train"]["epochs"] == 7
    assert "params.yaml: train.epochs: auto -> 7" in printed.getvalue()
    assert "a number from 1 to" in printed.getvalue()
    assert " # at most" in (workspace / "params.yaml").read_text(encoding="utf-8"), "comments stay"


def test_every_option_is_a_key_of_params(workspace: Path) -> None:
    values = params.read()
    for key in steps.OPTIONS:
        section, _, name = key.partition(".")
        assert name in values[section]


def test_back_is_a_word_of_its_own(talk: Talk) -> None:
    with pytest.raises(Back):
        talk("b")[0].ask("?")
    assert talk("back")[0].ask("?") == "back"
    assert talk("maybe", "네")[0].agrees("?") is True


def test_the_next_start_goes_on_where_the_user_left(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (workspace / "dvc.yaml").write_text("stages: {}\n")
    monkeypatch.setattr("slm_factory.wizard.screen.Screen.ask", leave)
    (workspace / ".dvc/tmp/slm-factory").mkdir(parents=True)
    (workspace / ".dvc/tmp/slm-factory/wizard.txt").write_text("options")
    told = CliRunner().invoke(app, ["tool", "wizard"]).output
    assert "5/12 Options" in told and "goes on from here" in told
    (workspace / "data/documents").mkdir(parents=True)
    told = CliRunner().invoke(app, ["tool", "wizard", "--restart"]).output
    assert "1/12 Documents" in told
    (workspace / ".dvc/tmp/slm-factory/wizard.txt").write_text("nothing known")
    assert "1/12 Documents" in CliRunner().invoke(app, ["tool", "wizard"]).output


def leave(self: Screen, question: str, default: str = "") -> str:
    raise Leave
