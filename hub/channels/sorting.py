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


async def postmaster_channel(tx: Tx, type_: str, domain: str) -> Channel | None:
    """Who reads mail for postmaster (RFC 5321 §4.5.1): the first enabled channel, at `domain` unless that is ""."""
    found = await load_where(
        tx,
        """
        id = (SELECT min(c.id) FROM channel_address a JOIN channel c ON c.id = a.channel_id
              WHERE a.type = $1 AND c.enabled AND $2 IN ('', split_part(a.value, '@', 2)))
        """,
        type_,
        domain,
    )
    return found[0] if found else None


def plain_address(address: str) -> str:
    """A mail address without its plus-part, lower case: `Help+r.abc@Acme.es` → `help@acme.es`."""
    local, at, domain = address.strip().lower().rpartition("@")
    return f"{local.partition('+')[0]}{at}{domain}" if at else address.strip().lower()
