"""The response to a question: as it comes or in one piece, stopped when the client leaves."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Protocol

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from slm_factory.serve.generation import Asked, Engine, Generation, generating
from slm_factory.serve.metrics import Metrics
from slm_factory.serve.refusal import Refusal


class Form(Protocol):
    """How a reply is worded: in Ollama's way or OpenAI's."""

    streamed_type: str  # content types
    whole_type: str

    def lines(self, events: list[bytes], generation: Generation) -> bytes:
        """What is sent for a batch of events, b"" for nothing."""

    def end(self) -> bytes:
        """What is sent after the last event."""

    def whole(self, events: list[bytes], generation: Generation) -> bytes:
        """The reply in one piece."""

    def failure(self, refusal: Refusal) -> bytes:
        """What is sent where it breaks off."""


class Reply(Response):
    """The answer to what is asked, in a form.

    Raises:
        Refusal: there is no such model; all else is known when it is called.
    """

    def __init__(self, engine: Engine, asked: Asked, form: Form, *, streams: bool) -> None:
        super().__init__()
        engine.shelf.find(asked.model)
        self.engine, self.asked, self.form, self.streams = engine, asked, form, streams
        self.is_done = False  # all but the last bytes has been sent

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers.

        Raises:
            Refusal: before the first byte is sent.
        """
        async with (
            until_gone(receive, lambda: self.is_done, self.engine.metrics),
            generating(self.engine, self.asked) as generation,
        ):
            await (self.stream if self.streams else self.send_whole)(generation, send)

    async def send_whole(self, generation: Generation, send: Send) -> None:
        """Sends the reply in one piece."""
        events = await generation.whole()
        self.count(generation, events[-1])
        body = self.form.whole(events, generation)
        self.is_done = True
        await send(start(self.form.whole_type, ("content-length", str(len(body)))))
        await send({"type": "http.response.body", "body": body})

    async def stream(self, generation: Generation, send: Send) -> None:
        """Sends the reply as it comes. What goes wrong after the first byte is one more line."""
        is_started, event = False, b"{}"
        try:
            while batch := await generation.batch():
                event = batch[-1]
                if not is_started:
                    is_started = True
                    await send(start(self.form.streamed_type, ("x-accel-buffering", "no")))
                if lines := self.form.lines(batch, generation):
                    await send({"type": "http.response.body", "body": lines, "more_body": True})
            self.count(generation, event)
            last = self.form.end()
        except Refusal as refusal:
            if not is_started:
                raise
            last = self.form.failure(refusal)
        self.is_done = True
        await send({"type": "http.response.body", "body": last})

    def count(self, generation: Generation, last: bytes) -> None:
        """Counts a complete reply by its last event, which has the tokens."""
        metrics, usage = self.engine.metrics, json.loads(last).get("usage", {})
        metrics.first_token.observe(generation.first - generation.arrived)
        metrics.prompt_tokens.inc(usage.get("prompt_tokens", 0))
        metrics.answer_tokens.inc(usage.get("completion_tokens", 0))
        metrics.answers.observe(time.monotonic() - generation.arrived)


def start(content_type: str, *more: tuple[str, str]) -> dict[str, Any]:
    """The message that begins a response; `more` are headers (proxies are told not to hold a stream back)."""
    headers = (("content-type", content_type), ("cache-control", "no-store"), *more)
    return {
        "type": "http.response.start",
        "status": 200,
        "headers": [(name.encode(), value.encode()) for name, value in headers],
    }


@asynccontextmanager
async def until_gone(receive: Receive, is_done: Callable[[], bool], metrics: Metrics) -> AsyncIterator[None]:
    """Ends the block when the client leaves, quietly: nobody is there to be told."""
    task = asyncio.current_task()
    assert task is not None
    is_gone = False

    async def watch() -> None:
        nonlocal is_gone
        while (await receive())["type"] != "http.disconnect":
            pass
        if not is_done():
            is_gone = True
            metrics.abandoned.inc()
            task.cancel()

    watcher = asyncio.create_task(watch())
    try:
        yield
    except asyncio.CancelledError:
        if not is_gone:
            raise
        task.uncancel()
    finally:
        watcher.cancel()
