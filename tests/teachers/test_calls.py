"""Chats that are tried again: load, waits, deadlines, servers that are down, prompts that do not fit."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from slm_factory.core.errors import UserError
from slm_factory.core.store import Store
from slm_factory.teachers.calls import Calls, Window
from slm_factory.teachers.chat import Disturbed, Message, Overloaded, Reply
from slm_factory.teachers.teacher import TeacherFailure
from tests.fake_client import FakeClient, reply, settings, user


class Slept(list[float]):
    """Waits for nothing and remembers for how long."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)
        await asyncio.sleep(0)


def run_chats(
    client: FakeClient, chats: int, slept: Slept | None = None, **changes: Any
) -> list[Reply | BaseException]:
    """What became of each of `chats` chats at the same time."""
    calls = Calls(client, settings(**changes), Slept() if slept is None else slept)

    async def run() -> list[Reply | BaseException]:
        waiting = (calls.chat(user(f"chat {number}"), {}) for number in range(chats))
        try:
            return await asyncio.gather(*waiting, return_exceptions=True)
        finally:
            await calls.close()

    return asyncio.run(run())


def chat_all(
    respond: Callable[[str, int], Reply | Exception],
    chats: int = 1,
    slept: Slept | None = None,
    **changes: Any,
) -> tuple[FakeClient, list[Reply | BaseException]]:
    """The client after `chats` chats at the same time, and what became of each."""
    client = FakeClient(respond)
    return client, run_chats(client, chats, slept, **changes)


def ledger() -> list[tuple[Any, ...]]:
    with Store() as store:
        columns = "prompt_tokens, completion_tokens, seconds"
        return store.connection.execute(f"SELECT {columns} FROM calls ORDER BY call").fetchall()


def test_no_more_than_concurrency_attempts_are_in_flight(workspace: Path) -> None:
    client, replies = chat_all(lambda text, number: reply(), chats=30, concurrency=3)
    assert replies == [reply()] * 30
    assert max(client.flights) == 3


def test_an_overload_halves_the_window_once_a_round_and_successes_grow_it_back() -> None:
    async def run() -> None:
        window = Window(16)
        places = [window.place() for _ in range(16)]
        for place in places:
            await place.__aenter__()
        for _ in range(8):
            window.overloaded()
        assert window.size == 8, "attempts of one round halve it once"
        later = asyncio.ensure_future(window.place().__aenter__())
        for place in places[:8]:
            await place.__aexit__(None, None, None)
        await asyncio.sleep(0)
        assert not later.done(), "eight are in flight still"
        await places[8].__aexit__(None, None, None)
        await later
        window.overloaded()
        assert window.size == 8, "nine of the round have ended"
        for place in places[9:]:
            await place.__aexit__(None, None, None)
        window.overloaded()
        assert window.size == 4, "in the next round it is halved again"
        for _ in range(3):
            window.succeeded()
        assert window.size == 7
        for _ in range(30):
            window.succeeded()
        assert window.size == 16, "never more than it began with"
        for _ in range(10):
            window.left = 0
            window.overloaded()
        assert window.size == 1, "never less than one"

    asyncio.run(run())


def test_a_full_server_answers_all_in_the_end_however_often_it_refuses(workspace: Path) -> None:
    class Full(FakeClient):
        refused = 0

        async def chat(self, messages: list[Message], schema: dict[str, Any]) -> Reply:
            if self.flying == 4:
                self.refused += 1
                raise Overloaded("busy")
            return await super().chat(messages, schema)

    client = Full(lambda text, number: reply())
    assert run_chats(client, 200, concurrency=64, retries=6) == [reply()] * 200
    assert 0 < client.refused < 1000


def test_a_server_that_refuses_everybody_is_left_after_the_usual_attempts(workspace: Path) -> None:
    client, replies = chat_all(lambda text, number: Overloaded("busy"), chats=5, retries=2)
    assert all(isinstance(told, TeacherFailure) and told.reason == "busy" for told in replies)
    assert len(client.attempts) == 15


def test_a_window_that_is_refused_a_third_stays_wide_and_one_refused_most_shrinks() -> None:
    """Rounds of a window in which every n-th attempt is refused and the others are answered."""

    def size_after(rounds: int, is_refused: Callable[[int], bool]) -> float:
        window = Window(64)
        for number in range(rounds * 64):
            window.left -= 1
            if is_refused(number):
                window.overloaded()
            else:
                window.succeeded()
        return window.size

    assert size_after(20, lambda number: number % 3 == 0) > 32
    assert size_after(20, lambda number: number % 3 != 0) < 8


