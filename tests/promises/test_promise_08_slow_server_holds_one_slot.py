"""Promise 8: a slow server holds its own channel's slots, not all."""

from __future__ import annotations

from hub.channels import connections
from hub.departure import Pace
from hub.plumbing.hub import Hub
from tests.deliveries.road import answers, connect, running, states, without_undo_window
from tests.fakes.faulty_smtp import FaultySmtp
from tests.waiting import until
from tests.world import World

MAILS = 10
SLOTS = 4
HELD = Pace(sweep=0.05, send=600.0, drain=0.1, slots=SLOTS)
"""The road does not end what a bad server holds while the test waits."""


async def test_promise_08_slow_server_holds_one_slot(hub: Hub, world: World) -> None:
    await without_undo_window(hub, world)
    async with hub.transaction() as tx:
        slow = await _line(hub, tx, "slow@dialogo.test")
        dead = await _line(hub, tx, "dead@dialogo.test")
    with FaultySmtp() as good, FaultySmtp("tarpit:300") as tarpit, FaultySmtp("blackhole") as blackhole:
        await connect(hub, world.mail.id, good)
        await connect(hub, slow, tarpit)
        await connect(hub, dead, blackhole)
        await answers(hub, world, 20, channel_id=slow)
        await answers(hub, world, 20, channel_id=dead)
        async with running(hub, HELD):
            await until(lambda: _hold(SLOTS, tarpit, blackhole))
            ids = await answers(hub, world, MAILS, channel_id=world.mail.id)
            await until(lambda: _sent(hub, ids), 25)  # seconds; a bad server keeps what it holds for thirty
        assert len(good.bodies) == MAILS
        assert tarpit.sessions == blackhole.sessions == SLOTS, "they held theirs all the while"


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


async def _hold(slots: int, *servers: FaultySmtp) -> bool:
    return all(one.open_sessions == slots for one in servers)


async def _sent(hub: Hub, ids: list[int]) -> bool:
    now = await states(hub)
    return all(now[id_] == "sent" for id_ in ids)
