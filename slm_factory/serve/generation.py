"""An answer in the making: llama.cpp writes it in a thread, the event loop reads what is there."""

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from slm_factory.engine.llama import Llama
from slm_factory.serve.admission import Admission
from slm_factory.serve.conversation import without_oldest
from slm_factory.serve.metrics import Metrics
from slm_factory.serve.model import Model
from slm_factory.serve.refusal import Refusal
from slm_factory.serve.shelf import Shelf

ERROR = b'{"error"'  # how an event begins that says what went wrong
TOO_LONG = "exceed_context_size_error"

Request = dict[str, Any]


@dataclass(frozen=True)
class Engine:
    """What answers: models, places, threads, counters."""

    shelf: Shelf
    admission: Admission
    executor: ThreadPoolExecutor
    metrics: Metrics
    max_tokens: int  # of one answer
    answering: set[asyncio.Task[None]] = field(default_factory=set)

    def close(self) -> None:
        """Frees threads and models, when nothing is answered any more."""
        self.executor.shutdown()
        for model in self.shelf.models.values():
            model.retire()


@dataclass(frozen=True)
class Asked:
    """A request as a client means it."""

    model: str  # its name
    client: str  # who asks
    request: Callable[[Model], Request]  # for llama.cpp; the model's own settings go into it
    is_chat: bool = True  # else a prompt that is read as it stands
    drops_oldest: bool = False  # turns of a conversation that does not fit


class Generation:
    """The events of one streamed reply, as llama.cpp writes them: OpenAI chunks in JSON.

    They are read in batches, as many as there are: where the reader is slower than the model it sends more in
    one go, and one wake-up of the event loop serves them all. The place in the queue is held until llama.cpp
    has ended, not until the reader has read: a slow reader keeps nobody waiting.
    """

    def __init__(self, engine: Engine, asked: Asked) -> None:
        self.engine = engine
        self.asked = asked
        self.loop = asyncio.get_running_loop()
        self.arrived = time.monotonic()
        self.began = 0.0  # when it got its place
        self.events: deque[bytes] = deque()
        self.news = asyncio.Event()
        self.is_announced = False
        self.is_over = False
        self.is_unwanted = False
        self.shorter: list[dict[str, str]] | None = None  # what is tried if the conversation does not fit
        self.is_too_long = False  # it does not
        self.task = self.loop.create_task(self.answer())
        engine.answering.add(self.task)
        self.task.add_done_callback(engine.answering.discard)

    async def answer(self) -> None:
        """Waits for a place and has the model answer.

        Raises:
            Refusal: there is no place, or no such model.
        """
        try:
            async with self.engine.admission.place(self.asked.client):
                self.began = time.monotonic()
                with self.engine.shelf.find(self.asked.model).used() as model:
                    request = self.asked.request(model)
                    await self.loop.run_in_executor(self.engine.executor, self.run, model.llama, request)
        finally:
            self.is_over = True
            self.news.set()

    def run(self, llama: Llama, request: Request) -> None:
        """Has llama.cpp answer `request`, or as much of its end as fits; in a thread."""
        try:
            while True:
                self.is_too_long = False
                self.shorter = without_oldest(request["messages"]) if self.asked.drops_oldest else None
                llama.stream_bytes(json.dumps(request).encode(), self.take, is_chat=self.asked.is_chat)
                if not self.is_too_long:
                    return
                request = {**request, "messages": self.shorter}
        except (RuntimeError, ValueError) as error:  # what llama.cpp says about requests it cannot read
            self.take(json.dumps({"error": {"code": 400, "message": str(error)}}).encode())

    def take(self, event: bytes) -> bool:
        """Keeps an event; True stops the generation. In llama.cpp's thread."""
        if self.shorter and event.startswith(ERROR) and TOO_LONG.encode() in event:
            self.is_too_long = True
            return True
        self.events.append(event)
        if not self.is_announced:
            self.is_announced = True
            self.loop.call_soon_threadsafe(self.news.set)
        return self.is_unwanted

    async def batch(self) -> list[bytes]:
        """The events that came since the last time, at least one; none when the reply is complete.

        Raises:
            Refusal: it cannot be given.
        """
        while True:
            self.news.clear()
            self.is_announced = False
            is_over = self.is_over
            events = []
            while self.events:
                events.append(self.events.popleft())
            if failed := next((event for event in events if event.startswith(ERROR)), None):
                raise refusal(json.loads(failed)["error"])
            if events:
                return events
            if is_over:
                await self.task
                return []
            await self.news.wait()

    def leave(self) -> None:
        """Nobody wants the rest: leaves the queue, or stops llama.cpp at its next token."""
        self.is_unwanted = True
        if not self.began:
            self.task.cancel()


@asynccontextmanager
async def generating(engine: Engine, asked: Asked) -> AsyncIterator[Generation]:
    """The answer to what is asked; it is stopped when the block ends."""
    generation = Generation(engine, asked)
    try:
        yield generation
    finally:
        generation.leave()


def refusal(error: dict[str, Any]) -> Refusal:
    """What llama.cpp says is wrong, as a refusal; its words stay."""
    code = "context_length_exceeded" if error.get("type") == TOO_LONG else None
    status = int(error.get("code", 500))
    return Refusal(status, str(error["message"]), code=code, nested=json.dumps({"error": error}))
