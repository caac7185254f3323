"""Promise 11: Redis lost is only delay: flushed, full, away and back during 100 sends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from redis.asyncio import Redis

from config.settings import Settings
from hub.departure import Pace
from hub.plumbing.embedded.children import Child
from hub.plumbing.embedded.valkey import Valkey
from hub.plumbing.hub import Hub
from tests.deliveries.road import answer, connect, matter, until_all, without_undo_window
from tests.fakes.faulty_smtp import FaultySmtp
from tests.process import worker_process
from tests.waiting import until
from tests.world import World

SENDS = 100
PACE = Pace(sweep=0.2, send=5.0, margin=2.0, gaps=(0.5, 1.0))


async def test_promise_11_redis_lost_is_only_delay(settings: Settings, world: World, tmp_path: Path) -> None:
    """Each quarter of the sends meets another loss; the web side stores each answer at once all the same."""
    valkey = Valkey(tmp_path)
    child = Child(await valkey.command())
    await child.start()
    with FaultySmtp() as server:
        async with _hub(settings, valkey.url) as hub:
            await without_undo_window(hub, world)
            await connect(hub, world.mail.id, server)
            with worker_process(hub.settings, PACE) as worker:
                try:
                    await _send(hub, world, valkey, "flushed")
                    await _send(hub, world, valkey, "full")
                    await child.stop()
                    await _send(hub, world, valkey, "away")
                    assert len(await until_all(hub, "sent")) == SENDS // 4 * 3
                    await child.start()
                    await _send(hub, world, valkey, "back")
                    assert len(await until_all(hub, "sent")) == SENDS
                    await until(lambda: _told(hub))
                except AssertionError as error:
                    raise AssertionError(worker.log()[-5000:]) from error
        assert sorted(server.copies().values()) == [1] * SENDS
    await child.stop()


async def _send(hub: Hub, world: World, valkey: Valkey, loss: str) -> None:
    """A quarter of the answers, as a web process gives them."""
    redis = Redis.from_url(valkey.url)
    if loss == "full":
        await redis.config_set("maxmemory", "1")
    for number in range(SENDS // 4):
        async with hub.transaction() as tx:
            id_ = await matter(tx, world)
        await asyncio.wait_for(answer(hub, world, id_), 5)
        if loss == "flushed" and number % 5 == 0:
            await redis.flushall()
    if loss == "full":
        await redis.config_set("maxmemory", "0")
    await redis.aclose()


async def _told(hub: Hub) -> bool:
    """Whether every live notice was published in the end."""
    return not await hub.pool.fetchval("SELECT count(*) FROM todo WHERE kind = 'signal'")


@asynccontextmanager
async def _hub(settings: Settings, redis_url: str) -> AsyncIterator[Hub]:
    hub = await Hub.open(msgspec.structs.replace(settings, redis_url=redis_url), most_connections=6)
    try:
        yield hub
    finally:
        await hub.close()
