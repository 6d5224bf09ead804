"""A GGUF model served by llama.cpp inside this process."""

import os
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from slm_factory.core.errors import UserError, missing_extra
from slm_factory.core.files import missing_input
from slm_factory.core.progress import track

Message = dict[str, str]  # role, content
Chunk = dict[str, Any]  # one event of a streamed reply, in OpenAI form


class Llama:
    """A loaded GGUF that answers conversations, `slots` of them at a time; use as a context manager.

    `context_tokens` is the room of each conversation, `name` what replies call the model. llama.cpp's server
    opens a port too; it is bound to 127.0.0.1 and takes a key that only this object knows.

    Raises:
        UserError: the package is not installed, or the file is missing or cannot be loaded.
    """

    def __init__(self, file: Path, *, context_tokens: int, slots: int = 1, name: str = "") -> None:
        try:
            import xllamacpp
        except ImportError as error:
            raise missing_extra("xllamacpp", "serve") from error
        if not file.is_file():
            raise missing_input(file)
        self.api_key = secrets.token_hex(16)
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(file)
        if name:
            parameters.model_alias = {name}
        parameters.n_ctx = context_tokens * slots  # llama.cpp deals it out evenly
        parameters.n_parallel = slots
        parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = threads_for(file)
        parameters.hostnames = ["127.0.0.1"]
        parameters.api_keys = [self.api_key]
        parameters.cors_origins = ""
        parameters.ui = False
        parameters.verbosity = 0
        parameters.prefill_assistant = False  # a turn that is there has ended; Ollama's templates say so too
        # The answer is the text as the model wrote it; llama.cpp would take `<think>` parts out of it.
        parameters.reasoning_format = xllamacpp.common_reasoning_format.COMMON_REASONING_FORMAT_NONE
        try:
            self.server = xllamacpp.Server(parameters)
        except RuntimeError as error:
            raise UserError(
                f"error: llama.cpp cannot load {file}: {error}",
                "hint: dvc checkout models/gguf, or dvc repro -f quantize makes it anew",
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stops llama.cpp's threads and frees the model."""
        del self.server

    def answer(self, messages: list[Message], max_tokens: int) -> str:
        """The greedy answer to one conversation, at most `max_tokens` long.

        Raises:
            UserError: the conversation does not fit the context.
        """
        return str(self.complete(messages, max_tokens)["choices"][0]["message"]["content"]).strip()

    def answer_all(self, conversations: Sequence[list[Message]], max_tokens: int) -> list[str]:
        """The answers to many conversations, in their order.

        One after the other: on a CPU batching gains a small model nothing (measured), and alone in its batch
        each question gets the very answer it gets when served.
        """
        return [self.answer(messages, max_tokens) for messages in track(conversations, "llama.cpp")]

    def complete(self, messages: list[Message], max_tokens: int) -> dict[str, Any]:
        """llama.cpp's whole reply (OpenAI form, with `usage` and `timings`) to one conversation.

        Raises:
            UserError: the conversation does not fit the context.
        """
        reply = self.server.handle_chat_completions(
            {"messages": messages, "max_tokens": max_tokens, "temperature": 0.0}
        )
        if "choices" not in reply:
            raise UserError(
                f"error: llama.cpp refused the question: {reply.get('message', reply)}",
                "hint: ask a shorter question, or raise quantize.context_tokens",
            )
        return dict(reply)

    def stream(self, request: dict[str, Any], take: Callable[[Chunk], bool]) -> None:
        """Gives `take` each event of the reply to a chat completion request, until it returns True.

        A reply that cannot be given is one event with the key `error`. The interpreter's lock is free
        meanwhile: other threads may call this too.

        Raises:
            ValueError: llama.cpp can make no grammar of the request's JSON Schema.
        """
        self.server.handle_chat_completions(
            {**request, "stream": True, "stream_options": {"include_usage": True}}, take
        )

    def stream_bytes(self, request: bytes, take: Callable[[bytes], bool], *, is_chat: bool = True) -> None:
        """As `stream`, for a request and events that are JSON already: a server only passes them on.

        Without `is_chat` the request is a completion: its prompt is read as it stands, marks and all.

        Raises:
            RuntimeError, ValueError: llama.cpp cannot read the request.
        """
        handle = self.server.handle_chat_completions if is_chat else self.server.handle_completions
        handle(request, take)


def threads_for(file: Path) -> int:
    """Threads to compute with: one for a small model, else one for each processor it may use.

    llama.cpp's threads wait for each other by spinning, hundreds of times per token. Beside one other
    process, two threads took 35 s for what one does in 0.02 s with a model of 0.1 MB.
    """
    if file.stat().st_size < 256 * 2**20:
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
