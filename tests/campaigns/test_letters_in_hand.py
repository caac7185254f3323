"""A line that breaks, rests or is changed keeps nobody's letter: what is in hand goes back, what it says is true."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest
from structlog.testing import capture_logs

from hub.bulk.convoy import Convoy
from hub.bulk.flushing import BulkFlusher
from hub.bulk.loading import IN_HAND_SECONDS, Loader
from hub.bulk.one_by_one import OneByOne
from hub.bulk.road import Bulk
from hub.campaigns import making
from hub.channels import connections
from hub.channels.courier import Carrier, Ended, Letter
from hub.channels.email.bulk import SmtpCourier
from hub.channels.errors import Misconfigured, SendError, Throttled
from hub.channels.outgoing import Sent
from hub.departure import Pace
from hub.plumbing.clock import monotonic
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub
from tests.campaigns.sending import QUICK, leaving, running
from tests.campaigns.test_convoy import CHANNEL
from tests.channels.test_smtp_pipelining import letters, line
from tests.deliveries.road import DOMAIN, connect, states
from tests.fakes.faulty_smtp import FaultySmtp
from tests.waiting import until
from tests.world import World


class Told:
    """What a convoy said; each start is granted at once."""

    def __init__(self) -> None:
        self.outcomes: dict[int, Sent | SendError | None] = {}

    def start(self, convoy: Convoy, carrier: Carrier, letter: Letter) -> None:
        asyncio.get_running_loop().call_soon(convoy.started, carrier, letter)

    def end(self, convoy: Convoy, letter: Letter, outcome: Sent | SendError | None) -> None:
        assert letter.id not in self.outcomes, "ended twice"
        self.outcomes[letter.id] = outcome


class OneConnection(SmtpCourier):
    """Of a server that takes no second one of us; `door` holds up who knocks."""

    knocks = 0
    door: asyncio.Event | None = None

    async def connect(self, ended: Ended) -> Carrier:
        self.knocks += 1
        if self.knocks > 1:
            raise Throttled("421 too many connections", code="421")
        if self.door is not None:
            await self.door.wait()
        return await super().connect(ended)


async def carried(server: FaultySmtp, told: Told, count: int) -> Convoy:
    """A convoy that had so many letters and has none in hand any more."""
    convoy = Convoy(CHANNEL, SmtpCourier(line(server)), told.start, told.end)
    convoy.ready.extend(letters(count))
    await convoy.connect(working=True)
    async with asyncio.timeout(20):
        while convoy.load or convoy.ready:
            await asyncio.sleep(0.005)
    convoy.close()
    return convoy


async def test_a_line_that_may_not_send_tries_a_few_and_gives_back_the_rest() -> None:
    told = Told()
    with FaultySmtp("MAIL=550 5.7.60 not as this sender") as server:
        convoy = await carried(server, told, 40)
    tried = [one for one in told.outcomes.values() if one is not None]
    assert 1 <= len(tried) <= 8, "of each connection the one on the wire and the one announced"
    assert all(isinstance(one, Misconfigured) for one in tried)
    assert len(told.outcomes) == 40
    assert not convoy.takes
    assert convoy._rest_seconds == 1.0, "it was one trouble"


async def test_one_that_a_line_takes_nowhere_holds_up_no_others() -> None:
    told = Told()
    with FaultySmtp("RCPT:c9@customers.test=550 relay access denied") as server:
        await carried(server, told, 30)
    assert {id_ for id_, one in told.outcomes.items() if not isinstance(one, Sent)} == {9}
    assert isinstance(told.outcomes[9], Misconfigured)


async def test_a_line_nobody_answers_on_gives_back_what_it_has_at_once() -> None:
    told = Told()
    with FaultySmtp() as server:
        pass
    convoy = Convoy(CHANNEL, SmtpCourier(line(server)), told.start, told.end)
    convoy.ready.extend(letters(5))
    await convoy.connect(working=True)
    assert told.outcomes == dict.fromkeys(range(1, 6))
    assert not convoy.takes


async def test_a_server_that_takes_no_more_of_our_connections_is_not_asked_with_every_letter() -> None:
    told = Told()
    with FaultySmtp() as server:
        courier = OneConnection(line(server))
        convoy = Convoy(CHANNEL, courier, told.start, told.end)
        convoy.ready.extend(letters(20))
        async with asyncio.timeout(20):
            while convoy.load or convoy.ready:
                if not convoy.carriers or convoy.lacks:
                    await convoy.connect(working=True)
                await asyncio.sleep(0.005)
        convoy.close()
    assert len(server.bodies) == 20
    assert courier.knocks == 2


async def test_a_connection_that_was_made_too_late_is_not_kept() -> None:
    told = Told()
    with FaultySmtp() as server:
        courier = OneConnection(line(server))
        courier.door = asyncio.Event()
        convoy = Convoy(CHANNEL, courier, told.start, told.end)
        connecting = asyncio.create_task(convoy.connect(working=True))
        while not courier.knocks:
            await asyncio.sleep(0)
        convoy.leave()
        convoy.close()
        courier.door.set()
        await connecting
        assert convoy.carriers == []
        async with asyncio.timeout(10):
            while server.open_sessions:
                await asyncio.sleep(0.005)


async def test_a_gate_that_closes_does_not_count_against_the_server() -> None:
    told = Told()
    with FaultySmtp() as server:
        convoy = Convoy(CHANNEL, SmtpCourier(line(server)), lambda *_: None, told.end)
        convoy.ready.extend(letters(9))
        await convoy.connect(working=True)
        for carrier in list(convoy.carriers):
            assert carrier.next is not None
            convoy.refused(carrier, carrier.next)
        assert (convoy.carriers, len(convoy.ready)) == ([], 0)
        convoy.look()
        assert convoy.takes
    assert server.bodies == []


async def test_what_is_wrong_with_a_line_is_told_until_something_leaves(hub: Hub, world: World) -> None:
    """It rests longer each time though nothing else is to be done, and a new worker's first letter clears its row."""
    await running(hub, world, 4)
    sick = await hub.pool.fetchval(
        """
        INSERT INTO channel (key, kind, name, address, secrets) SELECT 'sick', kind, name, 'sick@dialogo.test', $2
        FROM channel WHERE id = $1 RETURNING id
        """,
        world.mail.id,
        os.urandom(40),
    )
    async with hub.transaction() as tx:
        await making.make(tx, DOMAIN)
        await tx.execute("UPDATE delivery SET channel_id = $1 WHERE recipient LIKE 'c4@%'", sick)
        await tx.execute("UPDATE delivery SET state = 'canceled' WHERE recipient LIKE 'c3@%'")
    with FaultySmtp("with-AUTH", users={"news": "s3cret"}) as server:
        await connect(hub, world.mail.id, server, smtp_user="news", bulk_connections=1)
        bulk = Bulk(hub, QUICK)
        await _swept(bulk)
        convoy = bulk.convoys[world.mail.id]
        convoy._last -= 60
        await _swept(bulk)
        assert bulk.convoys == {world.mail.id: convoy}, "it has work, and rests"
        del bulk.convoys[world.mail.id]
        await _swept(bulk)
        assert {*await _troubles(hub)} == {world.mail.id, sick}, "nothing left since"
        assert OneByOne(hub)._ours(await _enabled(hub)) == [], (
            "mail leaves in convoys, and nothing breaks here"
        )
        server.users["news"] = ""
        async with leaving(hub):
            await until(lambda: _is(hub, {"sent": 2, "queued": 1, "canceled": 1}))
            await until(lambda: _cleared(hub, world.mail.id))
        assert {*await _troubles(hub)} == {sick}
        await _ends_at_once(hub, world, server)


