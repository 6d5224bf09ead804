"""The driver of all teacher stages: what is remembered, what is asked, what is kept."""

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from slm_factory.core import files, history
from slm_factory.core.errors import UserError
from slm_factory.core.store import Store
from slm_factory.teachers.asking import Replies, ask
from slm_factory.teachers.tasks import GenerateAnswer, ScoreAnswer, TaskInput
from tests.fake_teacher import FakeTeacher, generate_input, score_input

ANSWERS = Path("data/answers/score.parquet")


def ask_scores(teacher: FakeTeacher, questions: Sequence[str], concurrency: int = 4) -> Replies[ScoreAnswer]:
    tasks: list[TaskInput] = [score_input(question) for question in questions]
    return ask(teacher, tasks, ScoreAnswer, concurrency=concurrency, answers_file=ANSWERS)


def test_outcomes_come_in_the_order_of_the_tasks_whatever_finishes_first(workspace: Path) -> None:
    class Uneven(FakeTeacher):
        async def answer(self, request: dict[str, Any]) -> dict[str, Any]:
            for _ in range(10 - int(request["input"]["question"])):
                await asyncio.sleep(0)
            return {"value": {"score": 5, "reason": request["input"]["question"]}}

    replies = ask_scores(Uneven(), [str(number) for number in range(10)])
    assert [outcome.answer.reason for outcome in replies.outcomes if outcome.answer] == list("0123456789")


def test_no_more_than_concurrency_requests_are_in_flight(workspace: Path) -> None:
    flights: list[int] = []

    class Watching(FakeTeacher):
        flying = 0

        async def answer(self, request: dict[str, Any]) -> dict[str, Any]:
            self.flying += 1
            flights.append(self.flying)
            await asyncio.sleep(0)
            self.flying -= 1
            return await super().answer(request)

    ask_scores(Watching(), [str(number) for number in range(20)], concurrency=3)
    assert max(flights) == 3


def test_equal_tasks_are_asked_once_and_all_get_the_answer(workspace: Path) -> None:
    teacher = FakeTeacher()
    replies = ask_scores(teacher, ["same", "other", "same"])
    assert len(teacher.asked) == 2
    assert [outcome.answer is not None for outcome in replies.outcomes] == [True] * 3
    assert (replies.asked, replies.remembered, replies.failed) == (2, 0, 0)


def test_remembered_answers_are_not_asked_for_and_give_the_same_bytes(workspace: Path) -> None:
    first = ask_scores(FakeTeacher(), ["one", "two"])
    written = ANSWERS.read_bytes()
    teacher = FakeTeacher()
    second = ask_scores(teacher, ["one", "two"])
    assert teacher.asked == []
    assert second.outcomes == first.outcomes
    assert ANSWERS.read_bytes() == written
    assert (second.asked, second.remembered) == (0, 2)


def test_the_answers_file_holds_only_what_was_used_sorted_by_request(workspace: Path) -> None:
    ask_scores(FakeTeacher(), ["one", "two", "three"])
    ask_scores(FakeTeacher(), ["two", "three"])
    rows = files.read_rows(ANSWERS)
    assert len(rows) == 2
    assert [row["request"] for row in rows] == sorted(row["request"] for row in rows)
    assert all(json.loads(row["answer"])["value"]["score"] == 5 for row in rows)


def test_a_failure_is_recorded_and_asked_again_next_time(workspace: Path) -> None:
    replies = ask_scores(FakeTeacher(), ["good", "FAIL"])
    assert [outcome.reason for outcome in replies.outcomes] == ["", "told to fail"]
    assert replies.outcomes[1].answer is None
    assert replies.failed == 1
    teacher = FakeTeacher()
    ask_scores(teacher, ["good", "FAIL"])
    assert [request["input"]["question"] for request in teacher.asked] == ["FAIL"]


def test_a_teacher_that_is_down_stops_all_and_keeps_what_was_answered(workspace: Path) -> None:
    with pytest.raises(UserError, match="the teacher is down"):
        ask_scores(FakeTeacher(), ["one", "two", "DOWN", "three"], concurrency=1)
    teacher = FakeTeacher()
    ask_scores(teacher, ["one", "two", "three"])
    assert [request["input"]["question"] for request in teacher.asked] == ["three"]


