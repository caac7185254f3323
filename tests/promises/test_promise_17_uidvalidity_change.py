"""Promise 17: a UIDVALIDITY change loses nothing and repeats nothing."""

from __future__ import annotations

from hub.plumbing.hub import Hub
from tests.fakes.dovecot import Dovecot
from tests.mailroom.rooms import connect, mail, outcomes, reading, subjects
from tests.waiting import until_equal
from tests.world import World


async def test_promise_17_uidvalidity_change(hub: Hub, world: World) -> None:
    """The mailbox is numbered anew while nobody looks, with one new mail in it: one more, none twice."""
    with Dovecot() as dovecot:
        await connect(hub, world.mail, dovecot)
        dovecot.append_many([mail(n) for n in range(5)])
        async with reading(hub):
            await until_equal(lambda: outcomes(hub), {"stored": 5})
        first = dovecot.uid_validity()
        dovecot.append(mail(5))
        second = dovecot.renumber()
        async with reading(hub):
            await until_equal(lambda: subjects(hub), [f"Pedido {n}" for n in range(6)])
            await until_equal(lambda: outcomes(hub), {"stored": 6, "duplicate": 5})
            dovecot.append(mail(6))
            await until_equal(lambda: outcomes(hub), {"stored": 7, "duplicate": 5})
        assert await subjects(hub) == [f"Pedido {n}" for n in range(7)]
        assert await hub.pool.fetchval("SELECT uidvalidity FROM mailbox") == second
    rows = await hub.pool.fetch("SELECT uidvalidity, count(*) AS n FROM mailbox_uid GROUP BY 1 ORDER BY n")
    assert {row["uidvalidity"]: row["n"] for row in rows} == {first: 5, second: 7}
    conversations = await hub.pool.fetchval("SELECT count(DISTINCT conversation_id) FROM message")
    assert conversations == await hub.pool.fetchval("SELECT count(*) FROM conversation")


async def test_it_happens_under_an_open_connection(hub: Hub, world: World) -> None:
    with Dovecot() as dovecot:
        await connect(hub, world.mail, dovecot)
        dovecot.append(mail(1))
        async with reading(hub):
            await until_equal(lambda: subjects(hub), ["Pedido 1"])
            second = dovecot.renumber()
            dovecot.append(mail(2))
            await until_equal(lambda: subjects(hub), ["Pedido 1", "Pedido 2"])
            await until_equal(lambda: hub.pool.fetchval("SELECT uidvalidity FROM mailbox"), second)
            await until_equal(lambda: outcomes(hub), {"stored": 2, "duplicate": 1})
