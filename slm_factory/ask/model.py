"""A model that is asked one conversation at a time, and what each answer took."""

import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing
from dataclasses import asdict, dataclass
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self

from slm_factory.core.errors import UserError
from slm_factory.engine.llama import Chunk, Llama, Message
from slm_factory.serve.conversation import conversation
from slm_factory.serve.source import Source

TOO_LONG = "exceed_context_size_error"  # as llama.cpp names it


class TooLongError(UserError):
    """The conversation does not fit the model's context."""


@dataclass(frozen=True)
class Answer:
    """What a model said, and what it took."""

    model: str
    text: str
    ended: str  # "stop" where the model ended it, "length" where it was cut
    prompt_tokens: int
    tokens: int
    first_seconds: float  # from the question to the first token
    seconds: float  # to the last
    tokens_per_second: float  # while it was written
    memory: int  # bytes that the model holds: weights, context, buffers

    def as_json(self) -> dict[str, Any]:
        """The answer as JSON, seconds to four places."""
        rounded = {
            "first_seconds": round(self.first_seconds, 4),
            "seconds": round(self.seconds, 4),
            "tokens_per_second": round(self.tokens_per_second, 1),
        }
        return asdict(self) | rounded


class Model(AbstractContextManager["Model"]):
    """A loaded model under the `name` that answers show; it answers as its Modelfile says, else greedily.

    Raises:
        UserError: llama.cpp is not installed, or cannot load the file.
    """

    def __init__(self, name: str, source: Source) -> None:
        self.name = name
        self.source = source
        before = held_memory()
        self.llama = Llama(source.file, context_tokens=source.context_tokens, name=name)
        self.memory = max(0, held_memory() - before)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.llama.close()

    def answer(
        self, messages: list[Message], max_tokens: int, show: Callable[[str], object] = lambda text: None
    ) -> Answer:
        """The answer to a conversation that ends with a question; `show` gets each piece of it as it comes.

        Ctrl-C ends llama.cpp's work at its next token and goes on as KeyboardInterrupt.

        Raises:
            TooLongError: the conversation does not fit the context.
            UserError: llama.cpp refuses it for another reason.
        """
        request = {"temperature": 0.0, **self.source.parameters, "max_tokens": max_tokens}
        request["messages"] = conversation(messages, self.source.system)
        pieces: list[str] = []
        ended, last, started, first = "stop", Chunk(), time.monotonic(), 0.0
        with closing(events(self.llama, request)) as replies:
            for last in replies:
                require_answer(last)
                for choice in last["choices"]:
                    ended = choice["finish_reason"] or ended
                    if piece := choice["delta"].get("content"):
                        first = first or time.monotonic() - started
                        pieces.append(piece)
                        show(piece)
        seconds = time.monotonic() - started
        usage, timings = last["usage"], last["timings"]
        return Answer(
            model=self.name,
            text="".join(pieces).strip(),
            ended=ended,
            prompt_tokens=usage["prompt_tokens"],
            tokens=usage["completion_tokens"],
            first_seconds=first or seconds,
            seconds=seconds,
            tokens_per_second=timings["predicted_per_second"],
            memory=self.memory,
        )


def events(llama: Llama, request: dict[str, Any]) -> Generator[Chunk, None, None]:
    """What llama.cpp sends in reply to a chat completion request, as it comes; closing it ends the reply.

    llama.cpp works in a thread of its own: only the main thread gets Ctrl-C, and an exception in a function
    that llama.cpp calls would be lost.
    """
    queue: SimpleQueue[Chunk | None] = SimpleQueue()
    is_enough = threading.Event()

    def take(event: Chunk) -> bool:
        queue.put(event)
        return is_enough.is_set()

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(llama.stream, request, take)
        done.add_done_callback(lambda _: queue.put(None))
        try:
            yield from iter(queue.get, None)
        finally:
            is_enough.set()
    done.result()


def require_answer(event: Chunk) -> None:
    """Returns unless the event is a refusal.

    Raises:
        TooLongError: the conversation does not fit the context.
        UserError: another refusal.
    """
    error = event.get("error")
    if error is None:
        return
    kind = TooLongError if error.get("type") == TOO_LONG else UserError
    raise kind(
        f"error: llama.cpp refused the question: {error.get('message', error)}",
        "hint: ask a shorter question, or raise quantize.context_tokens",
    )


def held_memory() -> int:
    """Bytes of memory that this process holds."""
    import psutil

    return int(psutil.Process().memory_info().rss)
