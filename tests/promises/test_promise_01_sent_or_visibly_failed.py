"""Promise 1: a queued message is sent or visibly failed, never neither."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys

from hub.plumbing.hub import Hub
from tests.deliveries.road import QUICK, answer, connect, running, states, until_all, without_undo_window
from tests.fakes.faulty_smtp import FaultySmtp
from tests.process import ROOT
from tests.waiting import until
from tests.world import SECRET, World

# What a web process does for an answer, killed between its commit and the first word to Redis.
KILLED_AFTER_COMMIT = """
import asyncio, os, signal, sys
from config.settings import read
from hub.plumbing.hub import Hub
from tests.deliveries.road import answer, matter
from tests.world import find

async def main():
    hub = await Hub.open(read())
    async with hub.transaction() as tx:
        world = await find(tx)
    Hub._follow = lambda hub, tx: os.kill(os.getpid(), signal.SIGKILL)
    await answer(hub, world)

asyncio.run(main())
"""


async def test_promise_01_sent_or_visibly_failed(hub: Hub, world: World) -> None:
    await without_undo_window(hub, world)
    web = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", KILLED_AFTER_COMMIT],
        cwd=ROOT,
        env=os.environ
        | {
            "DATABASE_URL": hub.settings.database_url,
            "REDIS_URL": hub.settings.redis_url,
            "HUB_SECRET": SECRET,
            "HUB_DATA": str(hub.settings.data),
        },
        timeout=60,
    )
    assert web.returncode == -signal.SIGKILL
    assert list((await states(hub)).values()) == ["queued"]
    with FaultySmtp() as server:
        await connect(hub, world.mail.id, server)
        async with running(hub):
            await until_all(hub, "sent")
        assert list(server.copies().values()) == [1]


async def test_what_may_not_leave_fails_with_its_reason(hub: Hub, world: World) -> None:
    """The address died after the answer was queued: the claim's WHERE stops it, and somebody is told."""
    done = await answer(hub, world)
    await hub.pool.execute(
        "UPDATE address SET usable = false, why_not = '550 5.1.1 no such user' WHERE id = $1",
        world.marta_address,
    )
    await hub.pool.execute("UPDATE delivery SET due_at = now()")
    with FaultySmtp() as server:
        await connect(hub, world.mail.id, server)
        async with running(hub, QUICK):
            await until_all(hub, "failed")
        assert server.attempts == []
    row = await hub.pool.fetchrow("SELECT code, reason FROM delivery")
    assert (row["code"], row["reason"]) == ("unusable", "550 5.1.1 no such user")
    told = await hub.pool.fetchrow(
        "SELECT verb, details FROM history WHERE conversation_id = $1 ORDER BY id DESC", done.conversation_id
    )
    assert told["verb"] == "delivery_failed"


async def test_an_exception_of_our_own_is_visible_and_tried_again(hub: Hub, world: World) -> None:
    """A file that is gone: nothing leaves without it, and the reason stands beside the delivery."""
    from hub.conversations.media import upload

    await without_undo_window(hub, world)
    file = await upload(hub, world.ana, "a.txt", b"hello")
    await answer(hub, world, attachments=[file.token])
    key = await hub.pool.fetchval("SELECT file FROM attachment WHERE token = $1", file.token)
    content = hub.files.path(key).read_bytes()
    hub.files.path(key).unlink()
    with FaultySmtp() as server:
        await connect(hub, world.mail.id, server)
        async with running(hub):
            await until(lambda: _told(hub))
            row = await hub.pool.fetchrow("SELECT state, code, reason FROM delivery")
            assert row["state"] in ("queued", "claimed")
            assert (row["code"], "is not in" in row["reason"]) == ("our_side", True)
            await hub.files.put(content)
            await until_all(hub, "sent")
        assert list(server.copies().values()) == [1]


async def _told(hub: Hub) -> bool:
    return await hub.pool.fetchval("SELECT code FROM delivery") == "our_side"
