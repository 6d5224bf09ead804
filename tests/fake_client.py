"""A chat client for tests of the machinery around clients: each attempt ends as it is told."""

import asyncio
from collections.abc import Callable
from typing import Any

from slm_factory.teachers.chat import Message, Reply
from slm_factory.teachers.teacher import TeacherSettings


def settings(**changes: Any) -> TeacherSettings:
    """Settings of a teacher behind a server, with every key fixed that the test does not name."""
    values: dict[str, Any] = {
        **{"backend": "openai", "model": "m", "concurrency": 4, "timeout_seconds": 5, "retries": 3},
        **{"temperature": 0, "max_tokens": 100, "context_tokens": 8192, "thinking": False},
        **{"keep_alive_seconds": 600, "seed": 42, "price": {"input": 0, "output": 0}},
        "budget": {"money": 0, "tokens": 0},
    }
    return TeacherSettings.model_validate(values | changes)


def reply(text: str = "{}", prompt_tokens: int = 10, completion_tokens: int = 5) -> Reply:
    """A model's answer."""
    usage = {"prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens}
    return {"text": text, "usage": usage, "finish_reason": "stop"}  # type: ignore[typeddict-item]


def user(text: str) -> list[Message]:
    """A chat of one message."""
    return [{"role": "user", "content": text}]


class FakeClient:
    """Asks `respond` for each attempt, given the text of its last message and its number, from 0."""

    name, model, is_remote = "fake/m", "m", False
    options: dict[str, Any] = {}  # noqa: RUF012
    context_tokens, max_tokens = 8192, 100

    def __init__(self, respond: Callable[[str, int], Reply | Exception]) -> None:
        self.respond = respond
        self.attempts: list[str] = []
        self.flying = 0
        self.flights: list[int] = []  # attempts in flight as each one starts
        self.closed = 0

    async def chat(self, messages: list[Message], schema: dict[str, Any]) -> Reply:
        text = messages[-1]["content"]
        self.attempts.append(text)
        self.flying += 1
        self.flights.append(self.flying)
        try:
            answer = self.respond(text, len(self.attempts) - 1)
            for _ in range(5):
                await asyncio.sleep(0)
        finally:
            self.flying -= 1
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        self.closed += 1
