"""What a teacher has cost this repository on this machine, and may still cost before its budget is passed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

from slm_factory.core.errors import UserError
from slm_factory.core.history import repository
from slm_factory.core.store import Store
from slm_factory.teachers.teacher import TeacherSettings


@dataclass(frozen=True)
class Purpose:
    """What an attempt is paid for."""

    request: str  # key of the answer in the store
    stage: str
    document: str  # doc_id


# Set by the worker that asks, so that no interface between it and the chat has to carry it.
PURPOSE: ContextVar[Purpose] = ContextVar("purpose")


@dataclass(frozen=True)
class Cost:
    """Tokens of one attempt or of many, and what they cost at the price of their time."""

    tokens: int = 0  # prompt and answer
    money: float = 0.0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.tokens + other.tokens, self.money + other.money)


@dataclass
class Attempt:
    """One attempt, with what it is known to have used; the prompt counts until something better is known."""

    prompt_tokens: int
    completion_tokens: int = 0
    started: float = field(default_factory=lambda: asyncio.get_running_loop().time())

    def used(self, prompt_tokens: int, completion_tokens: int) -> None:
        """Sets what the attempt has used: nothing, if it was refused."""
        self.prompt_tokens, self.completion_tokens = prompt_tokens, completion_tokens


class Spending:
    """The ledger of one repository and its budget.

    Each attempt is written down with its prompt before it is sent, and again when it has ended. So one that
    was killed or never came back counts, too.
    """

    def __init__(self, store: Store, settings: TeacherSettings) -> None:
        self.store = store
        self.settings = settings
        self.repository = repository(Path.cwd())
        self.spent = Cost(*store.spent(self.repository))
        self.in_flight: dict[int, Cost] = {}  # by call: the most that each can cost
        self.excess = 1.0  # how far the server counted above the estimate of a prompt, at worst
        self.settled = asyncio.Event()  # set for a moment whenever an attempt ends

    @asynccontextmanager
    async def attempt(self, prompt_tokens: int) -> AsyncIterator[Attempt]:
        """An attempt that the budget allows; waits while others might turn out cheaper than they may be.

        Raises:
            UserError: it could pass the budget, whatever becomes of those in flight.
        """
        while True:
            most = self.cost(round(prompt_tokens * self.excess), self.settings.max_tokens)
            if self.passes(self.spent + most):
                raise self.exhausted(most)
            if not self.passes(sum(self.in_flight.values(), self.spent + most)):
                break
            await self.settled.wait()
        attempt = Attempt(prompt_tokens)
        call = self.write(attempt, None, 0.0)
        self.in_flight[call] = most
        try:
            yield attempt
        finally:
            self.write(attempt, call, asyncio.get_running_loop().time() - attempt.started)
            del self.in_flight[call]
            self.excess = max(self.excess, attempt.prompt_tokens / prompt_tokens)
            self.spent += self.cost(attempt.prompt_tokens, attempt.completion_tokens)
            self.settled.set()
            self.settled.clear()

    def cost(self, prompt_tokens: int, completion_tokens: int) -> Cost:
        """What these tokens cost."""
        price = self.settings.price
        money = (prompt_tokens * price.input + completion_tokens * price.output) / 1e6
        return Cost(prompt_tokens + completion_tokens, money)

    def passes(self, cost: Cost) -> bool:
        """Whether a total is more than the budget allows."""
        budget = self.settings.budget
        too_dear = 0 < budget.money < cost.money
        return too_dear or 0 < budget.tokens < cost.tokens

    def exhausted(self, most: Cost) -> UserError:
        """The error for an attempt that might cost `most`, and so pass the budget."""
        budget = self.settings.budget
        if 0 < budget.money < (self.spent + most).money:
            spent, limit, key = f"{self.spent.money:.4g}", f"{budget.money:g}", "teacher.budget.money"
        else:
            spent, limit, key = f"{self.spent.tokens} tokens", str(budget.tokens), "teacher.budget.tokens"
        return UserError(
            f"error: the teacher's budget is spent: {spent} of {limit}, and the next request might pass it",
            f"hint: nothing answered so far is lost; raise {key} in params.yaml and run the command again",
        )

    def write(self, attempt: Attempt, call: int | None, seconds: float) -> int:
        """Writes the attempt to the ledger, anew under its number `call`; returns the number."""
        purpose = PURPOSE.get(Purpose("", "", ""))
        return self.store.put_call(
            {
                "call": call,
                "request": purpose.request,
                "repository": self.repository,
                "stage": purpose.stage,
                "document": purpose.document,
                "model": self.settings.model,
                "prompt_tokens": attempt.prompt_tokens,
                "completion_tokens": attempt.completion_tokens,
                "money": self.cost(attempt.prompt_tokens, attempt.completion_tokens).money,
                "seconds": seconds,
            }
        )
