"""Promise 18: one poison mail never blocks the next."""

from __future__ import annotations

import asyncio

import pytest

from hub.plumbing.hub import Hub
from tests.fakes.dovecot import Dovecot
from tests.fakes.hostile_mails import HOSTILE
from tests.fakes.tcp_proxy import TcpProxy
from tests.mailroom.rooms import HURRY, connect, mail, outcomes
from tests.process import mailroom_process
from tests.waiting import until_equal
from tests.world import World


@pytest.mark.timeout(240)
async def test_promise_18_poison_never_blocks(hub: Hub, world: World) -> None:
    """Every hostile mail with a good one after it: all good ones soon, every poison accounted for."""
    with Dovecot() as dovecot, TcpProxy("127.0.0.1", dovecot.port) as proxy:
        laid = [
            part for number, name in enumerate(HOSTILE) for part in (HOSTILE[name]() or b"\r\n", mail(number))
        ]
        await asyncio.to_thread(dovecot.append_many, laid)
        await connect(hub, world.mail, dovecot, port=proxy.port)
        with mailroom_process(hub.settings, HURRY) as mailroom:
            # promised within a minute; a machine that others load as well gets twice the time
            await until_equal(lambda: good_ones(hub), len(HOSTILE), 110)
            await until_equal(lambda: read(hub), len(laid))
            downloaded = proxy.bytes["down"]
            mailroom.kill()
            mailroom.start()
            await asyncio.to_thread(dovecot.append, mail("the last"))
            await until_equal(
                lambda: good_ones(hub), len(HOSTILE) + 1, 60
            )  # it has looked at all of them again
            assert proxy.bytes["down"] - downloaded < 50_000, "poison was downloaded again"
    ended = await outcomes(hub)
    assert set(ended) <= {"stored", "duplicate", "ignored", "unreadable"}
    unreadable = await hub.pool.fetch(
        "SELECT reason, raw, raw_file FROM arrival WHERE outcome = 'unreadable'"
    )
    assert len(unreadable) == ended["unreadable"]
    assert all(row["reason"] and (row["raw"] is not None or row["raw_file"]) for row in unreadable)


async def good_ones(hub: Hub) -> int:
    return int(await hub.pool.fetchval("SELECT count(*) FROM message WHERE subject LIKE 'Pedido %'"))


async def read(hub: Hub) -> int:
    return sum((await outcomes(hub)).values())
