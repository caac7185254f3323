"""Promise 71: a wrong clock, ours or the sender's, changes neither order nor who may send when."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from hub.campaigns import approving
from hub.departure import Pace
from hub.plumbing.hub import Hub
from tests.campaigns.preparing import customers, draft, prepared, worked
from tests.deliveries.road import answer, answers, connect, states, without_undo_window
from tests.fakes.faulty_smtp import FaultySmtp
from tests.mails import mail
from tests.process import ROOT, environ
from tests.promises.arriving import arriving, message
from tests.waiting import until
from tests.world import World

PACE = Pace(sweep=0.1, send=5.0, margin=1.0, gaps=(0.5, 1.0))
# A worker whose machine is a day off: everything in it that asks for the time of day is told wrong.
SKEWED = """
import asyncio, sys, time
from datetime import timedelta
from hub.plumbing import clock
right, real = clock.now, time.time
clock.now = lambda: right() + timedelta(days=int(sys.argv[1]))
time.time = lambda: real() + 86400 * int(sys.argv[1])
from tests.process import main
asyncio.run(main("worker", sys.argv[2]))
"""


@pytest.mark.parametrize("days", [1, -1])
async def test_promise_71_clock_skew(hub: Hub, world: World, days: int) -> None:
    """A worker a day off beside one that is right: each answer leaves once, none before its time."""
    await without_undo_window(hub, world)
    due = await answers(hub, world, 20)
    tomorrow = await answer(hub, world, send_at=datetime.now(UTC) + timedelta(hours=20))
    undone = tomorrow.deliveries[0].id
    with FaultySmtp() as server:
        await connect(hub, world.mail.id, server)
        with skewed_worker(hub, days), skewed_worker(hub, 0):
            await until(lambda: all_sent(hub, due), 60)
            await asyncio.sleep(1)
        assert (await states(hub))[undone] in ("held", "queued")
        assert sorted(server.copies().values()) == [1] * 20


async def test_a_campaign_comes_at_its_hour_whatever_clock_a_worker_has(hub: Hub, world: World) -> None:
    """Two workers, a day ahead and a day behind, start it and send: who is due now gets one, once.

    Who is due tomorrow waits. What clocks do at night when they are changed: tests/campaigns/test_local_time.py.
    """
    async with hub.transaction() as tx:
        await customers(tx, 10)
        made = await draft(tx, world)
    await prepared(hub, made.id, world)
    async with hub.transaction() as tx:
        await approving.approve(tx, made.id, total=10, agent_id=world.lola)
    await worked(hub, made.id)
    await hub.pool.execute("UPDATE recipient SET due_at = now() + interval '20 hours' WHERE id % 2 = 0")
    with FaultySmtp() as server:
        await connect(hub, world.mail.id, server)
        with skewed_worker(hub, 1), skewed_worker(hub, -1):
            await until(lambda: all_in(hub, "sent", 5), 60)
            await asyncio.sleep(0.5)
        assert sorted(server.copies().values()) == [1] * 5
    assert await hub.pool.fetchval("SELECT state FROM campaign") == "running"
    planned = await hub.pool.fetchval(
        "SELECT count(*) FROM recipient WHERE state = 'ready' AND due_at > now()"
    )
    assert planned == 5


async def all_in(hub: Hub, wanted: str, number: int) -> bool:
    return bool(
        await hub.pool.fetchval("SELECT count(*) = $2 FROM delivery WHERE state = $1", wanted, number)
    )


async def test_a_skewed_worker_takes_nothing_from_the_living(hub: Hub, world: World) -> None:
    """A lease that by our clock was over yesterday still holds by the database's; and one truly over comes back."""
    await without_undo_window(hub, world)
    held, over = await answers(hub, world, 2)
    lease = "UPDATE delivery SET state = 'claimed', worker = 'w', attempt = 1, lease_until = now() + $2 WHERE id = $1"
    await hub.pool.execute(lease, held, timedelta(minutes=5))
    await hub.pool.execute(lease, over, timedelta(seconds=-1))
    with FaultySmtp() as server:
        await connect(hub, world.mail.id, server)
        with skewed_worker(hub, 1), skewed_worker(hub, -1):
            await until(lambda: all_sent(hub, [over]), 60)
            await asyncio.sleep(0.5)
        assert (await states(hub))[held] == "claimed"
        assert len(server.copies()) == 1


@pytest.mark.parametrize(
    "claimed", ["Fri, 01 Jan 2199 00:00:00 +0000", "Thu, 01 Jan 1970 00:00:00 +0000", "soon"]
)
async def test_what_a_mail_says_of_its_time_orders_nothing(hub: Hub, world: World, claimed: str) -> None:
    """Dates from 2199 and 1970: the thread and the inbox stand in the order of arrival; the claim is kept."""
    async with arriving(hub, world.mail) as arrive:
        first = await arrive(dated(claimed, "<odd@acme.test>"))
        second = await arrive(mail("Marta <marta@acme.test>", in_reply_to="<odd@acme.test>"))
        other = await arrive(mail("Jorge <jorge@gmail.com>", "Otro asunto"))
    assert second.conversation_id == first.conversation_id
    odd, later = await message(hub, first), await message(hub, second)
    assert (odd["seq"], later["seq"]) == (1, 2)
    assert abs(odd["created_at"] - datetime.now(UTC)) < timedelta(minutes=1)
    newest = await hub.pool.fetchval("SELECT id FROM conversation ORDER BY last_message_at DESC LIMIT 1")
    assert newest == other.conversation_id
    waiting = await hub.pool.fetchval("SELECT max(waiting_since) FROM conversation")
    assert waiting <= datetime.now(UTC)


def dated(date: str, message_id: str) -> bytes:
    """Marta's mail with this Date header."""
    raw = mail("Marta <marta@acme.test>", message_id=message_id)
    return raw.replace(b"Sat, 21 Nov 2026 10:00:00 +0100", date.encode())


async def all_sent(hub: Hub, ids: list[int]) -> bool:
    now = await states(hub)
    return all(now[id_] == "sent" for id_ in ids)


@contextmanager
def skewed_worker(hub: Hub, days: int) -> Iterator[None]:
    """A worker process whose clock is `days` off."""
    argv = [sys.executable, "-c", SKEWED, str(days), msgspec.json.encode(PACE).decode()]
    with (hub.settings.data / f"worker{days}.log").open("ab") as log:
        process = subprocess.Popen(
            argv, cwd=ROOT, env=environ(hub.settings), stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        yield
    finally:
        process.kill()
        process.wait(10)
