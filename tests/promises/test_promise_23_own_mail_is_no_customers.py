"""Promise 23: our own outgoing or self-addressed mail is not taken for a customer's, and makes no loop."""

from __future__ import annotations

import asyncio

from hub.plumbing.hub import Hub
from tests.deliveries.road import answer, running, until_all, without_undo_window
from tests.deliveries.road import connect as send_through
from tests.fakes.faulty_smtp import FaultySmtp
from tests.mailroom.rooms import door, mail
from tests.mailroom.test_smtp_door import deliver
from tests.world import LINE, World


async def test_promise_23_own_mail_is_no_customers(hub: Hub, world: World) -> None:
    """A server that sends us a blind copy of all we send: the copy is in the ledger and nowhere else."""
    await without_undo_window(hub, world)
    done = await answer(hub, world)
    with FaultySmtp() as server:
        await send_through(hub, world.mail.id, server)
        async with running(hub):
            await until_all(hub, "sent")
        [attempt] = server.bodies
    before = await hub.pool.fetchval("SELECT count(*) FROM message")
    async with door(hub) as open_door:
        await asyncio.to_thread(deliver, open_door.port, attempt.raw, LINE, sender=attempt.mail_from)
        rewritten = attempt.raw.replace(b"Message-ID: <", b"Message-ID: <relay-1-", 1)
        assert rewritten != attempt.raw
        await asyncio.to_thread(deliver, open_door.port, rewritten, LINE, sender=attempt.mail_from)
    assert await hub.pool.fetchval("SELECT count(*) FROM message") == before
    assert await hub.pool.fetchval("SELECT count(*) FROM conversation") == 1
    first = await hub.pool.fetchval("SELECT (outcome, reason) FROM arrival ORDER BY id LIMIT 1")
    assert first == ("ignored", "sent by us")
    assert done.conversation_id


async def test_a_customer_may_quote_and_attach_what_we_sent(hub: Hub, world: World) -> None:
    await without_undo_window(hub, world)
    await answer(hub, world)
    header = await hub.pool.fetchval("SELECT message_header FROM delivery")
    quoting = mail(1, text=f"Message-ID: <{header}>\r\n> Hola").replace(
        b"Subject:", f"In-Reply-To: <{header}>\r\nSubject:".encode()
    )
    invented = mail(2, message_id="<1.1.0123456789abcdef@hub.dialogo.test>")
    async with door(hub) as open_door:
        for body in (quoting, invented):
            await asyncio.to_thread(deliver, open_door.port, body)
    states = await hub.pool.fetch("SELECT outcome FROM arrival")
    assert [row["outcome"] for row in states] == ["stored", "stored"]


async def test_from_and_to_our_own_inbox_is_one_conversation_without_an_answer(
    hub: Hub, world: World
) -> None:
    async with door(hub) as open_door:
        for _ in range(2):
            await asyncio.to_thread(deliver, open_door.port, mail(1, sender=LINE), sender=LINE)
    assert await hub.pool.fetchval("SELECT count(*) FROM conversation") == 1
    assert await hub.pool.fetchval("SELECT count(*) FROM delivery") == 0
    assert await hub.pool.fetchval("SELECT count(*) FROM todo WHERE kind = 'auto_reply'") == 0
