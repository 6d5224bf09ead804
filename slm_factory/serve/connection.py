"""Connections of slow clients: one that does not send its request or read its answer is closed."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

TIMEOUT = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class PatientProtocol(HttpToolsProtocol):
    """HTTP/1.1 with an end to patience; uvicorn itself waits for ever, and a few clients could hold all."""

    read_seconds = 30.0  # for a whole request, from its first byte (or from the connection)
    write_seconds = 30.0  # for the client to take what is ready for it

    reading: asyncio.TimerHandle | None = None
    writing: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.reading = self.loop.call_later(self.read_seconds, self.give_up_reading)

    def on_message_begin(self) -> None:
        self.stop(self.reading)
        self.reading = self.loop.call_later(self.read_seconds, self.give_up_reading)
        super().on_message_begin()

    def on_message_complete(self) -> None:
        self.stop(self.reading)
        super().on_message_complete()

    def pause_writing(self) -> None:
        self.writing = self.loop.call_later(self.write_seconds, self.transport.abort)
        super().pause_writing()

    def resume_writing(self) -> None:
        self.stop(self.writing)
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self.stop(self.reading)
        self.stop(self.writing)
        super().connection_lost(exc)

    def give_up_reading(self) -> None:
        """Says 408 where nothing has been said yet, and hangs up."""
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(TIMEOUT)
        self.transport.close()

    @staticmethod
    def stop(timer: Any) -> None:
        """Stops a timer if it runs."""
        if timer is not None:
            timer.cancel()