def test_each_answer_is_committed_before_the_next_is_asked_for(workspace: Path) -> None:
    class Looking(FakeTeacher):
        def __init__(self) -> None:
            super().__init__()
            self.seen: list[int] = []

        async def answer(self, request: dict[str, Any]) -> dict[str, Any]:
            with Store() as other:  # another connection sees committed rows only
                self.seen.append(other.connection.execute("SELECT count(*) FROM answers").fetchone()[0])
            return await super().answer(request)

    teacher = Looking()
    ask_scores(teacher, ["one", "two", "three"], concurrency=1)
    assert teacher.seen == [0, 1, 2]


def test_a_stored_answer_that_cannot_be_read_any_more_is_asked_for_again(workspace: Path) -> None:
    teacher = FakeTeacher()
    with Store() as store:
        store.put("score", teacher.request(score_input("one")), {"old": "shape"})
    assert ask_scores(teacher, ["one"]).outcomes[0].answer is not None
    assert len(teacher.asked) == 1


def test_an_answer_to_another_task_is_a_bug_and_raises(workspace: Path) -> None:
    with pytest.raises(TypeError, match="GenerateAnswer to GenerateInput"):
        ask(FakeTeacher(), [generate_input("")], ScoreAnswer, concurrency=1, answers_file=ANSWERS)


def test_no_tasks_give_an_empty_answers_file(workspace: Path) -> None:
    assert ask_scores(FakeTeacher(), []).outcomes == []
    assert files.read_rows(ANSWERS) == []


@pytest.fixture
def committed_answers(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git and DVC repository that has "one" and "two" answered in its last commit, and nowhere else."""
    pipeline = {"score": {"cmd": "echo", "outs": [ANSWERS.as_posix()]}}
    (workspace / "dvc.yaml").write_text(json.dumps({"stages": pipeline}))
    ask_scores(FakeTeacher(), ["one", "two"])
    for name in ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"):
        monkeypatch.setenv(name, "tester")
    for name in ("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"):
        monkeypatch.setenv(name, "tester@example.org")
    dvc = [sys.executable, "-m", "dvc"]
    for command in (
        ["git", "init", "-q"],
        [*dvc, "init", "-q"],
        [*dvc, "commit", "-q", "-f"],
        ["git", "add", "dvc.yaml", "dvc.lock", ".dvc"],
        ["git", "commit", "-q", "-m", "answers"],
    ):
        subprocess.run(command, check=True)
    ANSWERS.unlink()
    shutil.rmtree(workspace / "cache")
    return workspace


@pytest.mark.slow
def test_an_empty_store_is_warmed_from_the_committed_answers(committed_answers: Path) -> None:
    teacher = FakeTeacher()
    replies = ask_scores(teacher, ["one", "two", "three"])
    assert [request["input"]["question"] for request in teacher.asked] == ["three"]
    assert replies.remembered == 2


@pytest.mark.slow
def test_committed_is_none_where_the_version_or_its_file_is_missing(committed_answers: Path) -> None:
    assert history.committed(ANSWERS) is not None
    assert history.committed(Path("data/answers/other.parquet")) is None
    shutil.rmtree(committed_answers / ".dvc" / "cache")
    assert history.committed(ANSWERS) is None
    shutil.rmtree(committed_answers / ".dvc")
    assert history.committed(ANSWERS) is None


def test_committed_is_none_without_git(workspace: Path) -> None:
    assert history.committed(ANSWERS) is None


def test_dvc_is_not_imported_when_everything_is_remembered(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_scores(FakeTeacher(), ["one"])
    monkeypatch.setattr(history, "committed", lambda path: pytest.fail("looked into git's version"))
    ask_scores(FakeTeacher(), ["one"])


def test_generate_answers_come_typed(workspace: Path) -> None:
    replies = ask(
        FakeTeacher(), [generate_input("A is 1")], GenerateAnswer, concurrency=1, answers_file=ANSWERS
    )
    answer = replies.outcomes[0].answer
    assert answer is not None and answer.facts[0].statement == "A is 1."
