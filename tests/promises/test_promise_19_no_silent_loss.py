"""Promise 19: every UID ends as message, duplicate-of, or unreadable, and the counts add up."""

from __future__ import annotations

import asyncio
import random

import pytest

from hub.plumbing.hub import Hub
from tests.fakes.dovecot import Dovecot
from tests.fakes.tcp_proxy import TcpProxy
from tests.mailroom.rooms import HURRY, connect, mail, outcomes
from tests.process import mailroom_process
from tests.waiting import until_equal
from tests.world import World

MAILS = 1_000
REPEATED = 50
BROKEN = 30


@pytest.mark.timeout(300)
async def test_promise_19_no_silent_loss(hub: Hub, world: World) -> None:
    """1,000 mails, some twice, some no mail at all; the connection is cut and the mailroom killed all the while."""
    singles = MAILS - REPEATED - BROKEN
    laid = [mail(n) for n in range(singles)]
    laid += [mail(n) for n in range(REPEATED)] + [b"\r\n%d is no mail" % n for n in range(BROKEN)]
    random.Random(19).shuffle(laid)
    with Dovecot() as dovecot, TcpProxy("127.0.0.1", dovecot.port) as proxy:
        await asyncio.to_thread(dovecot.append_many, laid)
        await connect(hub, world.mail, dovecot, port=proxy.port)
        with mailroom_process(hub.settings, HURRY) as mailroom:
            for fault in range(12):
                await asyncio.sleep(0.7)
                if fault % 4 == 3:
                    mailroom.kill()
                    await hub.pool.execute("UPDATE mailbox SET lease_until = now()")
                    mailroom.start()
                elif fault % 2:
                    proxy.cut_after_bytes(40_000)
                else:
                    proxy.cut_all()
            await until_equal(lambda: counted(hub), MAILS, 120)
            assert (await asyncio.to_thread(dovecot.uids)) == list(range(1, MAILS + 1))
    assert await hub.pool.fetchval("SELECT count(*) FROM message") == singles
    ended = await outcomes(hub)
    assert ended["unreadable"] == BROKEN
    # A mail stored just before a kill is met again and called a duplicate of itself: never more than that.
    assert ended["stored"] + ended["duplicate"] == MAILS - BROKEN
    assert ended["duplicate"] >= REPEATED
    stories = await hub.pool.fetch(
        "SELECT DISTINCT arrival_id FROM mailbox_uid WHERE outcome <> 'unreadable'"
    )
    assert len(stories) == singles, "every UID names the arrival it became or repeats"


async def counted(hub: Hub) -> int:
    return sum((await outcomes(hub)).values())
