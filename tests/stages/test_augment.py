"""Paraphrases: of training pairs only, with equal numbers, colliding with nothing."""

from pathlib import Path

import pytest

from slm_factory.core import files
from slm_factory.core.files import Row
from slm_factory.core.records import SPLIT
from stages import augment
from tests import rows
from tests.conftest import set_params
from tests.fake_teacher import FakeTeacher


@pytest.fixture
def teacher(monkeypatch: pytest.MonkeyPatch) -> FakeTeacher:
    fake = FakeTeacher()
    monkeypatch.setattr(augment.teacher, "load", lambda settings: fake)
    return fake


def run(workspace: Path, *pairs: Row, **changes: object) -> list[Row]:
    set_params(workspace, **{"augment.share": 1.0, "augment.paraphrases": 3}, **changes)
    files.write_rows(augment.PAIRS, pairs, SPLIT)
    augment.main()
    return files.read_rows(augment.PARAPHRASES)


def test_a_paraphrase_is_a_new_row_of_the_same_fact_that_names_its_origin(
    workspace: Path, teacher: FakeTeacher
) -> None:
    (row,) = run(workspace, rows.split())
    assert row["question"] == "So tell us: What is the limit of Alpha?"
    assert (row["origin"], row["fact_id"], row["split"], row["wording"]) == ("p1", "f1", "train", -1)
    assert row["pair_id"] not in ("", "p1")


def test_only_training_pairs_are_paraphrased(workspace: Path, teacher: FakeTeacher) -> None:
    names = ("test", "valid", "unseen", "dropped")
    assert run(workspace, *(rows.split(pair_id=name, split=name) for name in names)) == []
    assert teacher.asked == []


def test_other_numbers_and_known_questions_are_left_out_and_counted(
    workspace: Path, teacher: FakeTeacher
) -> None:
    run(workspace, rows.split())
    metrics = files.read_json(augment.METRICS)
    assert metrics["left_out"] == {"other numbers": 1, "question exists": 1}
    assert (metrics["pairs"], metrics["paraphrases"]) == (1, 1)


@pytest.mark.parametrize("name", ["test", "unseen"])
def test_no_paraphrase_is_a_held_out_question(workspace: Path, teacher: FakeTeacher, name: str) -> None:
    held_out = rows.split(pair_id="p2", split=name, question="so tell us what is limit of alpha")
    assert run(workspace, rows.split(), held_out) == []


def test_a_share_of_the_pairs_is_drawn_the_same_way_however_many_there_are(workspace: Path) -> None:
    pairs = [rows.split(pair_id=f"p{number}") for number in range(1000)]
    some = {pair["pair_id"] for pair in augment.chosen(pairs, 0.3)}
    assert 240 < len(some) < 360
    assert {pair["pair_id"] for pair in augment.chosen(pairs[:100], 0.3)} == some & {
        f"p{n}" for n in range(100)
    }


def test_failures_are_named(workspace: Path, teacher: FakeTeacher) -> None:
    run(workspace, rows.split(question="FAIL"))
    assert files.read_json(augment.METRICS)["failures"] == [{"pair_id": "p1", "reason": "told to fail"}]


def test_switched_off_it_writes_an_empty_table_without_a_teacher(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(augment.teacher, "load", lambda settings: pytest.fail("loaded a teacher"))
    assert run(workspace, rows.split(), **{"augment.enabled": False}) == []
    assert files.read_rows(augment.ANSWERS) == []
