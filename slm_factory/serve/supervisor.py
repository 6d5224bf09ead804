"""The server's side of a worker: asks it, sees it die, starts another."""

import asyncio
import itertools
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from slm_factory.core.errors import UserError
from slm_factory.language import _
from slm_factory.serve.channel import Frames, Kind, pack
from slm_factory.serve.metrics import Metrics
from slm_factory.serve.refusal import Refusal

PATIENCE = 30.0  # seconds that a request waits for a new worker
SOUND = 10.0  # seconds after which a worker has proved itself: the next one starts at once
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds; they double while workers die young

Take = Callable[[bytes], bool]  # gets an event; True stops the answer

logger = logging.getLogger(__name__)


class WorkerDied(Exception):
    """The process that was answering is gone."""


class Worker(asyncio.Protocol):
    """A process that holds a model. It answers as many requests at once as it has slots."""

    def __init__(self, process: subprocess.Popen[bytes], channel: socket.socket) -> None:
        self.process = process
        self.channel = channel
        self.started = time.monotonic()
        self.numbers = itertools.count(1)
        self.replies: dict[int, tuple[Take, asyncio.Future[None]]] = {}
        self.frames = Frames()
        self.transport: Any = None
        self.ended = asyncio.Event()

    @classmethod
    def start(cls, options: dict[str, Any]) -> "Worker":
        """A worker with its model loaded, which takes seconds; `options` are Llama's.

        Raises:
            UserError: llama.cpp is not installed, cannot load the file, or dies of it.
        """
        channel, other = socket.socketpair()
        with other:
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
            command = [sys.executable, "-P", "-m", "slm_factory.serve.worker", json.dumps(options)]
            # In a group of its own: Ctrl-C in a terminal is the server's alone.
            process = subprocess.Popen(command, stdin=other.fileno(), env=environment, process_group=0)
        worker = cls(process, channel)
        try:
            kind, content = worker.first_frame()
        except BaseException:  # Ctrl-C while it loads
            worker.close()
            raise
        if kind == Kind.READY:
            return worker
        worker.close()
        if kind == Kind.FAILED:
            raise UserError(*json.loads(content))
        raise UserError(
            f"error: llama.cpp ended ({fate(process.returncode)}) while it loaded {options['file']}",
            "hint: is there memory for it? --parallel 1 takes less; dvc checkout brings the file anew",
        )

    def first_frame(self) -> tuple[int | None, bytes]:
        """What the worker says first, (None, b"") if it dies before; waits for it."""
        with suppress(ConnectionResetError):
            while part := self.channel.recv(2**16):
                for frame in self.frames.read(part):
                    return frame[1:]
        return None, b""

    async def connect(self) -> None:
        """From now on the running event loop hears the worker."""
        await asyncio.get_running_loop().create_unix_connection(lambda: self, sock=self.channel)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        for number, kind, content in self.frames.read(data):
            take, done = self.replies[number]
            if kind == Kind.END:
                del self.replies[number]
                if not done.done():
                    done.set_result(None)
            elif take(content):
                self.replies[number] = ignored, done
                self.transport.write(pack(number, Kind.STOP))

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set()  # first: the supervisor is to know it before the requests do
        replies, self.replies = self.replies, {}
        for done in (reply[1] for reply in replies.values()):
            if not done.done():
                done.set_exception(WorkerDied)

    async def answer(self, request: bytes, take: Take, *, is_chat: bool) -> None:
        """Gives `take` each event of the reply to `request`; returns after the last.

        Raises:
            WorkerDied: before the last.
        """
        if self.ended.is_set():
            raise WorkerDied
        number = next(self.numbers)
        done = asyncio.get_running_loop().create_future()
        self.replies[number] = take, done
        self.transport.write(pack(number, Kind.CHAT if is_chat else Kind.PROMPT, request))
        await done

    def close(self) -> None:
        """Ends the process. It holds nothing but memory, so nothing is lost when it is killed."""
        self.process.kill()
        self.process.wait()


class Supervisor:
    """Keeps a worker alive for one model; `name` is the model's in the metrics.

    Raises:
        UserError: the first one cannot be started.
    """

    def __init__(self, options: dict[str, Any], name: str, metrics: Metrics) -> None:
        self.options = options
        self.file = Path(options["file"])
        self.changed = self.file.stat().st_mtime_ns if self.file.is_file() else 0
        self.restarts = metrics.restarts.labels(name)
        self.worker = Worker.start(options)
        self.ready = asyncio.Event()
        self.is_closed = False
        self.pause = 0.0

    @property
    def is_ready(self) -> bool:
        """Whether a worker is there to be asked."""
        return self.ready.is_set()

    async def keep(self) -> None:
        """Connects the worker, and another one whenever it has died, until closed."""
        while not self.is_closed:
            await self.worker.connect()
            self.ready.set()
            await self.worker.ended.wait()
            self.ready.clear()
            code = await asyncio.to_thread(self.worker.process.wait)
            if not self.is_closed:
                logger.error(
                    _("the model's process ended ({fate}); another one starts").format(fate=fate(code))
                )
                self.restarts.inc()
                await self.replace()

    async def replace(self) -> None:
        """Starts workers until one has loaded the model: the first at once, unless the last died young."""
        is_sound = time.monotonic() - self.worker.started > SOUND
        self.pause = 0.0 if is_sound or not self.pause else self.pause
        while not self.is_closed:
            await asyncio.sleep(self.pause)
            self.pause = min(LONGEST_PAUSE, 2 * self.pause or FIRST_PAUSE)
            try:
                self.worker = await asyncio.to_thread(self.start)
                break
            except UserError as error:
                again = _("{problem}; again in {seconds:.1f} s")
                logger.error(again.format(problem=error.problem, seconds=self.pause))
        if self.is_closed:
            self.worker.close()

    def start(self) -> Worker:
        """A worker with the model that was served before.

        Raises:
            UserError: it cannot be started, or the file is another one by now: nobody has promoted that.
        """
        if self.file.is_file() and self.file.stat().st_mtime_ns != self.changed:
            raise UserError(
                f"error: {self.file} has changed since it was loaded",
                "hint: stop and start slm-factory serve",
            )
        return Worker.start(self.options)

    async def answer(self, request: bytes, take: Take, *, is_chat: bool) -> None:
        """As the worker's, once there is one.

        Raises:
            WorkerDied: before the last event.
            Refusal: 503, there is none and none comes.
        """
        try:
            async with asyncio.timeout(PATIENCE):
                await self.ready.wait()
        except TimeoutError as error:
            reason = "the model is being started again"
            raise Refusal(503, reason, retry_after=int(PATIENCE), code="overloaded") from error
        await self.worker.answer(request, take, is_chat=is_chat)

    def close(self) -> None:
        """Ends the worker for good."""
        self.is_closed = True
        self.worker.close()


def ignored(event: bytes) -> bool:
    """Takes an event that nobody wants; that was said already."""
    return False


def fate(code: int) -> str:
    """How a process ended: a signal's name, or its code."""
    return signal.Signals(-code).name if code < 0 else f"code {code}"
