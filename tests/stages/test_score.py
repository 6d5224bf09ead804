"""Marks beside the source, and no mark where there is none."""

from pathlib import Path

import pytest

from slm_factory.core import files
from slm_factory.core.files import Row
from slm_factory.core.records import CHUNK, VALIDATED
from stages import score
from tests import rows
from tests.conftest import set_params
from tests.fake_teacher import FakeTeacher


@pytest.fixture
def teacher(monkeypatch: pytest.MonkeyPatch) -> FakeTeacher:
    fake = FakeTeacher()
    monkeypatch.setattr(score.teacher, "load", lambda settings: fake)
    return fake


def run(*pairs: Row) -> list[Row]:
    chunks = [rows.chunk(), rows.chunk(chunk_id="c2", text="Beta is 9 bar.")]
    files.write_rows(score.CHUNKS, chunks, CHUNK)
    files.write_rows(score.PAIRS, pairs, VALIDATED)
    score.main()
    return files.read_rows(score.SCORES)


def test_each_kept_pair_is_marked_beside_its_own_chunk(workspace: Path, teacher: FakeTeacher) -> None:
    run(rows.validated(), rows.validated(pair_id="p2", chunk_id="c2"))
    assert [request["input"]["source"] for request in teacher.asked] == ["Alpha is 7 bar.", "Beta is 9 bar."]


def test_a_low_mark_rejects_with_the_threshold_and_stays_in_the_table(
    workspace: Path, teacher: FakeTeacher
) -> None:
    good, bad = run(rows.validated(), rows.validated(pair_id="p2", question="a bad question"))
    assert (good["score"], good["is_kept"], good["score_reason"]) == (5, True, "by rule")
    assert (bad["score"], bad["is_kept"], bad["reasons"]) == (1, False, ["score below 3"])
    metrics = files.read_json(score.METRICS)
    assert metrics["histogram"] == {"1": 1, "2": 0, "3": 0, "4": 0, "5": 1}
    assert (metrics["kept"], metrics["below_threshold"], metrics["mean"]) == (1, 1, 3.0)


def test_a_mark_equal_to_the_threshold_is_kept(workspace: Path, teacher: FakeTeacher) -> None:
    set_params(workspace, **{"score.threshold": 5})
    assert run(rows.validated())[0]["is_kept"]


def test_a_pair_that_could_not_be_marked_is_rejected_and_never_given_a_default(
    workspace: Path, teacher: FakeTeacher
) -> None:
    (row,) = run(rows.validated(question="FAIL"))
    assert (row["score"], row["is_kept"], row["reasons"]) == (None, False, ["not scored: told to fail"])
    assert files.read_json(score.METRICS)["failures"] == [
        {"pair_id": "p1", "reason": "not scored: told to fail"}
    ]


def test_rejected_pairs_cost_nothing_and_keep_their_reasons(workspace: Path, teacher: FakeTeacher) -> None:
    (row,) = run(rows.validated(is_kept=False, reasons=["language"]))
    assert teacher.asked == []
    assert (row["score"], row["reasons"]) == (None, ["language"])


def test_switched_off_it_passes_rows_on_without_a_teacher(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_params(workspace, **{"score.enabled": False})
    monkeypatch.setattr(score.teacher, "load", lambda settings: pytest.fail("loaded a teacher"))
    (row,) = run(rows.validated())
    assert (row["score"], row["is_kept"]) == (None, True)
    assert files.read_rows(score.ANSWERS) == []
