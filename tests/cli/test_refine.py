"""`slm-factory tool refine`: the facts that the tuned student gets wrong, no others; then the pipeline."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from slm_factory.cli import refine
from slm_factory.core import files, refinement
from slm_factory.core.records import ANSWER, SPLIT
from tests import rows
from tests.cli.conftest import Command


def answer(pair_id: str, key_facts: float | None, **changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(ANSWER.names)
    return (
        row | {"pair_id": pair_id, "key_facts": key_facts, "contender": "tuned", "slice": "recall"} | changes
    )


PAIRS = [
    rows.split(pair_id=f"p{n}", fact_id=f"f{n}", doc_id=f"{'ab'[n % 2]}.md", split="test") for n in range(6)
]
ANSWERS = [
    answer("p0", 0.0),
    answer("p1", 0.5),
    answer("p2", 1.0),
    answer("p3", None),
    answer("p4", 0.0, contender="base"),
    answer("p5", 0.0, slice="unseen"),
    answer("gone", 0.0),
]


@pytest.fixture
def repository(pipeline: Path) -> Path:
    """A repository whose last stage is named augment, after an evaluation with two wrong facts."""
    text = (pipeline / "dvc.yaml").read_text().replace("  second:\n", "  augment:\n")
    (pipeline / "dvc.yaml").write_text(text)
    (pipeline / "params.yaml").write_text(yaml.safe_dump({"augment": {"enabled": True}}))
    examined(ANSWERS)
    refinement.write(refine.REFINEMENTS, {})
    return pipeline


def examined(answers: Sequence[dict[str, Any]]) -> None:
    files.write_rows(refine.PAIRS, PAIRS, SPLIT)
    files.write_rows(refine.ANSWERS, answers, ANSWER)


def write(slm_factory: Command, *options: str) -> subprocess.CompletedProcess[str]:
    return slm_factory("tool", "refine", "--no-run", *options)


def test_only_wrong_answers_of_the_tuned_student_to_trained_facts_count(
    repository: Path, slm_factory: Command
) -> None:
    result = write(slm_factory)
    assert result.returncode == 0
    assert refine.REFINEMENTS.read_text() == (
        '{"fact_id": "f0", "wordings": 4}\n{"fact_id": "f1", "wordings": 4}\n'
    )
    assert result.stdout.splitlines() == [
        "2 facts of 2 documents are still answered wrongly:",
        "      1  a.md",
        "      1  b.md",
        "data/refine.jsonl written.",
    ]


def test_below_says_what_is_wrong(repository: Path, slm_factory: Command) -> None:
    write(slm_factory, "--below", "0.5", "--wordings", "2")
    assert refinement.read(refine.REFINEMENTS) == {"f0": 2}


def test_what_is_there_stays_and_never_shrinks(repository: Path, slm_factory: Command) -> None:
    refinement.write(refine.REFINEMENTS, {"old": 3, "f0": 9})
    write(slm_factory)
    assert refinement.read(refine.REFINEMENTS) == {"f0": 9, "f1": 4, "old": 3}
    before = refine.REFINEMENTS.read_bytes()
    assert "names them already" in write(slm_factory).stdout
    assert refine.REFINEMENTS.read_bytes() == before


def test_a_dry_run_writes_and_runs_nothing(repository: Path, slm_factory: Command) -> None:
    result = slm_factory("tool", "refine", "--dry-run")
    assert "2 facts of 2 documents" in result.stdout
    assert "would change" in result.stdout
    assert refine.REFINEMENTS.read_bytes() == b""
    assert result.stderr == ""


def test_it_runs_the_pipeline_until_augment(repository: Path, slm_factory: Command) -> None:
    result = slm_factory("tool", "refine", "--json")
    assert result.returncode == 0
    ran = [line.partition(":")[0] for line in result.stderr.splitlines() if line.endswith("...")]
    assert ran == ["first", "augment"]
    assert json.loads(result.stdout) == {
        **{"facts": 2, "documents": {"a.md": 1, "b.md": 1}, "changed_facts": ["f0", "f1"]},
        "into": "data/refine.jsonl",
    }


def test_with_nothing_wrong_it_says_so_and_ends_well(repository: Path, slm_factory: Command) -> None:
    examined([answer("p0", 1.0)])
    result = slm_factory("tool", "refine")
    assert (result.returncode, result.stderr) == (0, "")
    assert "nothing to refine" in result.stdout


def test_it_needs_an_evaluation_and_augmentation(repository: Path, slm_factory: Command) -> None:
    refine.ANSWERS.unlink()
    result = slm_factory("tool", "refine")
    assert result.returncode == 2
    assert result.stderr.splitlines()[0] == "error: data/evaluate.parquet does not exist"
    (repository / "params.yaml").write_text(yaml.safe_dump({"augment": {"enabled": False}}))
    result = slm_factory("tool", "refine")
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 2
    assert "augment.enabled" in result.stderr
