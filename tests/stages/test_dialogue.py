"""Conversations: over distinct trained facts of one document, grounded, leaking nothing."""

from pathlib import Path
from typing import Any

import pytest

from slm_factory.core import files
from slm_factory.core.files import Row
from slm_factory.core.records import DOCUMENT, SPLIT
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
    return [
        rows.split(
            **{"pair_id": f"{doc_id}{n}-{w}", "fact_id": f"{doc_id}{n}", "doc_id": doc_id, "wording": w},
            **{"question": f"Wording {w} of {doc_id} {n}?", "answer": f"It is {n}."},
        )
        | changes
        for n in range(count)
        for w in range(wordings)
    ]


def run(*pairs: Row) -> list[Row]:
    documents = sorted({pair["doc_id"] for pair in pairs})
    files.write_rows(dialogue.PAIRS, pairs, SPLIT)
    files.write_rows(dialogue.DOCUMENTS, [rows.document(doc_id=name) for name in documents], DOCUMENT)
    dialogue.main()
    return files.read_rows(dialogue.DIALOGUES)


def test_a_group_is_distinct_neighbouring_facts_of_one_document() -> None:
    for group in dialogue.groups([*facts(10), *facts(7, "b.md")], SETTINGS):
        numbers = [int(pair["answer"].strip("It is.")) for pair in group]
        assert numbers == list(range(numbers[0], numbers[0] + 3))
        assert len({pair["doc_id"] for pair in group}) == 1


def test_each_document_has_at_most_per_document_conversations_and_no_fact_twice() -> None:
    groups = dialogue.groups([*facts(30), *facts(4, "b.md"), *facts(2, "c.md")], SETTINGS)
    assert [group[0]["doc_id"] for group in groups] == ["a.md", "a.md", "b.md"]
    used = [pair["fact_id"] for group in groups for pair in group]
    assert len(used) == len(set(used))


def test_another_document_changes_no_conversation() -> None:
    alone = dialogue.groups(facts(12), SETTINGS)
    assert dialogue.groups([*facts(12, "0.md"), *facts(12)], SETTINGS)[-2:] == alone


@pytest.mark.parametrize("name", ["test", "valid", "unseen", "dropped"])
def test_only_training_pairs_take_part(name: str) -> None:
    assert dialogue.groups(facts(9, split=name), SETTINGS) == []


def test_turns_alternate_and_the_pairs_are_named(workspace: Path, teacher: FakeTeacher) -> None:
    row = run(*facts(3, wordings=1))[0]
    assert [message["role"] for message in row["messages"]] == ["user", "assistant"] * 3
    assert row["messages"][1]["content"] == "It is 0."
    assert row["pair_ids"] == ["a.md0-0", "a.md1-0", "a.md2-0"]
    assert files.read_json(dialogue.METRICS) == {"dialogues": 1, "turns": 3, "left_out": []}


@pytest.mark.parametrize(
    ("turns", "problem"),
    [
        ([("Q?", "It is 0."), ("And?", "It is 1.")], ""),
        ([("Q?", "It is 0.")], "other number of turns"),
        ([("Q?", "It is 0."), ("And?", "It is 2.")], "answer with other numbers"),
        ([("Q?", "It is 0."), ("And?", "It is 1 of 5.")], "answer with other numbers"),
        ([("Q?", "It is 0."), (" ", "It is 1.")], "empty turn"),
        ([("Q?", "It is 0."), ("Held out!", "It is 1.")], "held-out question"),
    ],
)
def test_a_conversation_is_checked_as_strictly_as_pairs(turns: list[tuple[str, str]], problem: str) -> None:
    given = tuple(Turn(question=question, answer=answer) for question, answer in turns)
    assert dialogue.problem_of(given, facts(2, wordings=1), {"heldout"}) == problem


def test_what_is_left_out_is_named_with_its_reason(workspace: Path, teacher: FakeTeacher) -> None:
    pairs = facts(3, wordings=1)
    held_out = rows.split(pair_id="t", split="test", question=f"next {pairs[1]['question']}")
    assert run(*pairs, held_out) == []
    assert files.read_json(dialogue.METRICS)["left_out"] == [
        {"pair_id": "a.md0-0", "doc_id": "a.md", "reason": "held-out question"}
    ]


def test_switched_off_it_writes_an_empty_table_without_a_teacher(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_params(workspace, **{"dialogue.enabled": False})
    monkeypatch.setattr(dialogue.teacher, "load", lambda settings: pytest.fail("loaded a teacher"))
    assert run(*facts(9)) == []
    assert files.read_rows(dialogue.ANSWERS) == []
