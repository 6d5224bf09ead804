"""Paraphrases: of training pairs only, saying the same, colliding with nothing; more of refined facts."""

from pathlib import Path

import pytest

from slm_factory.core import files
from slm_factory.core.errors import UserError
from slm_factory.core.files import Row
from slm_factory.core.records import SPLIT
from slm_factory.teachers.tasks import Turn
from stages import augment
from tests import rows
from tests.conftest import REPOSITORY, set_params
from tests.fake_teacher import FakeTeacher

SETTINGS = augment.Params(enabled=True, paraphrases=1, share=0.3, min_similarity=0.3, max_similarity=0.97)


@pytest.fixture
def teacher(monkeypatch: pytest.MonkeyPatch) -> FakeTeacher:
    fake = FakeTeacher()
    monkeypatch.setattr(augment.teacher, "load", lambda settings: fake)
    return fake


def run(workspace: Path, *pairs: Row, refine: str = "", **changes: object) -> list[Row]:
    set_params(workspace, **{"augment.share": 1.0, "augment.paraphrases": 3, **changes})
    files.write_rows(augment.PAIRS, pairs, SPLIT)
    augment.REFINEMENTS.write_text(refine, encoding="utf-8")
    augment.main()
    return files.read_rows(augment.PARAPHRASES)


def test_a_paraphrase_is_a_new_row_of_the_same_fact_that_names_its_origin(
    workspace: Path, teacher: FakeTeacher
) -> None:
    (row,) = run(workspace, rows.split(audience="plain"))
    assert row["question"] == "So tell us: What is the limit of Alpha?"
    assert (row["origin"], row["fact_id"], row["split"], row["wording"]) == ("p1", "f1", "train", -1)
    assert row["audience"] == "plain"
    assert row["pair_id"] not in ("", "p1")


def test_only_training_pairs_are_paraphrased(workspace: Path, teacher: FakeTeacher) -> None:
    names = ("test", "valid", "unseen", "dropped")
    assert run(workspace, *(rows.split(pair_id=name, split=name) for name in names)) == []
    assert run(workspace, rows.split(kind="abstain"), refine='{"fact_id": "f1", "wordings": 3}') == []
    assert teacher.asked == []


def test_what_is_left_out_is_counted_by_reason(workspace: Path, teacher: FakeTeacher) -> None:
    run(workspace, rows.split())
    metrics = files.read_json(augment.METRICS)
    assert metrics["left_out"] == {"answer changed": 1, "question exists": 1}
    assert (metrics["pairs"], metrics["paraphrases"], metrics["decontaminated"]) == (1, 1, 0)
    assert metrics["teacher"]["requests"] == 1


@pytest.mark.parametrize(
    ("question", "answer", "problem"),
    [
        ("나루결제의 한도를 알려 주세요.", "나루결제의 한도는 7bar예요.", ""),
        ("나루결제의 한도를 알려 주세요.", "나루결제의 한도는 8bar예요.", "answer changed"),
        ("나루결제의 2차 한도를 알려 주세요.", "나루결제의 한도는 7bar예요.", "question changed"),
        ("나루결제의 한도를 알려 주세요.", " ", "empty"),
        ("나루결제의 한도를 알려 주세요.", "The limit is 7bar.", "language"),
        ("위 표에서 나루결제의 한도는 얼마인가요?", "나루결제의 한도는 7bar예요.", "dangling reference"),
        ("나루결제의 한도가 얼마인가요?", "나루결제의 한도는 7bar예요.", "question exists"),
        ("사장님 성함과 연락처와 주소를 여쭙습니다.", "나루결제의 한도는 7bar예요.", "too unlike"),
        ("나루결제에서는 얼마까지 올릴 수 있나요?", "나루결제는 7bar까지 올릴 수 있어요.", ""),
        ("나루결제에서는 얼마까지 올릴 수 있나요?", "시장님이 그러시는데 7bar래요.", "too unlike"),
        ("누가 시험하나요?", "나루결제의 한도는 7bar예요.", "held-out question"),
    ],
)
def test_a_paraphrase_says_what_its_origin_says(question: str, answer: str, problem: str) -> None:
    origin = rows.split(
        question="나루결제의 한도는 얼마인가?", answer="나루결제의 한도는 7bar입니다.", language="ko"
    )
    test = rows.split(pair_id="t", split="test", question="누가 시험하나요?", language="ko")
    check = augment.Check([origin, test], SETTINGS)
    found = check.problem(Turn(question=question, answer=answer), origin)
    assert found.partition(":")[0] == problem


