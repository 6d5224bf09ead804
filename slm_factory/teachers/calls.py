"""A chat client that keeps trying: adapts to the server's load, waits, gives up in time, keeps the budget."""

import asyncio
import json
import random
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    wait_random_exponential,
)

from slm_factory.core.errors import UserError
from slm_factory.core.store import Store
from slm_factory.core.tokens import estimate
from slm_factory.teachers.chat import ChatClient, Disturbed, Message, Overloaded, Reply
from slm_factory.teachers.spending import Attempt, Spending
from slm_factory.teachers.teacher import TeacherFailure, TeacherSettings

TOKENS_PER_MESSAGE = 8  # role and marks that a chat template adds
JITTER = wait_random_exponential(multiplier=1, max=60)  # up to 1, 2, 4, ... seconds
PATIENCE = 4  # times as many attempts, where the server is full and answers others
AWAKE_SECONDS = 15.0  # after an answer a server counts as one that answers
MIN_CHECKED_PROMPT = 500  # tokens; below, an estimate says little about a cut prompt
START_HINTS = {
    "openai": "start the server, or set OPENAI_BASE_URL to its address",
    "ollama": "ollama serve starts it, or set OLLAMA_HOST to its address",
    "anthropic": "check the connection to the internet, or ANTHROPIC_BASE_URL",
    "gguf": "check teacher.model in params.yaml",
}


class Calls:
    """A `ChatClient` on top of another that tries once.

    `sleep` is what waits before another attempt.
    """

    def __init__(
        self,
        client: ChatClient,
        settings: TeacherSettings,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.client = client
        self.settings = settings
        self.sleep = sleep
        self.name, self.model, self.options = client.name, client.model, client.options
        self.context_tokens, self.max_tokens = client.context_tokens, client.max_tokens
        self.is_remote = client.is_remote
        self.window = Window(settings.concurrency)
        self.spending: Spending | None = None  # opened by the first chat, since the loop is its loop
        self.answers = 0  # attempts that the server reacted to, in whatever way
        self.answered_at = 0.0  # the last time that one was answered, by time.monotonic()

    async def chat(self, messages: list[Message], schema: dict[str, Any] | None) -> Reply:
        """The model's answer, after as many attempts as `settings.retries` allows.

        Raises:
            TeacherFailure: none of them was answered, or the prompt does not fit the model's context.
            UserError: nobody listens, the budget is spent, or see the client.
        """
        prompt_tokens = sum(
            (estimate_often if message["role"] == "system" else estimate)(message["content"])
            + TOKENS_PER_MESSAGE
            for message in messages
        )
        if prompt_tokens + self.max_tokens > self.context_tokens:
            raise TeacherFailure(
                f"the prompt does not fit: {prompt_tokens} tokens and {self.max_tokens} for the answer pass "
                f"{self.context_tokens} (lower chunk.max_tokens or raise teacher.context_tokens)"
            )
        # Some servers show the schema to the model, and bill it.
        billed = prompt_tokens + estimate_often(json.dumps(schema, ensure_ascii=False))
        answers = self.answers
        attempts = AsyncRetrying(
            stop=self.is_enough,
            wait=self.pause,
            retry=retry_if_exception_type((Overloaded, Disturbed)),
            sleep=self.sleep,
            reraise=True,
        )
        try:
            reply: Reply = await attempts(self.attempt, messages, schema, billed)
        except (Overloaded, Disturbed) as error:
            if isinstance(error, Disturbed) and error.is_down and self.answers == answers:
                raise self.down() from None
            raise TeacherFailure(error.reason) from None
        self.check_whole(reply, prompt_tokens)
        return reply

    async def attempt(
        self, messages: list[Message], schema: dict[str, Any] | None, prompt_tokens: int
    ) -> Reply:
        """One attempt within its deadline, when the server's load and the budget allow it."""
        async with self.window.place(), self.accounts().attempt(prompt_tokens) as attempt:
            try:
                reply = await self.in_time(messages, schema)
            except Overloaded:
                attempt.used(0, 0)
                self.window.overloaded()
                self.answers += 1
                raise
            except Disturbed as error:
                if error.is_down:
                    attempt.used(0, 0)
                else:
                    self.answers += 1
                raise
            except UserError:  # no key, no model: no chat. A `TeacherFailure` may have been paid for.
                attempt.used(0, 0)
                raise
            self.window.succeeded()
            self.answers += 1
            self.answered_at = time.monotonic()
            settle(attempt, reply)
            return reply

    async def in_time(self, messages: list[Message], schema: dict[str, Any] | None) -> Reply:
        """One attempt of the client, ended after `settings.timeout_seconds` whatever it does."""
        try:
            async with asyncio.timeout(self.settings.timeout_seconds):
                return await self.client.chat(messages, schema)
        except TimeoutError:
            raise Disturbed(f"no answer within {self.settings.timeout_seconds:g} s") from None

    def is_enough(self, state: RetryCallState) -> bool:
        """Whether a chat was tried often enough; refusals by a server that answers others count less."""
        error = state.outcome.exception() if state.outcome else None
        is_in_line = isinstance(error, Overloaded) and self.answered_at > state.start_time
        return state.attempt_number > self.settings.retries * (PATIENCE if is_in_line else 1)

    def pause(self, state: RetryCallState) -> float:
        """Seconds before the next attempt: what the server asks for and up to one more, else growing ones.

        They double while nobody is answered, for a server that restarts. While it answers, they stay short:
        the last requests of a stage would else wait for nothing but themselves.
        """
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, Overloaded) and error.retry_after is not None:
            return error.retry_after + random.uniform(0, 1)
        if time.monotonic() - self.answered_at < AWAKE_SECONDS:
            return random.uniform(0, min(state.attempt_number, 3) if isinstance(error, Overloaded) else 1)
        return JITTER(state)

    def check_whole(self, reply: Reply, prompt_tokens: int) -> None:
        """Raises a `TeacherFailure` if the server seems to have read only part of the prompt.

        Servers that cut a prompt do not say so; what they report betrays them.
        """
        read, written = reply["usage"]["prompt_tokens"], reply["usage"]["completion_tokens"]
        remedy = "lower chunk.max_tokens or raise teacher.context_tokens, there and at the server"
        if read + written >= self.context_tokens:
            raise TeacherFailure(
                f"prompt and answer filled the context of {self.context_tokens} tokens: {remedy}"
            )
        if prompt_tokens > MIN_CHECKED_PROMPT and 0 < read < prompt_tokens / 3:
            raise TeacherFailure(
                f"the server cut the prompt: it read {read} of about {prompt_tokens} tokens ({remedy})"
            )

    def accounts(self) -> Spending:
        """The ledger, opened when it is first needed."""
        if self.spending is None:
            self.spending = Spending(Store(), self.settings)
        return self.spending

    def down(self) -> UserError:
        """The error for a server at whose address nobody listens."""
        hint = START_HINTS.get(self.settings.backend, "start it")
        return UserError(
            "error: the teacher's server does not answer",
            f"hint: {hint}; then run the same command again",
        )

    async def close(self) -> None:
        """Frees the client and the ledger; a later chat opens them again, in another loop too."""
        if self.spending is not None:
            self.spending.store.close()
            self.spending = None
        self.window = Window(self.settings.concurrency)
        await self.client.close()