def test_retry_after_is_kept_and_other_waits_grow(workspace: Path) -> None:
    ends = [Overloaded("busy", 20.0), Disturbed("HTTP 500"), Overloaded("busy"), reply()]
    slept = Slept()
    _, replies = chat_all(lambda text, number: ends[number], slept=slept)
    assert replies == [reply()]
    assert 20 <= slept[0] <= 21
    assert slept[1] <= 2 and slept[2] <= 4


def test_after_the_last_attempt_the_last_reason_is_recorded(workspace: Path) -> None:
    client, replies = chat_all(lambda text, number: Disturbed(f"HTTP 50{number}"), retries=2)
    assert len(client.attempts) == 3
    assert isinstance(replies[0], TeacherFailure) and replies[0].reason == "HTTP 502"


@pytest.mark.parametrize("error", [TeacherFailure("refused"), UserError("error: key", "hint: set it")])
def test_what_will_never_be_answered_is_not_tried_again(workspace: Path, error: Exception) -> None:
    client, replies = chat_all(lambda text, number: error)
    assert len(client.attempts) == 1
    assert replies == [error]


def test_an_attempt_that_hangs_is_ended_at_its_deadline_and_tried_again(workspace: Path) -> None:
    class Hanging(FakeClient):
        async def chat(self, messages: list[Message], schema: dict[str, Any]) -> Reply:
            answer = await super().chat(messages, schema)
            if len(self.attempts) == 1:
                await asyncio.Event().wait()
            return answer

    client = Hanging(lambda text, number: reply())
    assert run_chats(client, 1, timeout_seconds=0.05) == [reply()]
    assert len(client.attempts) == 2
    (lost, answered), prompt = ledger(), 10
    assert lost[0] > 0 and lost[1] == 0, "an attempt whose end is unknown counts with its prompt"
    assert lost[2] >= 0.05
    assert answered[:2] == (prompt, 5)


def test_a_server_that_nobody_has_reached_is_the_users_problem(workspace: Path) -> None:
    client, replies = chat_all(lambda text, number: Disturbed("refused", is_down=True), chats=3)
    assert len(client.attempts) == 12
    for told in replies:
        assert isinstance(told, UserError)
        assert told.problem == "error: the teacher's server does not answer"
        assert "OPENAI_BASE_URL" in told.hint
    assert ledger() == [(0, 0, seconds) for *_, seconds in ledger()], "nothing was sent"


def test_a_lost_server_is_one_chats_failure_while_others_are_answered(workspace: Path) -> None:
    def respond(text: str, number: int) -> Reply | Exception:
        return Disturbed("refused", is_down=True) if text == "chat 0" else reply()

    _, replies = chat_all(respond, chats=20, concurrency=1)
    assert isinstance(replies[0], TeacherFailure)
    assert replies[1:] == [reply()] * 19


def test_a_prompt_that_does_not_fit_is_never_sent(workspace: Path) -> None:
    client = FakeClient(lambda text, number: reply())
    calls = Calls(client, settings(), Slept())
    with pytest.raises(TeacherFailure, match=r"chunk.max_tokens or raise teacher.context_tokens") as told:
        asyncio.run(calls.chat(user("누수 " * 8000), {}))
    assert "does not fit" in told.value.reason
    assert client.attempts == []


@pytest.mark.parametrize(
    ("usage", "reason"),
    [((8000, 192), "filled the context of 8192"), ((300, 50), "the server cut the prompt: it read 300")],
)
def test_a_prompt_that_was_cut_silently_is_a_failure_and_paid(
    workspace: Path, usage: tuple[int, int], reason: str
) -> None:
    calls = Calls(FakeClient(lambda text, number: reply("{}", *usage)), settings(), Slept())
    with pytest.raises(TeacherFailure, match=reason):
        asyncio.run(calls.chat(user("누수를 확인한다. " * 200), {}))
    assert [row[:2] for row in ledger()] == [usage]


def test_a_server_that_counts_nothing_or_a_short_prompt_is_believed(workspace: Path) -> None:
    _, replies = chat_all(lambda text, number: reply("{}", 1, 1))
    assert replies == [reply("{}", 1, 1)]
    calls = Calls(FakeClient(lambda text, number: reply("{}", 0, 0)), settings(), Slept())
    assert asyncio.run(calls.chat(user("누수를 확인한다. " * 200), {})) == reply("{}", 0, 0)


def test_one_driver_serves_several_event_loops_one_after_the_other(workspace: Path) -> None:
    client = FakeClient(lambda text, number: reply())
    calls = Calls(client, settings(concurrency=1), Slept())

    async def run() -> None:
        await asyncio.gather(*(calls.chat(user(str(number)), {}) for number in range(3)))
        await calls.close()

    asyncio.run(run())
    asyncio.run(run())
    assert (len(client.attempts), client.closed) == (6, 2)
