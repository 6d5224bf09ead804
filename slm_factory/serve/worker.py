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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from slm_factory.core.errors import UserError
from slm_factory.engine.llama import Llama
from slm_factory.serve.channel import Frames, Kind, pack

RECEIVED = 2**16  # bytes at a time


class Answers:
    """The answers of `llama`, `slots` at a time, each in a thread; their events go to the server."""

    def __init__(self, llama: Llama, server: socket.socket, slots: int) -> None:
        self.llama = llama
        self.server = server
        self.threads = ThreadPoolExecutor(slots)
        self.sending = threading.Lock()
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
        try:
            self.llama.stream_bytes(request, lambda event: self.take(number, event), is_chat=is_chat)
        except (RuntimeError, ValueError) as error:  # what llama.cpp says about requests it cannot read
            self.take(number, json.dumps({"error": {"code": 400, "message": str(error)}}).encode())
        self.wanted.discard(number)
        self.send(pack(number, Kind.END))

    def take(self, number: int, event: bytes) -> bool:
        """Sends an event; True stops the answer."""
        self.send(pack(number, Kind.EVENT, event))
        return number not in self.wanted

    def send(self, frame: bytes) -> None:
        """Sends a frame, whole. To gather those of 30 ms first saved 1.5% of the time: not worth it."""
        with self.sending:
            self.server.sendall(frame)


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