@lru_cache(maxsize=256)
def estimate_often(text: str) -> int:
    """`core.tokens.estimate` of a text that many requests share: a system message, a schema."""
    return estimate(text)


class Window:
    """How many attempts may be in flight: from 1 to `most`, by additive increase, multiplicative decrease.

    An overload halves it, at most once per round, that is until as many attempts have ended as it held. Each
    success makes room for one more. So it shrinks as long as more than half of a round fails: a full server
    soon has the load that it can carry, while one that refuses a third of all requests, whatever their
    number, keeps most of them. (With one more per round, as TCP has it, the second is left with four.)
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.size = float(most)
        self.in_flight = 0
        self.left = 0  # attempts that have to end before the window is halved again
        self.waiting: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """A place in the window, given away in turn."""
        while self.in_flight >= int(self.size):
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self.waiting.append(turn)
            await turn
        self.in_flight += 1
        try:
            yield
        finally:
            self.in_flight -= 1
            self.left -= 1
            self.wake()

    def overloaded(self) -> None:
        """Halves the window if a round has passed since the last time."""
        if self.left <= 0:
            self.left = int(self.size)
            self.size = max(1.0, self.size / 2)

    def succeeded(self) -> None:
        """Makes room for one more."""
        self.size = min(float(self.most), self.size + 1)

    def wake(self) -> None:
        """Lets as many go on as there is room for."""
        room = int(self.size) - self.in_flight
        while room > 0 and self.waiting:
            turn = self.waiting.popleft()
            if not turn.done():  # done: whoever waited was cancelled
                turn.set_result(None)
                room -= 1


def settle(attempt: Attempt, reply: Reply) -> None:
    """Sets what the server says that a reply has cost, else what it looks like."""
    usage = reply["usage"]
    if usage["prompt_tokens"] or usage["completion_tokens"]:
        attempt.used(usage["prompt_tokens"], usage["completion_tokens"])
    else:
        attempt.used(attempt.prompt_tokens, estimate(reply["text"]))
