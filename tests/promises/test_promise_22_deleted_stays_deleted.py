"""Promise 22: deleting a conversation does not bring it back at the next poll."""

from __future__ import annotations

from hub.plumbing.hub import Hub
from tests.fakes.dovecot import Dovecot
from tests.mailroom.rooms import connect, mail, outcomes, reading, subjects
from tests.waiting import until_equal
from tests.world import World


async def test_promise_22_deleted_stays_deleted(hub: Hub, world: World) -> None:
    """Not by the next poll, not by the daily comparison, not even when the mailbox is numbered anew."""
    with Dovecot() as dovecot:
        await connect(hub, world.mail, dovecot)
        dovecot.append(mail(1))
        async with reading(hub):
            await until_equal(lambda: subjects(hub), ["Pedido 1"])
            await hub.pool.execute("DELETE FROM conversation")
            dovecot.append(mail(2))
            await until_equal(lambda: subjects(hub), ["Pedido 2"])
            await until_equal(
                lambda: outcomes(hub), {"stored": 2}
            )  # ended before, it would be noted as a repeat later
        await hub.pool.execute("UPDATE mailbox SET swept_at = NULL")
        async with reading(hub):
            await until_equal(lambda: hub.pool.fetchval("SELECT swept_at IS NOT NULL FROM mailbox"), True)
        dovecot.renumber()
        async with reading(hub):
            await until_equal(lambda: outcomes(hub), {"stored": 2, "duplicate": 2})
    assert await subjects(hub) == ["Pedido 2"]
