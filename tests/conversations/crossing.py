"""What tests of several channels share: a telephone line beside the mail line, and Marta's number."""

from __future__ import annotations

from typing import Any

import msgspec

from hub.channels import connections
from hub.channels.connections import Channel
from hub.conversations.replies import Answer, Reply, reply
from hub.plumbing.crypto import Crypto
from hub.plumbing.db import Tx
from tests.conversations.making import said
from tests.deliveries.road import DOMAIN, matter
from tests.world import SECRET, World

NUMBER = "+34600111222"
LINE = "+34910000001"


class Crossing(msgspec.Struct, frozen=True, kw_only=True):
    """Marta by mail and by telephone. `answer`: Ana's SMS to her, held as answers are."""

    sms: Channel
    phone: int
    conversation: int
    answer: Reply

    @property
    def delivery(self) -> int:
        """The SMS."""
        return self.answer.deliveries[0].id


async def phone_line(tx: Tx, settings: dict[str, Any] | None = None, kind: str = "sms") -> Channel:
    """A line for text messages."""
    return await connections.add(
        tx, Crypto(SECRET), kind=kind, name=kind.upper(), address=LINE, address_type=kind, settings=settings
    )


async def number_of(tx: Tx, contact: int, value: str = NUMBER, *, verified: bool = True, **more: Any) -> int:
    """A telephone number of somebody; the address's id."""
    id_: int = await tx.value(
        """
        INSERT INTO address (type, value, contact_id, verified, shared, compared)
        VALUES ('phone', $1, $2, $3, $4, true) RETURNING id
        """,
        value,
        contact,
        verified,
        more.get("shared", False),
    )
    return id_


async def crossing(
    tx: Tx, world: World, settings: dict[str, Any] | None = None, text: str = "Hoy."
) -> Crossing:
    """Marta mailed, then sent a text message, and Ana answers that."""
    sms = await phone_line(tx, settings)
    phone = await number_of(tx, world.marta)
    id_ = await matter(tx, world)
    await said(tx, world, id_, "¿Y el pedido?", channel=sms.id, address=phone)
    await tx.execute("UPDATE conversation SET last_channel_id = $2 WHERE id = $1", id_, sms.id)
    await tx.execute(
        "INSERT INTO participant (conversation_id, address_id, role) VALUES ($1, $2, 'main')", id_, phone
    )
    made = await reply(tx, DOMAIN, id_, world.ana, Answer(text=text, channel_id=sms.id))
    return Crossing(sms=sms, phone=phone, conversation=id_, answer=made)


async def fail(tx: Tx, delivery_id: int, state: str = "failed", code: str = "30006") -> None:
    """As a report leaves it."""
    await tx.execute(
        """
        UPDATE delivery SET state = $2, permanent = $2 = 'failed', code = $3, attempt = 1,
               reason = CASE WHEN $2 = 'failed' THEN 'landline (30006)' ELSE '' END WHERE id = $1
        """,
        delivery_id,
        state,
        code,
    )
