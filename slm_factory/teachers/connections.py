"""The connections of a client, opened in the event loop that uses them: two cannot share a pool."""

import asyncio
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from slm_factory.core.errors import quiet_libraries


class Closable(Protocol):
    """What the chat packages have in common."""

    async def close(self) -> None:
        """Closes every connection."""


Pool = TypeVar("Pool", bound=Closable)


class Connections(Generic[Pool]):
    """The pool of the running event loop; `make` opens one."""

    def __init__(self, make: Callable[[], Pool]) -> None:
        self.make = make
        self.pool: Pool | None = None
        self.loop: asyncio.AbstractEventLoop | None = None

    def open(self) -> Pool:
        """The running loop's pool, opened if there is none; raises what `make` raises."""
        loop = asyncio.get_running_loop()
        if self.pool is None or self.loop is not loop:
            quiet_libraries()
            self.pool, self.loop = self.make(), loop
        return self.pool

    async def close(self) -> None:
        """Closes the pool; one of another loop died with its loop."""
        if self.pool is not None and self.loop is asyncio.get_running_loop():
            await self.pool.close()
        self.pool = None
