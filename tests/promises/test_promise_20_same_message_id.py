"""Promise 20: the same Message-ID on one channel is one, on another channel two, with other content kept."""

from __future__ import annotations

import asyncio

from hub.channels import connections
from hub.plumbing.hub import Hub
from tests.fakes.dovecot import Dovecot
from tests.mailroom.rooms import connect, door, mail, reading
from tests.mailroom.test_smtp_door import deliver
from tests.waiting import until_equal
from tests.world import LINE, World


async def test_promise_20_same_message_id(hub: Hub, world: World) -> None:
    async with hub.transaction() as tx:
        sales = await connections.add(
            tx, hub.crypto, kind="email", name="Sales", address="sales@dialogo.test", address_type="email"
        )
    async with door(hub) as open_door:
        for body, recipient in (
            (mail(1), LINE),
            (mail(1), LINE),
            (b"Received: from another route\r\n" + mail(1), LINE),
            (mail(1), "sales@dialogo.test"),
            (mail(1, text="Otra cosa"), LINE),
        ):
            await asyncio.to_thread(deliver, open_door.port, body, recipient)
    assert await stored(hub) == [
        (world.mail.id, "Hola 1"),
        (world.mail.id, "Otra cosa"),
        (sales.id, "Hola 1"),
    ]


async def test_the_same_mail_by_the_door_and_by_the_mailbox_is_one(hub: Hub, world: World) -> None:
    with Dovecot() as dovecot:
        await connect(hub, world.mail, dovecot)
        dovecot.append(mail(1))
        async with door(hub) as open_door, reading(hub):
            await asyncio.to_thread(deliver, open_door.port, mail(1))
            await until_equal(lambda: hub.pool.fetchval("SELECT count(*) FROM mailbox_uid"), 1)
    assert await stored(hub) == [(world.mail.id, "Hola 1")]


async def stored(hub: Hub) -> list[tuple[int, str]]:
    rows = await hub.pool.fetch("SELECT channel_id, text FROM message ORDER BY channel_id, text")
    return [(row["channel_id"], row["text"].strip()) for row in rows]
