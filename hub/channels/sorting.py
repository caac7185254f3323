"""Which channel is this for? The address we were reached on decides; a mailbox's own line is the default."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.channels.base import Adapter, Raw
from hub.channels.connections import Channel, load_where
from hub.channels.outgoing import Line
from hub.channels.registry import adapter
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


def sorted_to(own: Channel, raw: Raw, enabled: Sequence[Channel]) -> Channel:
    """Which line a mail for `own` belongs to: the one that takes such mails wherever they arrive, else `own`.

    A line that only takes mails it can believe never gets another: that one goes to the first ordinary mail line.
    """
    takers = [one for one in enabled if _chooses(one)]
    willing = [one for one in takers if adapter(one.kind).takes(raw, _line(one))]
    if willing:
        reached = plain_address(raw.envelope.get("rcpt_to", ""))
        return next(
            (one for one in willing if one.id == own.id or plain_address(one.address) == reached), willing[0]
        )
    if all(one.id != own.id for one in takers):
        return own
    type_ = adapter(own.kind).can.own_type
    ordinary = [one for one in enabled if not _chooses(one) and adapter(one.kind).can.address_type == type_]
    return ordinary[0] if ordinary else own


def _chooses(channel: Channel) -> bool:
    return type(adapter(channel.kind)).takes is not Adapter.takes


def _line(channel: Channel) -> Line:
    """The line without its secrets: nobody needs them to look at a mail."""
    fields = {name: getattr(channel, name) for name in Line.__struct_fields__ if name != "secrets"}
    return msgspec.convert(fields, Line)


def plain_address(address: str) -> str:
    """A mail address without its plus-part, lower case: `Help+r.abc@Acme.es` → `help@acme.es`."""
    local, at, domain = address.strip().lower().rpartition("@")
    return f"{local.partition('+')[0]}{at}{domain}" if at else address.strip().lower()