def test_a_paraphrase_that_hardly_differs_teaches_nothing() -> None:
    origin = rows.split()
    check = augment.Check([origin], SETTINGS.model_copy(update={"max_similarity": 0.5}))
    wording = Turn(question="Say: what is the limit of Alpha?", answer=origin["answer"])
    assert check.problem(wording, origin).startswith("too alike: 0.")


@pytest.mark.parametrize("name", ["test", "unseen"])
def test_no_paraphrase_is_a_held_out_question(workspace: Path, teacher: FakeTeacher, name: str) -> None:
    held_out = rows.split(pair_id="p2", split=name, question="so tell us what is limit of alpha")
    assert run(workspace, rows.split(), held_out) == []
    assert files.read_json(augment.METRICS)["decontaminated"] == 1


def test_no_paraphrase_is_nearly_a_held_out_question(workspace: Path, teacher: FakeTeacher) -> None:
    place = "in the large hall behind the old water tower of the northern plant near the river"
    question = f"Which is the limit of Alpha that nobody may ever exceed {place}?"
    held_out = rows.split(pair_id="p2", split="test", question=f"So tell us now: {question}")
    assert len(run(workspace, rows.split(question=question))) == 1
    assert run(workspace, rows.split(question=question), held_out) == []


def test_a_share_of_the_pairs_is_drawn_the_same_way_however_many_there_are() -> None:
    pairs = [rows.split(pair_id=f"p{number}") for number in range(1000)]
    some = augment.wanted(pairs, SETTINGS, {}).keys()
    assert 240 < len(some) < 360
    assert augment.wanted(pairs[:100], SETTINGS, {}).keys() == some & {f"p{n}" for n in range(100)}


def test_the_wordings_of_a_refined_fact_are_dealt_out_to_its_training_pairs() -> None:
    pairs = [rows.split(pair_id=f"p{n}", fact_id="f") for n in range(3)]
    pairs += [rows.split(pair_id="t", fact_id="f", split="test"), rows.split(pair_id="o", fact_id="other")]
    counts = augment.wanted(pairs, SETTINGS.model_copy(update={"share": 0}), {"f": 5})
    assert sorted(counts.values()) == [1, 2, 2]
    assert counts.keys() == {"p0", "p1", "p2"}


def test_refined_facts_get_more_wordings_and_the_others_none(workspace: Path, teacher: FakeTeacher) -> None:
    pairs = [rows.split(), rows.split(pair_id="p2", fact_id="f2", question="What is Beta?")]
    refine = '{"fact_id": "f2", "wordings": 1}\n{"fact_id": "gone", "wordings": 4}\n'
    (row,) = run(workspace, *pairs, refine=refine, **{"augment.share": 0})
    assert (row["fact_id"], row["origin"]) == ("f2", "p2")
    assert files.read_json(augment.METRICS)["refined"] == {
        **{"facts": 1, "wordings": 1, "paraphrases": 1},
        "stale_facts": ["gone"],
    }


@pytest.mark.parametrize("line", ["{", '{"fact_id": "f"}', '{"fact_id": "f", "wordings": 0}', "[]"])
def test_a_broken_line_of_the_refinements_is_named(workspace: Path, teacher: FakeTeacher, line: str) -> None:
    with pytest.raises(UserError, match=r"error: data/refine\.jsonl: line 2") as error:
        run(workspace, rows.split(), refine=f'{{"fact_id": "f", "wordings": 1}}\n{line}\n')
    assert error.value.hint == "hint: mend line 2 of data/refine.jsonl"


def test_the_repository_ships_an_empty_list_of_refinements() -> None:
    assert (REPOSITORY / augment.REFINEMENTS).read_text(encoding="utf-8") == ""


def test_a_band_without_width_is_refused(workspace: Path) -> None:
    with pytest.raises(UserError, match="min_similarity must be below max_similarity"):
        run(workspace, **{"augment.min_similarity": 0.97})


def test_failures_are_named(workspace: Path, teacher: FakeTeacher) -> None:
    run(workspace, rows.split(question="FAIL"))
    assert files.read_json(augment.METRICS)["failures"] == [{"pair_id": "p1", "reason": "told to fail"}]


def test_switched_off_it_writes_an_empty_table_without_a_teacher(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(augment.teacher, "load", lambda settings: pytest.fail("loaded a teacher"))
    assert run(workspace, rows.split(), **{"augment.enabled": False}) == []
    assert files.read_rows(augment.ANSWERS) == []
