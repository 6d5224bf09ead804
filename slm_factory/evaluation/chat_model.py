"""A model behind a server or in a GGUF file, asked as the student is: greedily, in free text, remembered."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from slm_factory.core.errors import UserError
from slm_factory.core.progress import track
from slm_factory.core.records import content_key
from slm_factory.core.store import Store
from slm_factory.teachers import teacher
from slm_factory.teachers.calls import Calls
from slm_factory.teachers.spending import PURPOSE, Purpose
from slm_factory.teachers.teacher import Price, TeacherFailure, TeacherSettings

BACKENDS = ("ollama", "openai", "anthropic", "gguf")
CONTEXT_TOKENS = 2048  # a question and an answer; a longer context would only take memory

Message = dict[str, str]


class ChatModel:
    """Answers conversations through the chat clients of the teachers: their retries, ledger and budget.

    Raises:
        UserError: a package, a key or the file is missing.
    """

    def __init__(
        self, backend: str, model: str, settings: TeacherSettings, max_new_tokens: int, store: Store
    ) -> None:
        is_teacher = (settings.backend, settings.model) == (backend, model)
        asked = {"backend": backend, "model": model, "temperature": 0.0, "max_tokens": max_new_tokens}
        price = settings.price if is_teacher else Price(input=0, output=0)
        self.settings = settings.model_copy(
            update={**asked, "context_tokens": CONTEXT_TOKENS + max_new_tokens, "price": price}
        )
        self.client = Calls(teacher.client(self.settings), self.settings)
        self.store = store
        self.timed: list[tuple[float, int]] = []  # (seconds, tokens) of each answer that was not remembered
        self.wall_seconds = 0.0  # of all of them together

    def answer(self, conversations: Sequence[list[Message]], max_new_tokens: int) -> list[dict[str, Any]]:
        """{text, tokens} of each answer, as `Student.answer`.

        Raises:
            UserError: the model cannot be asked, or gave some question no answer; the others are remembered.
        """
        about = {"chat": self.client.name, "model": self.client.model, "options": self.client.options}
        keys = [content_key({**about, "messages": messages}) for messages in conversations]
        missing = {
            key: messages
            for key, messages in zip(keys, conversations, strict=True)
            if not self.store.has(key)
        }
        started = time.monotonic()
        failures = asyncio.run(self.ask(missing)) if missing else []
        self.wall_seconds += time.monotonic() - started
        if failures:
            raise UserError(
                f"error: {self.client.name} left {len(failures)} of {len(missing)} questions unanswered: "
                f"{failures[0]}",
                "hint: run the same command again; what was answered is remembered",
            )
        return [self.store[key] for key in keys]

    async def ask(self, missing: dict[str, list[Message]]) -> list[str]:
        """Why questions were not answered; the answers of the others go to the store.

        Raises:
            UserError: no question can be answered.
        """
        failures: list[str] = []
        waiting = iter(track(missing.items(), f"asking {self.client.name}", len(missing)))

        async def work() -> None:
            for key, messages in waiting:  # shared: each worker takes the next question when it is free
                PURPOSE.set(Purpose(key, "evaluate", ""))
                started = time.monotonic()
                try:
                    reply = await self.client.chat(messages, None)
                except TeacherFailure as failure:
                    failures.append(failure.reason)
                    continue
                tokens = reply["usage"]["completion_tokens"]
                self.timed.append((time.monotonic() - started, tokens))
                answer = {"text": reply["text"].strip(), "tokens": tokens}
                self.store.put_by_key("chat answer", [(key, answer)])

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self.settings.concurrency, len(missing))):
                    group.create_task(work())
        except* UserError as group_of_errors:
            raise group_of_errors.exceptions[0] from None
        finally:
            await self.client.close()
        return failures
