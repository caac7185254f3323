"""Promise 16: a disconnect in IDLE, in FETCH, and a half-open socket are noticed and healed."""

from __future__ import annotations

import asyncio
import time

from hub.plumbing.hub import Hub
from tests.fakes.dovecot import Dovecot
from tests.fakes.tcp_proxy import TcpProxy
from tests.mailroom.rooms import connect, mail, reading, subjects
from tests.process import mailroom_process
from tests.waiting import until_equal
from tests.world import World
from workers.mailroom.imap import Pace


async def test_promise_16_broken_connections_heal(hub: Hub, world: World) -> None:
    """Idle cuts, a cut in the middle of a FETCH, a black hole: what came meanwhile is there soon after."""
    with Dovecot() as dovecot, TcpProxy("127.0.0.1", dovecot.port) as proxy:
        await connect(hub, world.mail, dovecot, port=proxy.port)
        async with reading(hub):
            await until_equal(lambda: hub.pool.fetchval("SELECT health FROM channel"), "ok")
            proxy.idle_cut(0.2)
            dovecot.append(mail(1))
            await until_equal(lambda: subjects(hub), ["Pedido 1"])
            proxy.resume()
            proxy.cut_after_bytes(600)
            proxy.cut_all()
            dovecot.append(mail(2, text="x" * 5000))
            await until_equal(lambda: subjects(hub), ["Pedido 1", "Pedido 2"])
            proxy.blackhole()
            dovecot.append(mail(3))
            await asyncio.sleep(3)
            proxy.resume()
            await until_equal(lambda: subjects(hub), ["Pedido 1", "Pedido 2", "Pedido 3"])
            proxy.refuse()
            dovecot.append(mail(4))
            await asyncio.sleep(1)
            proxy.resume()
            await until_equal(lambda: subjects(hub), ["Pedido 1", "Pedido 2", "Pedido 3", "Pedido 4"])
            await asyncio.to_thread(dovecot.restart)
            dovecot.append(mail(5))
            await until_equal(lambda: subjects(hub), [f"Pedido {n}" for n in range(1, 6)])


def test_as_delivered_a_dead_connection_is_noticed_within_two_minutes() -> None:
    usual = Pace()
    assert usual.idle + usual.answer + usual.longest_pause < 170
    assert usual.idle + usual.answer < 120  # half-open: one IDLE, one round trip
    assert usual.idle < 29 * 60  # RFC 2177


async def test_a_server_that_refuses_does_not_spin_our_processor(hub: Hub, world: World) -> None:
    with Dovecot() as dovecot, TcpProxy("127.0.0.1", dovecot.port) as proxy:
        await connect(hub, world.mail, dovecot, port=proxy.port)
        patient = Pace(idle=1.0, answer=2.0)
        with mailroom_process(hub.settings, patient) as mailroom:
            await until_equal(lambda: hub.pool.fetchval("SELECT health FROM channel"), "ok")
            proxy.refuse()
            before, began = mailroom.cpu_seconds(), time.monotonic()
            await asyncio.sleep(2)
            share = (mailroom.cpu_seconds() - before) / (time.monotonic() - began)
            assert share < 0.2
            mailroom.stop()
