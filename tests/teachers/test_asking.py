"""The driver of all teacher stages: what is remembered, what is asked, what is kept."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from slm_factory.core import files, history
from slm_factory.core.errors import UserError
from slm_factory.core.records import content_key
from slm_factory.core.store import Store
from slm_factory.teachers.asking import Replies, ask, ask_nothing
from slm_factory.teachers.calls import Calls
from slm_factory.teachers.tasks import GenerateAnswer, ScoreAnswer, TaskAnswer, TaskInput
from slm_factory.teachers.teacher import Teacher, TeacherFailure
from tests.conftest import REPOSITORY
from tests.fake_client import FakeClient, reply, settings, user
from tests.fake_teacher import FakeTeacher, generate_input, score_input

ANSWERS = Path("data/answers/score.parquet")


def ask_scores(teacher: Teacher, questions: Sequence[str], **changes: Any) -> Replies[ScoreAnswer]:
    return ask(
        teacher,
        [score_input(question) for question in questions],
        ScoreAnswer,
        settings=settings(**changes),
        stage="score",
        documents=[f"{question[:1]}.md" for question in questions],
        answers_file=ANSWERS,
    )


def reasons(replies: Replies[ScoreAnswer]) -> list[str]:
    return [outcome.reason for outcome in replies]


def questions(teacher: FakeTeacher) -> list[str]:
    """What was asked, in order."""
    return [request["input"]["pairs"][0]["question"] for request in teacher.asked]


def test_outcomes_come_in_the_order_of_the_tasks_whatever_finishes_first(workspace: Path) -> None:
    class Uneven(FakeTeacher):
        async def answer(self, request: dict[str, Any]) -> dict[str, Any]:
            question = request["input"]["pairs"][0]["question"]
            for _ in range(10 - int(question)):
                await asyncio.sleep(0)
            answer = await super().answer(request)
            answer["value"]["marks"][0]["reason"] = question
            return answer

    replies = ask_scores(Uneven(), [str(number) for number in range(10)])
    for _ in range(2):
        answers = [outcome.answer for outcome in replies]
        assert [answer.marks[0].reason for answer in answers if answer] == list("0123456789")
    assert len(replies) == 10


def test_equal_tasks_are_asked_once_and_all_get_the_answer(workspace: Path) -> None:
    teacher = FakeTeacher()
    replies = ask_scores(teacher, ["same", "other", "same"])
    assert len(teacher.asked) == 2
    assert [outcome.answer is not None for outcome in replies] == [True] * 3
    assert (replies.asked, replies.remembered, replies.failed) == (2, 0, 0)


def test_remembered_answers_are_not_asked_for_and_give_the_same_bytes(workspace: Path) -> None:
    first = ask_scores(FakeTeacher(), ["one", "two"])
    written = ANSWERS.read_bytes()
    teacher = FakeTeacher()
    second = ask_scores(teacher, ["one", "two"])
    assert teacher.asked == []
    assert list(second) == list(first)
    assert ANSWERS.read_bytes() == written
    assert (second.asked, second.remembered) == (0, 2)


def test_the_answers_file_holds_only_what_was_used_sorted_by_request(workspace: Path) -> None:
    ask_scores(FakeTeacher(), ["one", "two", "three"])
    ask_scores(FakeTeacher(), ["two", "three"])
    rows = files.read_rows(ANSWERS)
    assert len(rows) == 2
    assert [row["request"] for row in rows] == sorted(row["request"] for row in rows)
    assert all("marks" in json.loads(row["answer"])["value"] for row in rows)


def test_a_failure_is_recorded_and_asked_again_next_time(workspace: Path) -> None:
    replies = ask_scores(FakeTeacher(), ["good", "FAIL"])
    assert reasons(replies) == ["", "told to fail"]
    assert list(replies)[1].answer is None
    assert replies.failed == 1
    teacher = FakeTeacher()
    ask_scores(teacher, ["good", "FAIL"])
    assert questions(teacher) == ["FAIL"]


def test_a_teacher_that_is_down_stops_all_and_keeps_what_was_answered(workspace: Path) -> None:
    with pytest.raises(UserError, match="the teacher is down"):
        ask_scores(FakeTeacher(), ["one", "two", "DOWN", "three"], concurrency=1)
    teacher = FakeTeacher()
    ask_scores(teacher, ["one", "two", "three"])
    assert questions(teacher) == ["three"]


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
    assert next(iter(ask_scores(teacher, ["one"]))).answer is not None
    assert len(teacher.asked) == 1


def test_an_answer_to_another_task_is_a_bug_and_raises(workspace: Path) -> None:
    class Confused(FakeTeacher):
        def read(self, task: TaskInput, answer: dict[str, Any]) -> TaskAnswer:
            return GenerateAnswer(facts=())

    with pytest.raises(TypeError, match="GenerateAnswer to ScoreInput"):
        list(ask_scores(Confused(), ["one"]))


def test_no_tasks_give_an_empty_answers_file(workspace: Path) -> None:
    assert list(ask_scores(FakeTeacher(), [])) == []
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
    assert questions(teacher) == ["three"]
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


def test_tasks_may_be_made_anew_at_each_iteration(workspace: Path) -> None:
    class Tasks:
        def __iter__(self) -> Iterator[TaskInput]:
            return (generate_input(f"A is {number}") for number in range(3))

    replies = ask(
        FakeTeacher(),
        Tasks(),
        GenerateAnswer,
        settings=settings(),
        stage="generate",
        documents=["a", "b", "a"],
        answers_file=ANSWERS,
    )
    stated = [answer.facts[0].statement for outcome in replies if (answer := outcome.answer)]
    assert stated == ["A is 0.", "A is 1.", "A is 2."]


def test_a_switched_off_stage_writes_an_empty_answers_file(workspace: Path) -> None:
    replies = ask_nothing(ANSWERS)
    assert list(replies) == [] and files.read_rows(ANSWERS) == []
    assert replies.usage() == {
        **{"requests": 0, "failed": 0, "prompt_tokens": 0, "completion_tokens": 0, "seconds": 0},
        "documents": {},
    }


def test_usage_counts_a_request_once_for_the_first_document_that_needs_it(workspace: Path) -> None:
    class Counting(FakeTeacher):
        async def answer(self, request: dict[str, Any]) -> dict[str, Any]:
            answer = await super().answer(request)
            return answer | {"usage": {"prompt_tokens": 10, "completion_tokens": 3}}

    asked = ["a same", "b FAIL", "a other"]
    with Store() as store:
        for seconds in (0.25, 0.5):  # two attempts at one request, and one of another stage
            call = {"request": content_key(Counting().request(score_input("a same"))), "seconds": seconds}
            rest = {"repository": "r", "document": "a.md", "model": "m", "money": 0.0}
            tokens = {"prompt_tokens": 0, "completion_tokens": 0}
            store.put_call({**call, **rest, **tokens, "stage": "score"})
        store.put_call({**call, **rest, **tokens, "stage": "generate"})
    usage = ask_scores(Counting(), asked).usage()
    assert usage["documents"] == {
        "a.md": {
            **{"requests": 2, "failed": 0, "prompt_tokens": 20, "completion_tokens": 6, "seconds": 0.75}
        },
        "b.md": {**{"requests": 1, "failed": 1, "prompt_tokens": 0, "completion_tokens": 0, "seconds": 0.0}},
    }
    assert (usage["requests"], usage["failed"], usage["prompt_tokens"]) == (3, 1, 20)
    assert ask_scores(Counting(), ["a same", "a other"]).usage() == {
        **usage["documents"]["a.md"],
        "documents": {"a.md": usage["documents"]["a.md"]},
    }, "remembered answers cost the same"


def test_failures_are_told_with_counts_by_reason(workspace: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Failing(FakeTeacher):
        async def answer(self, request: dict[str, Any]) -> dict[str, Any]:
            number = int(request["input"]["pairs"][0]["question"])
            raise TeacherFailure(f"reason {number % 7 if number > 6 else 0}: {number}")

    ask_scores(Failing(), [str(number) for number in range(14)])
    (line,) = caplog.messages
    assert line.startswith("score: 14 requests failed: 8 x reason 0; 1 x reason ")
    assert "; 2 other reasons; " in line
    assert line.count(" x ") == 5


def test_a_budget_stop_keeps_what_is_in_flight_and_the_next_run_pays_for_the_rest_only(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = json.dumps({"marks": []})
    client = FakeClient(lambda text, number: reply(answer, 50, 50))
    texts = [f"question {number}" for number in range(40)]
    limit = {"tokens": 2000, "money": 0}
    with pytest.raises(UserError, match="budget"):
        ask_scores(Prompting(client, budget=limit), texts, budget=limit, concurrency=8)
    paid = len(client.attempts)
    assert 15 <= paid <= 20
    replies = ask_scores(Prompting(client), texts)
    assert (replies.remembered, replies.asked) == (paid, 40 - paid)
    assert sorted(client.attempts) == sorted(texts), "each was paid for once"


class Prompting(FakeTeacher):
    """A teacher on top of the driver of chat clients."""

    def __init__(self, client: FakeClient, **changes: Any) -> None:
        super().__init__()
        self.calls = Calls(client, settings(**changes))

    async def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        said = await self.calls.chat(user(request["input"]["pairs"][0]["question"]), {})
        return {"value": json.loads(said["text"]), "usage": said["usage"]}

    async def close(self) -> None:
        await self.calls.close()


# Answers five questions and then hangs, or all; tells on stdout when it hangs. The parent stops it then.
STAGE = """
import asyncio, sys
from slm_factory.core.errors import run_stage
from tests.teachers import test_asking
class Hanging(test_asking.FakeTeacher):
    async def answer(self, request):
        if len(self.asked) == int(sys.argv[1]):
            print("hanging", flush=True)
            await asyncio.Event().wait()
        return await super().answer(request)
