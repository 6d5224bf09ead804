"""Undo, redo, and the file between two people."""

from pathlib import Path

import pytest

from slm_factory.core.errors import UserError
from slm_factory.review import decisions
from slm_factory.review.decisions import Decision
from slm_factory.review.journal import Journal


def line(pair_id: str, decision: str = "approve", reviewer: str = "kim", revision: int = 1) -> Decision:
    return Decision.model_validate(
        {"pair_id": pair_id, "decision": decision, "reviewer": reviewer, "revision": revision}
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "review.jsonl"


def write(file: Path, *lines: Decision) -> None:
    decisions.write(file, decisions.latest(lines))


def test_undo_and_redo_walk_through_single_and_bulk_changes(file: Path) -> None:
    journal = Journal(file)
    journal.change({"a": (line("a"),)})
    journal.change({name: (line(name, "reject"),) for name in "abc"})
    assert journal.undo() == ["a", "b", "c"] and journal.decisions == {"a": (line("a"),)}
    assert journal.undo() == ["a"] and journal.decisions == {}
    assert journal.undo() == []
    assert journal.redo() == ["a"] and journal.redo() == ["a", "b", "c"] and journal.redo() == []
    assert journal.decisions["a"] == (line("a", "reject"),)


def test_a_new_change_ends_redo_and_no_change_is_none(file: Path) -> None:
    journal = Journal(file)
    journal.change({"a": (line("a"),)})
    assert journal.change({"a": (line("a"),), "b": ()}) == []
    journal.undo()
    journal.change({"b": (line("b"),)})
    assert journal.redo() == []


def test_saving_writes_what_is_in_memory_and_undo_takes_it_out_again(file: Path) -> None:
    journal = Journal(file)
    journal.change({"a": (line("a"),)})
    assert not journal.is_saved
    journal.save()
    assert journal.is_saved and decisions.read(file) == journal.decisions
    journal.undo()
    journal.save()
    assert file.read_text() == ""


def test_an_unchanged_journal_does_not_touch_the_file(file: Path) -> None:
    file.write_text('{"decision": "approve", "pair_id": "a"}\n')  # not as we would write it
    Journal(file).save()
    assert file.read_text() == '{"decision": "approve", "pair_id": "a"}\n'


def test_what_others_wrote_meanwhile_is_joined_pair_by_pair(file: Path) -> None:
    write(file, line("ours"), line("theirs"), line("taken back"))
    journal = Journal(file)
    journal.change({"ours": (line("ours", "reject", revision=2),), "new": (line("new"),)})
    write(file, line("ours"), line("theirs", "reject", "lee"), line("added", reviewer="lee"))
    assert journal.has_news()
    assert set(journal.save()) == {"theirs", "added", "taken back"}
    assert not journal.has_news()
    assert (
        journal.decisions
        == decisions.read(file)
        == {
            "ours": (line("ours", "reject", revision=2),),
            "theirs": (line("theirs", "reject", "lee"),),
            "added": (line("added", reviewer="lee"),),
            "new": (line("new"),),
        }
    )


def test_two_who_decide_on_one_pair_contest_it_and_deciding_again_settles(file: Path) -> None:
    journal = Journal(file)
    journal.change({"a": (line("a"),)})
    write(file, line("a", "reject", "lee"))
    journal.save()
    assert [one.reviewer for one in journal.decisions["a"]] == ["kim", "lee"]
    assert journal.undo() == []  # that would take lee's line away
    journal.change({"a": (line("a", revision=2),)})
    journal.save()
    assert decisions.read(file) == {"a": (line("a", revision=2),)}


def test_a_decision_made_while_the_file_is_written_is_not_lost(file: Path) -> None:
    journal = Journal(file)
    journal.change({"a": (line("a"),)})
    call = journal.prepare()
    journal.change({"a": (line("a", "reject"),)})
    journal.settle(call())
    assert decisions.read(file)["a"][0].decision == "approve"
    assert journal.decisions["a"][0].decision == "reject" and not journal.is_saved


def test_a_file_with_conflict_marks_is_left_as_it_is(file: Path) -> None:
    journal = Journal(file)
    journal.change({"a": (line("a"),)})
    file.write_text("<<<<<<< HEAD\n")
    with pytest.raises(UserError, match="line 1"):
        journal.save()
    assert file.read_text() == "<<<<<<< HEAD\n" and not journal.is_saved
    file.unlink()
    journal.save()
    assert decisions.read(file) == {"a": (line("a"),)}
