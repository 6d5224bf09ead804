"""Marks beside the source, and no mark where there is none."""

from pathlib import Path

import pytest

from slm_factory.core import files
from slm_factory.core.errors import UserError
from slm_factory.core.files import Row
from slm_factory.core.records import CHUNK, VALIDATED
from slm_factory.teachers.teacher import TeacherSettings
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
    run(rows.validated(), rows.validated(pair_id="p2", fact_id="f2", chunk_id="c2"))
    assert [request["input"]["source"] for request in teacher.asked] == ["Alpha is 7 bar.", "Beta is 9 bar."]


def test_the_pairs_of_a_fact_are_marked_by_one_request_in_their_order(
    workspace: Path, teacher: FakeTeacher
) -> None:
    marked = run(
        rows.validated(),
        rows.validated(pair_id="p2", fact_id="f2"),
        rows.validated(pair_id="p3", question="a bad question"),
        rows.validated(pair_id="p4", is_kept=False, reasons=["length"]),
    )
    asked = [[pair["question"] for pair in request["input"]["pairs"]] for request in teacher.asked]
    assert asked == [["What is the limit of Alpha?", "a bad question"], ["What is the limit of Alpha?"]]
    assert [(row["pair_id"], row["score"]) for row in marked] == [
        ("p1", 4),
        ("p2", 4),
        ("p3", 1),
        ("p4", None),
    ]


def test_a_question_without_an_answer_is_marked_as_one(workspace: Path, teacher: FakeTeacher) -> None:
    run(rows.validated(kind="abstain", answer="The documents do not say."), rows.validated(fact_id="f2"))
    assert [request["input"]["is_abstention"] for request in teacher.asked] == [True, False]


def test_a_low_mark_rejects_with_the_threshold_and_stays_in_the_table(
    workspace: Path, teacher: FakeTeacher
) -> None:
    good, bad = run(rows.validated(), rows.validated(pair_id="p2", question="a bad question"))
    assert (good["score"], good["is_kept"], good["score_reason"]) == (4, True, "by rule")
    assert (good["faithfulness"], good["completeness"], good["usefulness"]) == (5, 5, 4)
    assert (bad["score"], bad["is_kept"]) == (1, False)
    assert bad["reasons"] == ["score below 3: faithfulness 1"]
    metrics = files.read_json(score.METRICS)
    assert metrics["histogram"] == {"1": 1, "2": 0, "3": 0, "4": 1, "5": 0}
    assert metrics["usefulness"] == {"mean": 4.0, "histogram": {"1": 0, "2": 0, "3": 0, "4": 2, "5": 0}}
    assert (metrics["kept"], metrics["below_threshold"], metrics["mean"]) == (1, 1, 2.5)


def test_every_mark_below_the_threshold_is_named(workspace: Path, teacher: FakeTeacher) -> None:
    set_params(workspace, **{"score.threshold": 5})
    (row,) = run(rows.validated(question="a bad question"))
    assert row["reasons"] == ["score below 5: faithfulness 1, usefulness 4"]


def test_a_mark_equal_to_the_threshold_is_kept(workspace: Path, teacher: FakeTeacher) -> None:
    set_params(workspace, **{"score.threshold": 4})
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


def test_another_teacher_may_mark(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[TeacherSettings] = []

    def load(settings: TeacherSettings) -> FakeTeacher:
        loaded.append(settings)
        return FakeTeacher()

    monkeypatch.setattr(score.teacher, "load", load)
    set_params(workspace, **{"score.backend": "anthropic", "score.model": "strict", "teacher.seed": 7})
    run(rows.validated())
    assert [(settings.backend, settings.model, settings.seed) for settings in loaded] == [
        ("anthropic", "strict", 7)
    ]
    set_params(workspace, **{"score.backend": "", "score.model": ""})
    run(rows.validated())
    assert (loaded[1].backend, loaded[1].model) == ("builtin", "rules")


def test_another_backend_wants_its_model_named(workspace: Path, teacher: FakeTeacher) -> None:
    set_params(workspace, **{"score.backend": "ollama"})
    with pytest.raises(UserError, match=r"score\.model names no model"):
        run(rows.validated())
