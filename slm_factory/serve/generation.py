"""An answer in the making: a worker writes it, and whoever asked reads what is there."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from slm_factory.serve.admission import Admission
from slm_factory.serve.conversation import without_oldest
from slm_factory.serve.metrics import Metrics
from slm_factory.serve.model import Model
from slm_factory.serve.refusal import Refusal
from slm_factory.serve.shelf import Shelf
from slm_factory.serve.supervisor import Supervisor, WorkerDied

ERROR = b'{"error"'  # how an event begins that says what went wrong
TOO_LONG = "exceed_context_size_error"
ATTEMPTS = 3  # workers that one request may see die: it may be what kills them

Request = dict[str, Any]


@dataclass(frozen=True)
class Engine:
    """What answers: models, places, counters."""

    shelf: Shelf
    admission: Admission
    metrics: Metrics
    max_tokens: int  # of one answer
    answering: set[asyncio.Task[None]] = field(default_factory=set)

    def close(self) -> None:
        """Frees the models, when nothing is answered any more."""
        for model in self.shelf.models.values():
            model.workers.close()


@dataclass(frozen=True)
class Asked:
    """A request as a client means it."""

    model: str  # its name
    client: str  # who asks
    request: Callable[[Model], Request]  # for llama.cpp; the model's own settings go into it
    is_chat: bool = True  # else a prompt that is read as it stands
    drops_oldest: bool = False  # turns of a conversation that does not fit


class Generation:
    """The events of one reply, as llama.cpp streams them: OpenAI chunks in JSON.

    They are read in batches, as many as there are: where the reader is slower than the model it sends more in
    one go. The place in the queue is held until llama.cpp has ended, not until the reader has read: a slow
    reader keeps nobody waiting. When a worker dies, a request of which nothing has been read is asked again.
    """

    def __init__(self, engine: Engine, asked: Asked) -> None:
        self.engine = engine
        self.asked = asked
        self.arrived = time.monotonic()
        self.began = 0.0  # when it got its place
        self.first = 0.0  # when its first event came
        self.events: list[bytes] = []
        self.news = asyncio.Event()
        self.is_read = False  # some of it
        self.is_over = False
        self.is_unwanted = False
        self.shorter: list[dict[str, str]] | None = None  # what is tried if the conversation does not fit
        self.is_too_long = False  # it does not
        self.task = asyncio.get_running_loop().create_task(self.answer())
        engine.answering.add(self.task)
        self.task.add_done_callback(self.forget)

    async def answer(self) -> None:
        """Waits for a place and has the model answer.

        Raises:
            Refusal: there is no place, no such model, or nothing that could answer.
        """
        try:
            async with self.engine.admission.place(self.asked.client):
                self.began = time.monotonic()
                with self.engine.shelf.find(self.asked.model).used() as model:
                    await self.ask(model.workers, self.asked.request(model))
        finally:
            self.is_over = True
            self.news.set()

    async def ask(self, workers: Supervisor, request: Request) -> None:
        """Asks a worker, and the next one where it dies before anything has been read.

        Raises:
            Refusal: it died in the middle, or one after the other.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await self.ask_once(workers, request)
            except WorkerDied as error:
                if self.is_unwanted:
                    return None
                if self.is_read or attempt == ATTEMPTS:
                    raise Refusal(500, "the process that wrote this answer died; ask again") from error
                self.events.clear()
                self.engine.metrics.repeated.inc()
        return None

    async def ask_once(self, workers: Supervisor, request: Request) -> None:
        """Has a worker answer `request`, or as much of its end as fits."""
        while True:
            self.is_too_long = False
            self.shorter = without_oldest(request["messages"]) if self.asked.drops_oldest else None
            await workers.answer(json.dumps(request).encode(), self.take, is_chat=self.asked.is_chat)
            if not self.is_too_long:
                return
            request = {**request, "messages": self.shorter}

    def take(self, event: bytes) -> bool:
        """Keeps an event; True stops the generation."""
        if self.shorter and event.startswith(ERROR) and TOO_LONG.encode() in event:
            self.is_too_long = True
            return True
        self.first = self.first if self.events or self.is_read else time.monotonic()
        self.events.append(event)
        self.news.set()
        return self.is_unwanted

    def forget(self, task: asyncio.Task[None]) -> None:
        """Lets the task go; why it ended may interest nobody any more."""
        self.engine.answering.discard(task)
        if not task.cancelled():
            task.exception()

    async def batch(self) -> list[bytes]:
        """The events that came since the last time, at least one; none when the reply is complete.

        Raises:
            Refusal: it cannot be given.
        """
        while not (self.events or self.is_over):
            self.news.clear()
            await self.news.wait()
        if not self.events:
            await self.task
        self.is_read = True
        events, self.events = self.events, []
        return sound(events)

    async def whole(self) -> list[bytes]:
        """All events, when the reply is complete.

        Raises:
            Refusal: it cannot be given.
        """
        await asyncio.shield(self.task)
        return sound(self.events)

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


def sound(events: list[bytes]) -> list[bytes]:
    """The events.

    Raises:
        Refusal: one of them says that there is no answer; llama.cpp's words stay.
    """
    for event in events:
        if event.startswith(ERROR):
            error = json.loads(event)["error"]
            code = "context_length_exceeded" if error.get("type") == TOO_LONG else None
            status = int(error.get("code", 500))
            raise Refusal(status, str(error["message"]), code=code, nested=json.dumps({"error": error}))
    return events
