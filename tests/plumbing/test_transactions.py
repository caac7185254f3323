"""A transaction ends as its task was told to end, whoever else went away meanwhile."""

from __future__ import annotations

import asyncio

from hub.plumbing.hub import Hub


async def test_who_is_told_to_end_ends_though_nobody_is_left_to_roll_back(hub: Hub) -> None:
    begun = asyncio.Event()

    async def work() -> None:
        async with hub.transaction() as tx:
            await tx.value("SELECT 1")
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                tx.connection.terminate()  # as a server that is killed with us

    task = asyncio.create_task(work())
    await begun.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled(), task.exception()
