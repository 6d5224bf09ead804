"""Conversations: over distinct trained facts of one document, grounded turn by turn, leaking nothing."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from slm_factory.core import files
from slm_factory.core.files import Row
from slm_factory.core.records import CHUNK, DOCUMENT, SPLIT
from slm_factory.grounding import claims
from slm_factory.grounding.held_out import HeldOut
from slm_factory.teachers.tasks import Turn
from stages import dialogue
from tests import rows
from tests.conftest import set_params
from tests.fake_teacher import FakeTeacher

SETTINGS = dialogue.Params(enabled=True, turns=3, per_document=2)


@pytest.fixture
def teacher(monkeypatch: pytest.MonkeyPatch) -> FakeTeacher:
    fake = FakeTeacher()
    monkeypatch.setattr(dialogue.teacher, "load", lambda settings: fake)
    return fake


def facts(count: int, doc_id: str = "a.md", wordings: int = 2, **changes: Any) -> list[Row]:
    """Facts "Valve n opens at n bar." in some wordings, each with a chunk of its own."""
    return [
        rows.split(
            **{"pair_id": f"{doc_id}{n}-{w}", "fact_id": f"{doc_id}{n}", "doc_id": doc_id, "wording": w},
            **{"question": f"Wording {w} of valve {n}?", "answer": f"Valve {n} opens at {n} bar."},
            **{"evidence": f"Valve {n} opens at {n} bar.", "chunk_id": f"{doc_id}{n}"},
        )
        | changes
        for n in range(count)
        for w in range(wordings)
    ]


def chunks(*pairs: Row) -> list[Row]:
    made = {
        pair["chunk_id"]: rows.chunk(
            chunk_id=pair["chunk_id"], doc_id=pair["doc_id"], text=f"Note. {pair['evidence']}"
        )
        for pair in pairs
    }
    return list(made.values())


def run(*pairs: Row) -> list[Row]:
    documents = sorted({pair["doc_id"] for pair in pairs})
    files.write_rows(dialogue.PAIRS, pairs, SPLIT)
    files.write_rows(dialogue.CHUNKS, chunks(*pairs), CHUNK)
    files.write_rows(dialogue.DOCUMENTS, [rows.document(doc_id=name) for name in documents], DOCUMENT)
    dialogue.main()
    return files.read_rows(dialogue.DIALOGUES)


def test_a_group_is_distinct_neighbouring_facts_of_one_document() -> None:
    for group in dialogue.groups([*facts(10), *facts(7, "b.md")], SETTINGS):
        numbers = [int(pair["answer"].split()[1]) for pair in group]
        assert numbers == list(range(numbers[0], numbers[0] + len(group)))
        assert len({pair["doc_id"] for pair in group}) == 1


def test_each_document_has_at_most_per_document_conversations_and_no_fact_twice() -> None:
    groups = dialogue.groups([*facts(30), *facts(4, "b.md"), *facts(1, "c.md")], SETTINGS)
    assert [group[0]["doc_id"] for group in groups] == ["a.md", "a.md", "b.md"]
    used = [pair["fact_id"] for group in groups for pair in group]
    assert len(used) == len(set(used))


def test_the_end_of_a_document_makes_a_shorter_conversation_but_no_single_question() -> None:
    assert [len(group) for group in dialogue.groups(facts(5), SETTINGS)] == [3, 2]
    assert [len(group) for group in dialogue.groups(facts(4), SETTINGS)] == [3]
    assert [len(group) for group in dialogue.groups(facts(2), SETTINGS)] == [2]


@pytest.mark.parametrize("turns", [1, 6])
def test_conversations_have_two_to_five_turns(turns: int) -> None:
    with pytest.raises(ValidationError):
        dialogue.Params(enabled=True, turns=turns, per_document=2)


def test_a_conversation_keeps_to_one_audience_and_one_language() -> None:
    expert, plain = facts(9, wordings=1), facts(6, wordings=1, audience="plain")
    plain = [pair | {"pair_id": f"{pair['pair_id']}-plain"} for pair in plain]
    korean = facts(3, wordings=1, language="ko")
    korean = [pair | {"fact_id": f"{pair['fact_id']}-ko"} for pair in korean]
    groups = dialogue.groups([*expert, *plain, *korean], SETTINGS.model_copy(update={"per_document": 9}))
    assert len(groups) == 4
    assert all(len({(pair["audience"], pair["language"]) for pair in group}) == 1 for group in groups)


def test_facts_that_share_no_audience_are_not_joined() -> None:
    first, second = facts(2, wordings=1)
    assert dialogue.groups([first, second | {"audience": "plain"}], SETTINGS) == []


def test_another_document_changes_no_conversation() -> None:
    alone = dialogue.groups(facts(12), SETTINGS)
    assert dialogue.groups([*facts(12, "0.md"), *facts(12)], SETTINGS)[-2:] == alone


@pytest.mark.parametrize("name", ["test", "valid", "unseen", "dropped"])
def test_only_training_pairs_take_part(name: str) -> None:
    assert dialogue.groups(facts(9, split=name), SETTINGS) == []


def test_refusals_take_no_part() -> None:
    assert dialogue.groups(facts(9, kind="abstain"), SETTINGS) == []


def test_turns_alternate_and_the_pairs_are_named(workspace: Path, teacher: FakeTeacher) -> None:
    row = run(*facts(3, wordings=1))[0]
    assert [message["role"] for message in row["messages"]] == ["user", "assistant"] * 3
    assert row["messages"][1]["content"] == "Valve 0 opens at 0 bar."
    assert row["pair_ids"] == ["a.md0-0", "a.md1-0", "a.md2-0"]
    metrics = files.read_json(dialogue.METRICS)
    assert metrics["teacher"]["requests"] == 1
    counts = {name: value for name, value in metrics.items() if name != "teacher"}
    assert counts == {"dialogues": 1, "turns": 3, "reasons": {}, "left_out": []}


def test_every_answer_of_every_conversation_is_grounded_in_its_chunk(
    workspace: Path, teacher: FakeTeacher
) -> None:
    pairs = [*facts(20), *facts(9, "b.md")]
    given = {pair["pair_id"]: pair for pair in pairs}
    texts = {chunk["chunk_id"]: chunk["text"] for chunk in chunks(*pairs)}
    made = run(*pairs)
    assert len(made) == 4
    for row in made:
        answers = [message["content"] for message in row["messages"] if message["role"] == "assistant"]
        for pair_id, answer in zip(row["pair_ids"], answers, strict=True):
            pair = given[pair_id]
            source = texts[pair["chunk_id"]]
            assert not claims.problems(pair["question"], answer, pair["evidence"], source, "Title")


GOOD = [("Wording 0 of valve 0?", "Valve 0 opens at 0 bar."), ("And valve 1?", "Valve 1 opens at 1 bar.")]


@pytest.mark.parametrize(
    ("turns", "problem"),
    [
        (GOOD, ""),
        ([GOOD[0], ("And the next?", "At 1 bar, valve 1 opens.")], ""),
        (GOOD[:1], "other number of turns"),
        ([GOOD[0], ("And valve 1?", "Valve 1 opens at 2 bar.")], "answer changed"),
        ([GOOD[0], ("And valve 1?", "Valve 1 opens at 1 bar, not 5.")], "answer changed"),
        ([GOOD[0], ("And valve 7?", "Valve 1 opens at 1 bar.")], "question adds"),
        ([GOOD[0], ("And the one of ACME?", "Valve 1 opens at 1 bar.")], "question adds"),
        ([("Wording 0 of valve 5?", GOOD[0][1]), GOOD[1]], "question adds"),
        ([("What is it?", GOOD[0][1]), GOOD[1]], "first question changed"),
        ([GOOD[0], (" ", "Valve 1 opens at 1 bar.")], "empty turn"),
        ([GOOD[0], ("Held out!", "Valve 1 opens at 1 bar.")], "held-out question"),
        ([GOOD[0], ("And valve 1?", "1번 밸브는 1 bar에서 열립니다.")], "language"),
        ([("And in the table above, valve 0?", GOOD[0][1]), GOOD[1]], "dangling reference"),
        ([GOOD[0], ("Answer: valve 1?", GOOD[1][1])], "leaked prompt text"),
    ],
)
def test_a_conversation_is_checked_as_strictly_as_pairs(turns: list[tuple[str, str]], problem: str) -> None:
    given = tuple(Turn(question=question, answer=answer) for question, answer in turns)
    pairs = facts(2, wordings=1)
    known = {chunk["chunk_id"]: chunk for chunk in chunks(*pairs)}
    check = dialogue.Check(known, {"a.md": "Title"}, HeldOut(["Held out?"]))
    found = check.problems(given, pairs)
    assert (found[0].partition(":")[0] if found else "") == problem


def test_an_answer_that_the_evidence_does_not_carry_is_found_whatever_the_pair_says() -> None:
    pairs = facts(2, wordings=1, answer="It opens at 97 bar.")
    known = {chunk["chunk_id"]: chunk for chunk in chunks(*pairs)}
    check = dialogue.Check(known, {"a.md": "Title"}, HeldOut([]))
    given = tuple(Turn(question=pair["question"], answer=pair["answer"]) for pair in pairs)
    assert any(problem.startswith("number without evidence") for problem in check.problems(given, pairs))


def test_what_is_left_out_is_named_with_its_reasons(workspace: Path, teacher: FakeTeacher) -> None:
    pairs = facts(3, wordings=1)
    held_out = rows.split(pair_id="t", split="test", question=f"next {pairs[1]['question']}")
    assert run(*pairs, held_out) == []
    metrics = files.read_json(dialogue.METRICS)
    assert metrics["reasons"] == {"held-out question": 1}
    assert metrics["left_out"] == [{"pair_id": "a.md0-0", "doc_id": "a.md", "reasons": ["held-out question"]}]


def test_a_failure_of_the_teacher_is_named(workspace: Path, teacher: FakeTeacher) -> None:
    assert run(*facts(3, wordings=1, question="FAIL?")) == []
    (left_out,) = files.read_json(dialogue.METRICS)["left_out"]
    assert left_out["reasons"] == ["teacher failed: told to fail"]


def test_switched_off_it_writes_an_empty_table_without_a_teacher(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_params(workspace, **{"dialogue.enabled": False})
    monkeypatch.setattr(dialogue.teacher, "load", lambda settings: pytest.fail("loaded a teacher"))
    assert run(*facts(9)) == []
    assert files.read_rows(dialogue.ANSWERS) == []
