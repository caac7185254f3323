"""Which channel is this for? The address we were reached on decides; a mailbox's own line is the default."""

from __future__ import annotations

from hub.channels.connections import Channel, load_where
from hub.plumbing.db import Tx


async def channel_for(tx: Tx, type_: str, address: str) -> Channel | None:
    """The enabled channel reached at `address` (plus-parts and case do not matter), or None."""
    found = await load_where(
        tx,
        "id = (SELECT channel_id FROM channel_address WHERE type = $1 AND value = $2) AND enabled",
        type_,
        plain_address(address),
    )
    return found[0] if found else None


def plain_address(address: str) -> str:
    """A mail address without its plus-part, lower case: `Help+r.abc@Acme.es` → `help@acme.es`."""
    local, at, domain = address.strip().lower().rpartition("@")
    return f"{local.partition('+')[0]}{at}{domain}" if at else address.strip().lower()
