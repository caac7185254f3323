"""A row's key is not always how a provider knows somebody: the address as they themselves last used it."""

from __future__ import annotations

from hub.channels import phone
from hub.plumbing.db import Tx


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
