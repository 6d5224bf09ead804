"""The process that holds a model, so that a crash of llama.cpp ends no more than itself.

    python -m slm_factory.serve.worker '{"file": "...", "context_tokens": 1024, "slots": 4, "name": "slm"}'

Its standard input is a socket to the server; it lives as long as that.
"""

import json
import os
import signal
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from slm_factory.core.errors import UserError
from slm_factory.engine.llama import Llama
from slm_factory.serve.channel import Frames, Kind, pack

RECEIVED = 2**16  # bytes at a time
INTERVAL = 0.03  # seconds: what comes sooner after the last sending goes with the next
URGENT = 2  # events that begin a reply (the role, the first token), which nothing holds back


class Answers:
    """The answers of `llama`, `slots` at a time, each in a thread; their events go to the server."""

    def __init__(self, llama: Llama, server: socket.socket, slots: int) -> None:
        self.llama = llama
        self.server = server
        self.threads = ThreadPoolExecutor(slots)
        self.sending = threading.Lock()
        self.unsent = bytearray()
        self.sent = 0.0  # when, by the monotonic clock
        self.wanted: set[int] = set()  # requests whose answers somebody waits for

    def serve(self) -> None:
        """Answers until the server is gone."""
        frames = Frames()
        while part := self.server.recv(RECEIVED):
            for number, kind, content in frames.read(part):
                if kind == Kind.STOP:
                    self.wanted.discard(number)
                else:
                    self.wanted.add(number)
                    self.threads.submit(self.answer, number, content, is_chat=kind == Kind.CHAT)

    def answer(self, number: int, request: bytes, *, is_chat: bool) -> None:
        """Has llama.cpp answer one request."""
        events = 0

        def take(event: bytes) -> bool:
            nonlocal events
            events += 1
            self.send(pack(number, Kind.EVENT, event), at_once=events <= URGENT)
            return number not in self.wanted

        try:
            self.llama.stream_bytes(request, take, is_chat=is_chat)
        except (RuntimeError, ValueError) as error:  # what llama.cpp says about requests it cannot read
            take(json.dumps({"error": {"code": 400, "message": str(error)}}).encode())
        self.wanted.discard(number)
        self.send(pack(number, Kind.END), at_once=True)

    def send(self, frame: bytes, *, at_once: bool) -> None:
        """Sends a frame, with those that wait, or has it wait for the next.

        Many conversations advance together. A wake-up of the server for each token of each would cost more
        than the token; all of some milliseconds in one cost little, and nobody reads faster.
        """
        with self.sending:
            self.unsent += frame
            if at_once or time.monotonic() - self.sent > INTERVAL:
                self.server.sendall(self.unsent)
                self.unsent.clear()
                self.sent = time.monotonic()


def main() -> None:
    """Loads the model that the arguments name, and answers."""
    for number in (signal.SIGINT, signal.SIGTERM):  # a terminal or systemd tells all; the server has its plan
        signal.signal(number, signal.SIG_IGN)
    server = socket.socket(fileno=os.dup(0))
    options = json.loads(sys.argv[1])
    try:
        llama = Llama(Path(options.pop("file")), **options)
    except UserError as error:
        server.sendall(pack(0, Kind.FAILED, json.dumps([error.problem, error.hint]).encode()))
        return
    server.sendall(pack(0, Kind.READY))
    try:
        Answers(llama, server, options["slots"]).serve()
    finally:
        os._exit(0)  # threads may be in the middle of answers that nobody reads


if __name__ == "__main__":
    main()
