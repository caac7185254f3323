"""Promise 8: a slow server holds its own channel's slots, not all."""

from __future__ import annotations

import asyncio
import time

from hub.channels import connections
from hub.departure import Pace
from hub.plumbing.hub import Hub
from tests.deliveries.road import answers, connect, running, states, until, without_undo_window
from tests.fakes.faulty_smtp import FaultySmtp
from tests.world import World

MAILS = 10


async def test_promise_08_slow_server_holds_one_slot(hub: Hub, world: World) -> None:
    await without_undo_window(hub, world)
    async with hub.transaction() as tx:
        slow = await _line(hub, tx, "slow@dialogo.test")
        dead = await _line(hub, tx, "dead@dialogo.test")
    with FaultySmtp() as good, FaultySmtp("tarpit:300") as tarpit, FaultySmtp("blackhole") as blackhole:
        await connect(hub, world.mail.id, good)
        await connect(hub, slow, tarpit)
        await connect(hub, dead, blackhole)
        alone = await _seconds_for(hub, await answers(hub, world, MAILS, channel_id=world.mail.id))
        await answers(hub, world, 20, channel_id=slow)
        await answers(hub, world, 20, channel_id=dead)
        async with running(hub, Pace(sweep=0.05, send=30.0, margin=5.0, drain=0.1)):
            await asyncio.sleep(0.5)  # both bad servers now hold all the slots they can get
            beside = await _seconds(hub, await answers(hub, world, MAILS, channel_id=world.mail.id))
        assert len(good.bodies) == 2 * MAILS
        assert tarpit.sessions <= 4
        assert blackhole.sessions <= 4
    assert beside < alone + 15.0, "a bad server keeps what it holds for 30 seconds"


async def _line(hub: Hub, tx: object, address: str) -> int:
    channel = await connections.add(
        tx,  # type: ignore[arg-type]
        hub.crypto,
        kind="email",
        name=address,
        address=address,
        address_type="email",
    )
    return channel.id


async def _seconds_for(hub: Hub, ids: list[int]) -> float:
    async with running(hub):
        return await _seconds(hub, ids)


async def _seconds(hub: Hub, ids: list[int]) -> float:
    begun = time.monotonic()

    async def all_sent() -> bool:
        now = await states(hub)
        return all(now[id_] == "sent" for id_ in ids)

    await until(all_sent)
    return time.monotonic() - begun
