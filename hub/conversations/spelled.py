"""A row's key is not always how a provider knows somebody: the address as they themselves last used it."""

from __future__ import annotations

from hub.channels import phone
from hub.plumbing.db import Tx


async def as_to_ring(tx: Tx, channel_id: int, address_type: str, address: str) -> str:
    """How a telephone is rung: as it last rang this line, else as it wrote to another, else as it was typed.

    "" when nobody knows. Argentina's landlines lose by a 9 what its mobiles need: a message proves a mobile.
    """
    if spelled := await as_last_spelled(tx, channel_id, address_type, address):
        return spelled
    found: str | None = await tx.value(
        """
        SELECT coalesce(
            (SELECT m.sender ->> 'address' FROM message m
             WHERE m.address_id = a.id AND m.direction = 'in' AND m.sender ->> 'address' <> a.value
             ORDER BY m.id DESC LIMIT 1), a.spelled)
        FROM address a WHERE a.type = $1 AND a.value = $2
        """,
        address_type,
        address,
    )
    return found if found and phone.same(found, address) else ""


async def as_last_spelled(tx: Tx, channel_id: int, address_type: str, address: str) -> str:
    """How this address (its key) last came in on a channel, as the wire spells it; "" if it never did."""
    spelled: str | None = await tx.value(
        """
        SELECT m.sender ->> 'address' FROM message m
        WHERE m.address_id = (SELECT id FROM address WHERE type = $2 AND value = $3)
          AND m.channel_id = $1 AND m.direction = 'in' AND NOT m.automatic
        ORDER BY m.id DESC LIMIT 1
        """,
        channel_id,
        address_type,
        address,
    )
    return spelled if spelled and phone.same(spelled, address) else ""
