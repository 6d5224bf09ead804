"""The ledger and the budget: never passed, whatever the attempts cost and however they end."""

import asyncio
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from slm_factory.core.errors import UserError
from slm_factory.core.store import Store
from slm_factory.core.tokens import estimate
from slm_factory.teachers.calls import TOKENS_PER_MESSAGE, Calls
from slm_factory.teachers.chat import Disturbed, Message, Overloaded, Reply
from slm_factory.teachers.spending import PURPOSE, Purpose, Spending, repository
from slm_factory.teachers.teacher import TeacherFailure
from tests.fake_client import FakeClient, reply, settings, user

PRICE = {"input": 1000.0, "output": 4000.0}  # a tenth of a cent for a token, to see the money


async def no_wait(seconds: float) -> None:
    await asyncio.sleep(0)


class Dice(FakeClient):
    """Costs and ends at random; `paid` is what a server would bill, in tokens and money."""

    def __init__(self, seed: int) -> None:
        super().__init__(lambda text, number: reply())
        self.random = random.Random(seed)
        self.tokens, self.money = 0, 0.0

    async def chat(self, messages: list[Message], schema: dict[str, Any]) -> Reply:
        most = estimate(messages[0]["content"]) + TOKENS_PER_MESSAGE
        read, written = self.random.randint(1, most), self.random.randint(0, self.max_tokens)
        end = self.random.random()
        for _ in range(self.random.randint(0, 5)):
            await asyncio.sleep(0)
        if end < 0.2:
            raise Overloaded("busy")
        if end < 0.4:
            written = 0  # what it wrote before the connection was lost is not billed
        self.tokens += read + written
        self.money += (read * PRICE["input"] + written * PRICE["output"]) / 1e6
        if end < 0.4:
            raise Disturbed("lost")
        return reply("{}", read, written)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("key", ["tokens", "money"])
def test_the_budget_is_never_passed_and_nearly_used_up(workspace: Path, seed: int, key: str) -> None:
    limit = 8_000 if key == "tokens" else 16.0
    budget = {"tokens": 0, "money": 0, key: limit}
    told = settings(concurrency=16, retries=2, price=PRICE, budget=budget)
    dice = Dice(seed)
    calls = Calls(dice, told, no_wait)

    async def run() -> list[Reply | BaseException]:
        chats = (calls.chat(user(f"단어 {number} " * (1 + number % 40)), {}) for number in range(200))
        return await asyncio.gather(*chats, return_exceptions=True)

    ends = asyncio.run(run())
    assert any(isinstance(end, UserError) for end in ends)
    assert all(isinstance(end, dict | UserError | TeacherFailure) for end in ends)
    with Store() as store:
        tokens, money = store.spent(repository(workspace))
    assert dice.tokens <= tokens and dice.money <= money + 1e-9
    spent = tokens if key == "tokens" else money
    assert 0.9 * limit < spent <= limit


def test_a_spent_budget_says_what_was_spent_and_which_key_to_raise(workspace: Path) -> None:
    told = settings(budget={"tokens": 130, "money": 0})
    calls = Calls(FakeClient(lambda text, number: reply("{}", 10, 20)), told, no_wait)
    asyncio.run(calls.chat(user("x"), {}))
    with pytest.raises(UserError) as stopped:
        asyncio.run(calls.chat(user("x"), {}))
    assert "30 tokens of 130" in stopped.value.problem
    assert "teacher.budget.tokens" in stopped.value.hint
    assert "nothing answered so far is lost" in stopped.value.hint


def test_an_attempt_waits_for_others_that_may_turn_out_cheaper(workspace: Path) -> None:
    """Two that might cost 120 tokens each stand behind one another in a budget of 160, and both are sent."""
    told = settings(budget={"tokens": 160, "money": 0})
    client = FakeClient(lambda text, number: reply("{}", 10, 5))
    calls = Calls(client, told, no_wait)

    async def run() -> list[Reply]:
        return await asyncio.gather(*(calls.chat(user(str(number)), {}) for number in range(4)))

    assert len(asyncio.run(run())) == 4
    assert max(client.flights) == 1


def test_a_server_that_counts_more_than_the_estimate_makes_later_reservations_larger(
    workspace: Path,
) -> None:
    async def run() -> None:
        with Store() as store:
            spending = Spending(store, settings(budget={"tokens": 1000, "money": 0}))
            async with spending.attempt(100) as attempt:
                attempt.used(400, 0)
            with pytest.raises(UserError):  # 400 are spent; 150 might be 600, and 100 for the answer
                async with spending.attempt(150):
                    pytest.fail("this may cost 700")

    asyncio.run(run())


def test_the_ledger_knows_what_each_attempt_was_for_and_stays_between_runs(workspace: Path) -> None:
    told = settings(price=PRICE)
    ends = [Disturbed("lost"), reply("{}", 1000, 500)]
    calls = Calls(FakeClient(lambda text, number: ends[number]), told, no_wait)

    async def run() -> None:
        PURPOSE.set(Purpose("key", "generate", "a.md"))
        await calls.chat(user("word " * 100), {})

    asyncio.run(run())
    with Store() as store:
        columns = "request, stage, document, model, repository, prompt_tokens, completion_tokens, money"
        lost, answered = store.connection.execute(f"SELECT {columns} FROM calls").fetchall()
        assert lost[:5] == answered[:5] == ("key", "generate", "a.md", "m", str(workspace))
        assert lost[5] >= 100 and lost[6] == 0
        assert answered[5:] == (1000, 500, 3.0)
        tokens, money = Spending(store, told).spent.tokens, Spending(store, told).spent.money
        assert (tokens, money) == (lost[5] + 1500, 3.0 + lost[7])
        assert Spending(store, told).store.spent("elsewhere") == (0, 0.0)


def test_an_attempt_counts_from_its_start_so_that_a_kill_is_not_forgotten(workspace: Path) -> None:
    seen: list[tuple[int, float]] = []

    def respond(text: str, number: int) -> Reply:
        with Store() as other:  # another connection sees committed rows only
            seen.append(other.spent(str(workspace)))
        return reply()

    calls = Calls(FakeClient(respond), settings(), no_wait)
    asyncio.run(calls.chat(user("word " * 100), {}))
    assert seen[0][0] >= 100


def test_clones_of_one_repository_share_its_budget(workspace: Path) -> None:
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org"]
    first, clone = workspace / "first", workspace / "clone"
    subprocess.run(["git", "init", "-q", first], check=True)
    assert repository(first) == str(first), "no commit yet"
    repository.cache_clear()
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "root"], cwd=first, check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "next"], cwd=first, check=True)
    subprocess.run(["git", "clone", "-q", first, clone], check=True)
    assert repository(first) == repository(clone) != str(first)
    assert repository(workspace) == str(workspace)
