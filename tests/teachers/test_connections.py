"""Connections by event loop."""

import asyncio

from slm_factory.teachers.connections import Connections


class Pool:
    closed = 0

    async def close(self) -> None:
        self.closed += 1


def test_a_loop_has_one_pool_and_another_loop_another() -> None:
    made: list[Pool] = []

    def make() -> Pool:
        made.append(Pool())
        return made[-1]

    connections = Connections(make)

    async def use() -> bool:
        return connections.open() is connections.open()

    assert asyncio.run(use()) and asyncio.run(use())
    assert len(made) == 2


def test_closing_closes_the_running_loops_pool_and_the_next_use_opens_a_new_one() -> None:
    connections = Connections(Pool)

    async def use() -> tuple[Pool, Pool]:
        first = connections.open()
        await connections.close()
        return first, connections.open()

    first, second = asyncio.run(use())
    assert (first.closed, second.closed) == (1, 0)
    asyncio.run(connections.close())  # of a loop that is gone
    assert second.closed == 0
