"""Who may begin: so many answers at a time, a queue of bounded length, and no client alone in it."""

import asyncio
import math
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from slm_factory.serve.metrics import Metrics
from slm_factory.serve.refusal import Refusal

SMOOTHING = 0.1  # weight of the newest answer in the mean of seconds


class Admission:
    """Places for `slots` requests at a time, first come, first served; belongs to the event loop's thread."""

    def __init__(self, slots: int, max_waiting: int, per_client: int, metrics: Metrics) -> None:
        self.slots = slots
        self.max_waiting = max_waiting
        self.per_client = per_client
        self.metrics = metrics
        self.free = asyncio.Semaphore(slots)
        self.clients: Counter[str] = Counter()  # requests of each, running or waiting
        self.running = 0
        self.waiting = 0
        self.mean_seconds = 1.0  # of an answer, smoothed
        metrics.watch(self)

    @asynccontextmanager
    async def place(self, client: str) -> AsyncIterator[None]:
        """Waits for a place and holds it.

        Raises:
            Refusal: 429, this client has enough in hand; 503, the queue is full.
        """
        if self.clients[client] >= self.per_client:
            self.metrics.refused.labels("client").inc()
            reason = f"{self.per_client} of your requests are in hand already"
            raise Refusal(429, reason, retry_after=self.retry_after(), code="rate_limit_exceeded")
        if self.free.locked() and self.waiting >= self.max_waiting:
            self.metrics.refused.labels("queue").inc()
            raise Refusal(503, "the queue is full", retry_after=self.retry_after(), code="overloaded")
        self.clients[client] += 1
        try:
            await self.wait()
            began = time.monotonic()
            self.running += 1
            try:
                yield
            finally:
                self.running -= 1
                self.mean_seconds += SMOOTHING * (time.monotonic() - began - self.mean_seconds)
                self.free.release()
        finally:
            self.clients[client] -= 1
            if not self.clients[client]:
                del self.clients[client]

    async def wait(self) -> None:
        """Takes a place, in the order of arrival."""
        self.waiting += 1
        try:
            await self.free.acquire()
        finally:
            self.waiting -= 1

    def retry_after(self) -> int:
        """Seconds until the queue of now has been worked off, at least 1."""
        return max(1, math.ceil((self.waiting + 1) / self.slots * self.mean_seconds))
