"""A chat client for a GGUF file, run by llama.cpp inside this process: no server to start."""

import asyncio
import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from slm_factory.core.errors import UserError
from slm_factory.core.store import Store
from slm_factory.engine.llama import Chunk, Llama
from slm_factory.teachers.chat import Disturbed, Message, Reply, plain_messages, without_thoughts
from slm_factory.teachers.servers import UNREADABLE, Server, words_of
from slm_factory.teachers.teacher import TeacherFailure, TeacherSettings

MAX_SLOTS = 8  # chats at a time; each takes memory for a whole context


class GgufClient:
    """Answers chats with the model in a file, with the options of the `teacher` section.

    Requests know the model by the hash of its bytes, so a file may be moved and never be mixed up. It is
    loaded by the first chat: a run whose answers are all remembered needs no memory for it.

    Raises:
        UserError: there is no such file.
    """

    is_remote = False

    def __init__(self, settings: TeacherSettings) -> None:
        self.file = Path(settings.model).expanduser()
        if not self.file.is_file():
            raise UserError(
                f"error: teacher.model: there is no file {settings.model}",
                "hint: give the path of a GGUF file in params.yaml; hf download fetches one from a hub",
            )
        self.name = f"gguf/{self.file.stem}"
        self.model = content_hash(self.file)
        self.options: dict[str, Any] = {
            "temperature": settings.temperature,
            "max_tokens": settings.max_tokens,
            "seed": settings.seed,
            "thinking": settings.thinking,
        }
        self.context_tokens = settings.context_tokens
        self.max_tokens = settings.max_tokens
        self.slots = min(settings.concurrency, MAX_SLOTS)
        self.threads = ThreadPoolExecutor(self.slots, thread_name_prefix="gguf")
        self.loading = threading.Lock()
        self.llama: Llama | None = None

    async def chat(self, messages: list[Message], schema: dict[str, Any] | None) -> Reply:
        """See `ChatClient.chat`. A chat that is given up stops at its next token and frees its slot."""
        given_up = threading.Event()
        request = self.request(messages, schema)
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self.threads, self.complete, request, given_up)
        finally:
            given_up.set()

    def request(self, messages: list[Message], schema: dict[str, Any] | None) -> dict[str, Any]:
        """The chat completion request; llama.cpp makes a grammar of the schema."""
        form = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
        return {
            "messages": plain_messages(messages),
            "max_tokens": self.max_tokens,
            "temperature": self.options["temperature"],
            "seed": self.options["seed"],
            "chat_template_kwargs": {"enable_thinking": self.options["thinking"]},
            **({"response_format": form} if schema is not None else {}),
        }

    def complete(self, request: dict[str, Any], given_up: threading.Event) -> Reply:
        """The reply to a request, computed in the thread that calls.

        Raises:
            TeacherFailure: the chat does not fit the context, or llama.cpp can make no grammar of the schema.
            UserError: the model cannot be loaded.
        """
        chunks = self.stream(request, given_up)
        if UNREADABLE.search(str(chunks[-1:])):
            chunks = self.stream({**request, "response_format": {"type": "text"}}, given_up)
        return self.read(chunks)

    def stream(self, request: dict[str, Any], given_up: threading.Event) -> list[Chunk]:
        """The events of the reply, up to where it is given up."""
        chunks: list[Chunk] = []

        def take(chunk: Chunk) -> bool:
            chunks.append(chunk)
            return given_up.is_set()

        if not given_up.is_set():
            try:
                self.load().stream(request, take)
            except ValueError as error:
                raise TeacherFailure(f"llama.cpp refuses the request: {words_of(str(error))}") from None
        return chunks

    def read(self, chunks: list[Chunk]) -> Reply:
        """The events of a streamed reply, joined.

        Raises:
            Disturbed, TeacherFailure: the last of them is an error.
        """
        error = next((chunk["error"] for chunk in chunks if "error" in chunk), None)
        if error:
            raise Server(self.name, "teacher.model", "", "").failure(int(error["code"]), error, {})
        choices = [choice for chunk in chunks for choice in chunk.get("choices", ())]
        usage = next((chunk["usage"] for chunk in chunks if "usage" in chunk), None)
        if not choices or usage is None:
            raise Disturbed("llama.cpp broke off")
        text = "".join(choice["delta"].get("content") or "" for choice in choices)
        return {
            "text": without_thoughts(text),
            "usage": {name: usage[name] for name in ("prompt_tokens", "completion_tokens")},  # type: ignore[typeddict-item]
            "finish_reason": choices[-1]["finish_reason"] or "",
        }

    def load(self) -> Llama:
        """The loaded model; the threads that ask first wait for one of them to load it."""
        with self.loading:
            if self.llama is None:
                self.llama = Llama(self.file, context_tokens=self.context_tokens, slots=self.slots)
            return self.llama

    async def close(self) -> None:
        """Frees the model, once the threads that use it have stopped."""
        await asyncio.to_thread(self.threads.shutdown, cancel_futures=True)
        self.threads = ThreadPoolExecutor(self.slots, thread_name_prefix="gguf")
        if self.llama is not None:
            self.llama.close()
            self.llama = None


def content_hash(file: Path) -> str:
    """The SHA-256 of a file's bytes, remembered in the store by its place, size and time of change.

    A model of 5 GB takes some seconds to read; each of the four stages that ask a teacher would read it.
    """
    stat = file.stat()
    seen = {"gguf": str(file.absolute()), "bytes": stat.st_size, "changed": stat.st_mtime_ns}
    with Store() as store:
        known = store.get(seen)
        if known is None:
            with file.open("rb") as opened:
                known = hashlib.file_digest(opened, "sha256").hexdigest()
            store.put("gguf", seen, known)
    return str(known)