def main():
    print(test_asking.ask_scores(Hanging(), [str(n) for n in range(12)], concurrency=1))
run_stage(main)
"""


def stopped_stage(stop: signal.Signals) -> tuple[int, str]:
    """Exit code and log of a stage that is stopped while its sixth request is in flight."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    process = subprocess.Popen(
        [sys.executable, "-c", STAGE, "5"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdout.readline() == "hanging\n"
    process.send_signal(stop)
    _, log = process.communicate(timeout=30)
    return process.returncode, log


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stop", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)], ids=["ctrl-c", "kill"]
)
def test_a_stopped_stage_keeps_every_answer_and_goes_on_from_there(
    workspace: Path, stop: signal.Signals, code: int
) -> None:
    ended, log = stopped_stage(stop)
    assert (ended, log) == (code, ""), "no traceback"
    assert not ANSWERS.exists()
    teacher = FakeTeacher()
    replies = ask_scores(teacher, [str(number) for number in range(12)])
    assert (replies.remembered, replies.asked, replies.failed) == (5, 7, 0)
    resumed = ANSWERS.read_bytes()
    with Store() as store:
        store.connection.execute("DELETE FROM answers")
    ask_scores(FakeTeacher(), [str(number) for number in range(12)])
    assert ANSWERS.read_bytes() == resumed


def test_ctrl_c_stops_a_teacher_that_never_waits(workspace: Path) -> None:
    class Interrupted(FakeTeacher):
        async def answer(self, request: dict[str, Any]) -> dict[str, Any]:
            if len(self.asked) == 3:
                os.kill(os.getpid(), signal.SIGINT)
            return await super().answer(request)

    teacher = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        ask_scores(teacher, [str(number) for number in range(100)])
    assert len(teacher.asked) < 20
