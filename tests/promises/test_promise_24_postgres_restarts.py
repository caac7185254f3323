"""Promise 24: PostgreSQL restarts in the middle; what was asked fails cleanly or is done once, the pool heals."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import time
from pathlib import Path

import asyncpg

from config.settings import Settings
from hub.channels import connections
from hub.channels.base import Raw
from hub.intake import Inbound
from hub.plumbing import embedded
from hub.plumbing.db import Tx, _prepare
from hub.plumbing.embedded import processes
from hub.plumbing.errors import Unavailable
from hub.plumbing.hub import Hub
from hub.plumbing.migrate import migrate
from tests import world
from tests.promises.attached_mail import attached_mail

MAILS = 120
RESTARTS = 3


async def test_promise_24_postgres_restarts() -> None:
    with tempfile.TemporaryDirectory(prefix="hub-") as folder:
        data = Path(folder)
        async with embedded.lent(Settings(data=data, secret=world.SECRET)) as settings:
            hub = await opened(settings)
            inbound = Inbound(hub)
            await inbound.start()
            restarting = asyncio.create_task(restart_again_and_again(data))
            refused = await everything_in(hub, inbound, restarting)
            await hub.pool.fetchval("SELECT 1")
            assert refused, "the restarts hit nothing: the test proves nothing"
            await check_all_is_whole(hub)
            await inbound.close()
            await hub.close()


async def everything_in(hub: Hub, inbound: Inbound, restarting: asyncio.Task[None]) -> int:
    """Hand in every mail until it is taken, and go on with new ones until the restarts are over."""
    async with hub.transaction() as tx:
        channel = (await connections.enabled(tx))[0]
    refused = 0
    for start in range(0, MAILS, 10):
        numbers = range(start, start + 10)
        refused += sum(await asyncio.gather(*(until_taken(inbound, channel, n) for n in numbers)))
        if start == MAILS // 2:
            await restarting  # the first half meets the restarts, the second shows that all is well
    return refused


async def until_taken(inbound: Inbound, channel: connections.Channel, number: int) -> int:
    """As a mail server does: offered again until it is taken. How often it was refused."""
    body = attached_mail(number, b"albaran %d" % number)
    deadline = time.monotonic() + 60
    for refused in range(1000):
        try:
            outcome = await inbound.receive(channel, Raw(body=body))
        except Unavailable:
            assert time.monotonic() < deadline, "it did not heal"
            await asyncio.sleep(0.05)
            continue
        assert outcome.state in ("stored", "duplicate")
        return refused
    raise AssertionError("refused a thousand times")


async def restart_again_and_again(data: Path) -> None:
    """`pg_ctl stop -m immediate` while mails arrive; its supervisor starts it again."""
    for _ in range(RESTARTS):
        await asyncio.sleep(0.15)
        before = await running(data, 0)
        os.kill(before, signal.SIGQUIT)
        await running(data, before)


async def running(data: Path, other_than: int) -> int:
    deadline = time.monotonic() + 30
    while (pid := processes.left_behind(data / "postgres" / "postmaster.pid", data / "postgres")) in (
        0,
        other_than,
    ):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
    return pid


async def check_all_is_whole(hub: Hub) -> None:
    """Each mail once, no half conversation, no attachment without its file."""
    subjects = await hub.pool.fetch("SELECT subject, count(*) AS n FROM message GROUP BY subject")
    assert {row["subject"]: row["n"] for row in subjects} == {f"Asunto {n}": 1 for n in range(MAILS)}
    assert not await hub.pool.fetchval(
        "SELECT count(*) FROM conversation c WHERE NOT EXISTS (SELECT FROM message m WHERE m.conversation_id = c.id)"
    )
    files = await hub.pool.fetch("SELECT message_id, file FROM attachment")
    assert len({row["message_id"] for row in files}) == MAILS
    for row in files:
        assert await hub.files.get(row["file"])


async def opened(settings: Settings) -> Hub:
    """A hub on a new database with the named world."""
    await migrate(settings.database_url)
    connection = await asyncpg.connect(settings.database_url)
    await _prepare(connection)
    async with connection.transaction():
        await world.build(Tx(connection))
    await connection.close()
    return await Hub.open(settings, most_connections=4)
