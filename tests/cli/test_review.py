"""`tool review` outside its screen: counts for scripts, what it refuses, who the reviewer is."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from slm_factory.cli import review
from slm_factory.cli.main import app
from slm_factory.core import files
from slm_factory.core.records import CHUNK, DOCUMENT
from slm_factory.review import decisions
from slm_factory.review.decisions import Decision
from tests import rows
from tests.review.sitting import make


@pytest.fixture
def repository(workspace: Path) -> Path:
    """A folder with pairs, two decisions and an empty pipeline."""
    make(
        Decision(pair_id="a0", decision="approve", reviewer="kim"),
        Decision(pair_id="a1", decision="reject", reviewer="kim"),
    )
    (workspace / "dvc.yaml").write_text("stages: {}\n")
    return workspace


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["tool", "review", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_json_counts_states(repository: Path) -> None:
    code, out, _ = run("--json")
    assert code == 0 and json.loads(out) == {
        **{"pairs": 7, "undecided": 5, "approved": 1, "edited": 0, "rejected": 1},
        **{"contested": 0, "stale": 0, "followed": 0},
    }


def test_json_with_a_sample_estimates_the_share_of_wrong_pairs(repository: Path) -> None:
    _, out, _ = run("--json", "--sample", "10")
    sample = json.loads(out)["sample"]
    assert (sample["drawn"], sample["looked_at"], sample["rate"]) == (6, 2, 0.5)  # one was dropped
    assert sample["low"] < 0.5 < sample["high"]


def test_a_sample_nobody_looked_at_says_so(repository: Path) -> None:
    decisions.write(decisions.DECISIONS, {})
    assert json.loads(run("--json", "--sample", "1")[1])["sample"] == {"drawn": 2, "looked_at": 0}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "needs a terminal"),
        (("--lang", "fr"), "there is no language 'fr'"),
        (("--json", "--state", "good"), "there is no state 'good'"),
        (("--json", "--document", "x.pdf"), "no pair is of the document 'x.pdf'"),
    ],
)
def test_what_cannot_be_done_is_said_in_two_lines(
    repository: Path, arguments: tuple[str, ...], words: str
) -> None:
    code, _, err = run(*arguments)
    assert code == 2 and words in err and len(err.strip().splitlines()) == 2


def test_a_missing_table_names_the_command_that_makes_it(repository: Path) -> None:
    (repository / "data/score.parquet").unlink()
    code, _, err = run("--json")
    assert code == 2 and "slm-factory run makes it" in err


def test_without_a_decision_file_nothing_is_decided(repository: Path) -> None:
    decisions.DECISIONS.unlink()
    assert json.loads(run("--json")[1])["undecided"] == 7


def test_new_words_are_checked_as_validate_checks_them(workspace: Path) -> None:
    files.write_rows(Path("data/chunk.parquet"), [rows.chunk()], CHUNK)
    files.write_rows(Path("data/parse.parquet"), [rows.document()], DOCUMENT)
    check = review.Checks().problems
    assert check(rows.scored(), "What is the limit of Alpha?", "The limit of Alpha is 7 bar.") == []
    (found,) = check(rows.scored(), "What is the limit of Alpha?", "The limit of Alpha is 9 bar.")
    assert "without evidence" in found
    assert "question length" in check(rows.scored(), "A?", "Alpha is 7 bar.")
    (gone,) = check(rows.scored(chunk_id="gone"), "What is the limit of Alpha?", "Alpha is 7 bar.")
    assert "source is gone" in gone


@pytest.mark.parametrize(
    ("background", "expected"), [("", False), ("15;0", False), ("0;15", True), ("0;default;7", True)]
)
def test_the_terminal_tells_a_light_ground(background: str, expected: bool) -> None:
    assert review.is_light({"COLORFGBG": background} if background else {}) is expected