async def _ends_at_once(hub: Hub, world: World, server: FaultySmtp) -> None:
    """Told to stop while a server lets it wait for its greeting."""
    server.become("blackhole")
    before = server.sessions
    await connect(hub, world.mail.id, server)
    await hub.pool.execute("UPDATE delivery SET state = 'queued', due_at = now() WHERE state = 'canceled'")
    async with leaving(hub) as bulk:
        await until(lambda: server.sessions > before)
    assert bulk._tasks["connect", world.mail.id].cancelled(), "nobody waited for the greeting"
    assert await _is(hub, {"sent": 2, "queued": 2})


async def _swept(bulk: Bulk) -> None:
    await bulk.sweep()
    await asyncio.gather(*bulk._tasks.values())


async def _enabled(hub: Hub) -> list[connections.Channel]:
    async with hub.transaction() as tx:
        return await connections.enabled(tx)


async def _troubles(hub: Hub) -> dict[int, str]:
    return {one.id: one.troubles["out"] for one in await _enabled(hub) if "out" in one.troubles}


async def _cleared(hub: Hub, channel_id: int) -> bool:
    return channel_id not in await _troubles(hub)


async def _is(hub: Hub, wanted: dict[str, int]) -> bool:
    found = [*(await states(hub)).values()]
    return {one: found.count(one) for one in found} == wanted


async def test_what_one_load_meets_spoils_nothing_beside_it(
    hub: Hub, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No token of the line's rate for what is not there; one letter that cannot be composed is alone with it."""
    await running(hub, world, 6)
    with FaultySmtp() as server:
        await connect(hub, world.mail.id, server, per_minute=1000)
        [channel] = [one for one in await _enabled(hub) if one.id == world.mail.id]
        told = Told()
        convoy = Convoy(channel, SmtpCourier(channel.line(hub.crypto)), lambda *_: None, told.end)
        await convoy.connect(working=True)
        flusher = BulkFlusher(hub, "w", Pace())
        loader = Loader(hub, flusher, "w", Pace())
        assert not await loader.load(convoy)
        assert sum(hub.limits._here.values()) == 0
        async with hub.transaction() as tx:
            await making.make(tx, DOMAIN)
            await tx.execute("UPDATE recipient SET text_version = 99 WHERE address LIKE 'c3@%'")
        with capture_logs() as logs:
            await loader.load(convoy)
        assert [one["event"] for one in logs] == ["a campaign's letter could not be composed"]
        assert sum(hub.limits._here.values()) == 6
        assert convoy.load + len(convoy.ready) == 5
        assert [(one.code, one.state) for one in flusher._results] == [("our_side", "queued")]
        assert {one.until > monotonic() + IN_HAND_SECONDS for one in convoy.ready} == {False}
        convoy.leave()
        convoy.close()
    await _written_later(hub, flusher, monkeypatch)


async def _written_later(hub: Hub, flusher: BulkFlusher, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody holds the row of what was refused: it is not left to the sweep, which would call it perhaps sent."""
    usual = hub.retrying

    async def held(verb: Callable[[Tx], Awaitable[Any]]) -> Any:
        raise asyncpg.LockNotAvailableError("canceling statement due to lock timeout")

    monkeypatch.setattr(hub, "retrying", held)
    await flusher._flush()
    assert len(flusher._results) == 1
    monkeypatch.setattr(hub, "retrying", usual)
    await flusher._flush()
    assert flusher._results == []
    row = await hub.pool.fetchrow("SELECT state, code, tries FROM delivery WHERE recipient LIKE 'c3@%'")
    assert tuple(row) == ("queued", "our_side", 1)
    await flusher.close()
