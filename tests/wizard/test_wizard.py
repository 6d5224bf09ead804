"""The wizard leads through real commands, goes back, leaves, and goes on where it was left."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from slm_factory import language
from slm_factory.cli.main import app
from slm_factory.core import params
from slm_factory.core.errors import UserError
from slm_factory.dashboard import observe
from slm_factory.wizard import choices, documents, pairs, steps
from slm_factory.wizard.screen import Back, Leave, Screen
from tests.conftest import REPOSITORY
from tests.wizard import sitting
from tests.wizard.sitting import Sitting

STAGES = ("parse", "chunk", "generate", "validate", "score")
DOCUMENT = "# Backup policy\n\n- Retention: 30 days\n- Owner: platform team\n"


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


def talk(*answers: str) -> Sitting:
    """A screen whose user gives these answers."""
    return Sitting(answers=list(answers))


class Working(Sitting):
    """One that really runs the commands."""

    run = Screen.run
    train = Screen.train


@pytest.mark.slow
def test_documents_become_checked_pairs_by_the_commands_that_are_shown(
    repository: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    screen = Working(answers=["", "", "q"])
    assert walk(screen, "documents") == ["documents", "reading", "teacher"]
    assert "$ slm-factory run --until chunk" in screen.told
    assert "backup.md" in screen.told
    screen = Working(answers=["m", "", "y", "q"])
    assert walk(screen, "generating") == ["generating", "checking", "reviewing"]
    assert "30 days" in screen.told and "- Retention: 30 days" in screen.told
    assert screen.told.count("  Q  ") >= 2
    assert " pairs kept" in screen.told
    capfd.readouterr()


def test_going_back_and_leaving(workspace: Path) -> None:
    sitting.lay_out()
    assert walk(talk("b", "q"), "reading") == ["reading", "documents"]
    assert walk(talk(), "options") == ["options"], "the input ends"


@pytest.mark.parametrize(
    "error", [UserError("error: what", "hint: how"), OSError(28, "No space left on device")]
)
def test_a_step_that_fails_is_tried_again_or_left_for_the_one_before(error: Exception) -> None:
    def failing(screen: Screen) -> None:
        raise error

    step = steps.Step("x", "X", failing)
    screen = talk("")
    assert steps.pace(screen, step) == 0
    assert "error: what\nhint: how" in screen.told or "No space left on device" in screen.told
    assert steps.pace(talk("b"), step) == -1
    with pytest.raises(Leave):
        steps.pace(talk("q"), step)


def test_a_command_that_fails_keeps_the_session_in_its_step(workspace: Path) -> None:
    sitting.lay_out()
    screen = talk("", "q")
    screen.outcomes = {"run": False}
    assert walk(screen, "generating") == ["generating", "generating"]
    assert "its own words stand above" in screen.told


def test_documents_are_copied_and_none_is_replaced_without_a_question(workspace: Path) -> None:
    theirs = workspace / "theirs"
    (theirs / "sub").mkdir(parents=True)
    (theirs / "sub/b.md").write_text("new")
    (theirs / "a.md").write_text("new")
    (workspace / "data/documents").mkdir(parents=True)
    (workspace / "data/documents/a.md").write_text("old")
    screen = talk("nowhere", str(theirs), "n", "")
    documents.documents(screen)
    assert (workspace / "data/documents/a.md").read_text() == "old"
    assert (workspace / "data/documents/sub/b.md").read_text() == "new"
    assert "there is no nowhere" in screen.told
    assert f"$ cp -r {theirs}/. data/documents/" in screen.told


def test_an_empty_folder_of_documents_is_not_left_behind(workspace: Path) -> None:
    (workspace / "data/documents").mkdir(parents=True)
    (workspace / "data/documents/a.md").write_text("old")
    with pytest.raises(Leave):
        documents.documents(talk("-", "y", ""))
    assert not (workspace / "data/documents/a.md").exists()


def test_documents_are_left_out_by_number_after_a_question(workspace: Path) -> None:
    sitting.lay_out()
    screen = talk("0 3", "2", "n", "2", "y", "")
    documents.reading(screen)
    assert "numbers from 1 to 2" in screen.told
    assert screen.told.count("$ slm-factory run --until chunk") == 4, "what is left is read again"
    assert "$ rm 'data/documents/펌프.pdf'" in screen.told
    assert [path.name for path in documents.DOCUMENTS.rglob("*") if path.is_file()] == ["backup.md"]


@pytest.mark.parametrize(
    ("answer", "places"), [("1 3", [0, 2]), ("2,1", [1, 0]), ("4", []), ("x", []), ("0", [])]
)
def test_numbers_name_places(answer: str, places: list[int]) -> None:
    assert documents.numbers(answer, 3) == places


def test_an_option_is_written_as_the_line_that_is_shown(workspace: Path) -> None:
    number = list(choices.OPTIONS).index("train.epochs") + 1
    screen = talk("99", str(number), "7", "")
    choices.options(screen)
    assert params.read()["train"]["epochs"] == 7
    assert "params.yaml: train.epochs: auto -> 7" in screen.told
    assert "a number from 1 to" in screen.told
    assert " # at most" in (workspace / "params.yaml").read_text(encoding="utf-8"), "comments stay"


@pytest.mark.parametrize("answer", ["[", "many", "-1"])
def test_an_option_that_no_stage_would_take_is_not_written(workspace: Path, answer: str) -> None:
    before = (workspace / "params.yaml").read_text(encoding="utf-8")
    number = list(choices.OPTIONS).index("generate.max_chunks") + 1
    choices.options(talk(str(number), answer, ""))
    assert yaml.safe_load((workspace / "params.yaml").read_text(encoding="utf-8")) == yaml.safe_load(before)


def test_every_option_is_a_key_of_params(workspace: Path) -> None:
    values = params.read()
    for key in choices.OPTIONS:
        section, _, name = key.partition(".")
        assert name in values[section]


def test_every_reason_of_a_rejection_has_korean_words() -> None:
    language.use("ko")
    assert [reason for reason in pairs.REASONS if pairs.why(reason) == reason] == []
    assert pairs.why("score below 3") == "3점 미만"


def test_back_is_a_word_of_its_own() -> None:
    with pytest.raises(Back):
        talk("b").ask("?")
    assert talk("back").ask("?") == "back"
    assert talk("maybe", "네").agrees("?") is True


def test_a_command_that_still_works_here_is_told_and_waited_for(workspace: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (workspace / ".dvc/tmp").mkdir(parents=True)
    commands = {"models/adapter": (other, "/some/__main__.py run --until train"), "models/gguf": (gone, "x")}
    writers = {path: {"pid": process.pid, "cmd": line} for path, (process, line) in commands.items()}
    (workspace / ".dvc/tmp/rwlock").write_text(json.dumps({"write": writers}))

    class Patient(Sitting):
        def answer(self, question: str) -> str:
            assert other.stdin and other.poll() is None
            other.stdin.close()  # the other command ends while the user waits
            return super().answer(question)

    screen = Patient(answers=[""])
    screen.demand("run")
    assert other.wait() == 0
    assert f"Still at work here: slm-factory run --until train (process {other.pid})" in screen.told
    assert screen.told.index("Still at work") < screen.told.index("$ slm-factory run")
    screen.demand("run")  # with nobody else here, nothing is asked


def test_commands_are_called_as_the_wizard_was_so_that_their_hints_can_be_typed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "argv", [".venv/bin/slm-factory", "tool", "wizard"])
    assert observe.command("run") == [sys.executable, ".venv/bin/slm-factory", "run"]
    monkeypatch.setattr(sys, "argv", ["/site-packages/slm_factory/__main__.py", "tool", "wizard"])
    assert observe.command("run") == [sys.executable, "-m", "slm_factory", "run"]


def test_killed_at_each_step_the_next_start_goes_on_there(workspace: Path) -> None:
    sitting.lay_out()
    (workspace / "dvc.yaml").write_text("stages: {}\n")
    for command in (["init", "-q"], ["config", "user.name", "a"], ["config", "user.email", "a@b"]):
        subprocess.run(["git", *command], check=True)
    script = [sys.executable, "-m", "tests.wizard.sitting"]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(script, stdout=subprocess.PIPE, env=environment, check=True)
    starts = json.loads(done.stdout)
    assert len(starts) == len(steps.STEPS)
    for killed_at, told in enumerate(starts[1:], 1):
        assert killed_at == 1 or f"Going on with step {killed_at};" in told
        assert f"{killed_at}/{len(steps.STEPS)} " in told, "it begins where it was killed"
        assert f"{killed_at + 1}/{len(steps.STEPS)} " in told, "and gets further"


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
