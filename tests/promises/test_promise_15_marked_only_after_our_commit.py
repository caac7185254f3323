"""Promise 15: mail is marked or moved on its server only after our commit."""

from __future__ import annotations

import asyncio

import msgspec

from hub.plumbing.hub import Hub
from tests.fakes.dovecot import Dovecot
from tests.fakes.tcp_proxy import PostgresProxy, TcpProxy
from tests.mailroom.rooms import HURRY, connect, mail, outcomes, reading, seen, subjects
from tests.process import mailroom_process
from tests.waiting import until_equal
from tests.world import World


async def test_promise_15_marked_only_after_our_commit(hub: Hub, world: World) -> None:
    """kill -9 after our commit, before the server hears STORE: present once, marked by the next mailroom."""
    with Dovecot() as dovecot, TcpProxy("127.0.0.1", dovecot.port) as proxy:
        proxy.cut_on(b"STORE", times=1000)
        await connect(hub, world.mail, dovecot, port=proxy.port)
        dovecot.append(mail(1))
        with mailroom_process(hub.settings, HURRY) as mailroom:
            await until_equal(lambda: subjects(hub), ["Pedido 1"])
            mailroom.kill()
            assert await seen(dovecot) == []
            proxy.resume()
            mailroom.start()
            await until_equal(lambda: seen(dovecot), [1])
    assert await subjects(hub) == ["Pedido 1"]


async def test_a_mark_whose_answer_is_lost_repeats_nothing(hub: Hub, world: World) -> None:
    with Dovecot() as dovecot, TcpProxy("127.0.0.1", dovecot.port) as proxy:
        proxy.cut_after(b"STORE", times=2)
        await connect(hub, world.mail, dovecot, port=proxy.port)
        dovecot.append_many([mail(n) for n in range(5)])
        async with reading(hub):
            await until_equal(lambda: seen(dovecot), [1, 2, 3, 4, 5])
            await until_equal(lambda: outcomes(hub), {"stored": 5})
    assert len(await subjects(hub)) == 5


async def test_without_our_commit_the_mail_stays_unread(hub: Hub, world: World) -> None:
    """PostgreSQL hangs up on COMMIT, and is then gone: nothing marked; back again: present once."""
    with (
        Dovecot() as dovecot,
        PostgresProxy(hub.settings.database_url) as proxy,
    ):
        await connect(hub, world.mail, dovecot)
        through = await Hub.open(msgspec.structs.replace(hub.settings, database_url=proxy.dsn))
        async with reading(through):
            await until_equal(lambda: hub.pool.fetchval("SELECT uidvalidity IS NOT NULL FROM mailbox"), True)
            proxy.refuse()
            dovecot.append_many([mail(n) for n in range(3)])
            await asyncio.sleep(2)
            assert await seen(dovecot) == []
            assert await subjects(hub) == []
            proxy.resume()
            await until_equal(lambda: seen(dovecot), [1, 2, 3])
        await through.close()
    assert await subjects(hub) == ["Pedido 0", "Pedido 1", "Pedido 2"]


async def test_a_commit_whose_answer_is_lost_is_not_stored_twice(hub: Hub, world: World) -> None:
    """The commit succeeded and we never heard: the mail is fetched again, recognised, and marked."""
    with (
        Dovecot() as dovecot,
        PostgresProxy(hub.settings.database_url) as proxy,
    ):
        await connect(hub, world.mail, dovecot)
        through = await Hub.open(msgspec.structs.replace(hub.settings, database_url=proxy.dsn))
        async with reading(through):
            await until_equal(lambda: hub.pool.fetchval("SELECT uidvalidity IS NOT NULL FROM mailbox"), True)
            proxy.cut_after(b"COMMIT", times=3)
            proxy.cut_on(b"COMMIT", times=3)
            dovecot.append_many([mail(n) for n in range(3)])
            await until_equal(lambda: seen(dovecot), [1, 2, 3])
        await through.close()
    assert await subjects(hub) == ["Pedido 0", "Pedido 1", "Pedido 2"]
