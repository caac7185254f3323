"""Whoever waits before the road in is always answered, and what waits is always counted."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest
from structlog.testing import capture_logs

from hub import inbound as road
from hub.channels.base import Raw
from hub.channels.facts import Ignored
from hub.intake import LANES, Inbound
from hub.plumbing import sequences
from hub.plumbing.errors import Unavailable
from hub.plumbing.hub import Hub
from tests.mails import mail
from tests.world import World


@pytest.fixture
async def inbound(hub: Hub):
    inbound = Inbound(hub)
    await inbound.start()
    yield inbound
    await inbound.close()


async def arrive(inbound: Inbound, world: World, number: int = 0):
    return await inbound.receive(world.mail, Raw(body=mail(f"P <p{number}@new.test>")))


async def test_an_error_nobody_foresaw_ends_no_lane(
    hub: Hub, world: World, inbound: Inbound, monkeypatch: pytest.MonkeyPatch
):
    """Not even when the quarantine fails by it: with both lanes gone everybody would wait for ever."""
    with monkeypatch.context() as broken, capture_logs() as told:
        broken.setattr(road, "enter", _broken)
        for number in range(LANES):
            with pytest.raises(Unavailable):
                await asyncio.wait_for(arrive(inbound, world, number), 20)
    assert [one["event"] for one in told] == ["arrival quarantined", "nothing stored"] * LANES
    assert (await arrive(inbound, world)).state == "stored"


@pytest.mark.parametrize("error", [asyncpg.InternalClientError(), TimeoutError()])
async def test_a_driver_that_lost_its_way_says_nothing_of_the_mail_and_is_asked_no_more(
    error: Exception, hub: Hub, world: World, inbound: Inbound, monkeypatch: pytest.MonkeyPatch
):
    async def lost(*_: object) -> None:
        raise error

    with monkeypatch.context() as broken:
        broken.setattr(road, "enter", lost)
        with pytest.raises(Unavailable):
            await arrive(inbound, world)
    assert await hub.pool.fetchval("SELECT count(*) FROM arrival") == 0, "nothing is in the quarantine"
    assert [lane.connection.is_closed() for lane in inbound._lanes if lane.connection] == [True]
    assert (await arrive(inbound, world)).state == "stored"


async def _broken(*_: object) -> None:
    raise RuntimeError("nobody foresaw this")


async def test_each_of_many_who_come_at_once_has_a_number(
    hub: Hub, world: World, inbound: Inbound, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sequences, "BLOCK", 1)
    while inbound.ids.left("arrival"):
        inbound.ids.draw("arrival")
    came = await asyncio.gather(*(arrive(inbound, world, number) for number in range(8)))
    assert len({one.arrival_id for one in came}) == 8


async def test_what_waits_counts_until_it_is_stored_though_its_sender_hung_up(
    hub: Hub, world: World, inbound: Inbound, monkeypatch: pytest.MonkeyPatch
):
    begun, go_on, enter = asyncio.Event(), asyncio.Event(), road.enter

    async def slow(*given: Any) -> Any:
        begun.set()
        await go_on.wait()
        return await enter(*given)

    monkeypatch.setattr(road, "enter", slow)
    raw = Raw(body=b"x" * 300_000)
    sender = asyncio.create_task(inbound.receive(world.mail, raw, [Ignored(key="k", reason="r")]))
    await begun.wait()
    sender.cancel()
    await asyncio.wait([sender])
    assert inbound._bytes == 300_000
    go_on.set()
    async with asyncio.timeout(20):
        while inbound._bytes:
            await asyncio.sleep(0.005)
    assert await hub.pool.fetchval("SELECT count(*) FROM arrival") == 1
