"""By which address and channel a campaign reaches each person: what they prefer among what they permit."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.channels import connections
from hub.channels.base import Capabilities
from hub.channels.connections import Channel
from hub.channels.registry import adapter
from hub.deliveries.permission import WHY_NOT
from hub.plumbing.db import Tx

# How near one who cannot be reached was to it: the nearest reason is told.
NEARNESS = ("no_address", "gone", "unusable", "opted_out", "not_interested", "no_consent", "not_compared")


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One channel the campaign may use; `order` counts from 0, the first is taken where nobody prefers another."""

    id: int
    kind: str
    key: str
    can: Capabilities
    order: int


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One address of somebody on one channel; `why_not` a code, "" for permitted."""

    root_id: int
    channel_id: int
    address_id: int
    address: str
    verified: bool
    shared: bool
    why_not: str


def suits(channel: Channel) -> bool:
    """Whether a campaign can leave on this line: switched on, written, not live."""
    can = adapter(channel.kind).can
    return channel.enabled and can.sends and not can.live and not can.logged


async def lines(tx: Tx, channel_ids: Sequence[int]) -> list[Line]:
    """The campaign's channels that can be used now, in its order."""
    found = {one.id: one for one in await connections.load_where(tx, "id = ANY($1)", list(channel_ids))}
    usable = [found[id_] for id_ in channel_ids if id_ in found and suits(found[id_])]
    return [
        Line(id=one.id, kind=one.kind, key=one.key, can=adapter(one.kind).can, order=order)
        for order, one in enumerate(usable)
    ]


async def look_up(
    tx: Tx, lines: Sequence[Line], root_ids: Sequence[int], interest_id: int | None
) -> dict[int, list[Way]]:
    """Every address of these people on every line it fits, permitted or not."""
    rows = await tx.rows(
        Way,
        f"""
        WITH d AS MATERIALIZED (
            SELECT w.root_id, line.channel_id, a.id AS address_id, a.value AS address, a.verified, a.shared,
                   'marketing' AS purpose, NULL::timestamptz AS window_until, NULL::timestamptz AS leave_before,
                   $4::bigint AS interest_id
            FROM unnest($1::bigint[]) AS w (root_id) JOIN contact c ON c.root_id = w.root_id
            JOIN address a ON a.contact_id = c.id
            JOIN unnest($2::bigint[], $3::text[]) AS line (channel_id, type) ON line.type = a.type
        )
        SELECT d.root_id, d.channel_id, d.address_id, d.address, d.verified, d.shared,
               coalesce({WHY_NOT}, '') AS why_not
        FROM d ORDER BY d.root_id, d.address_id
        """,
        list(root_ids),
        [one.id for one in lines],
        [one.can.address_type for one in lines],
        interest_id,
    )
    found: dict[int, list[Way]] = {}
    for row in rows:
        found.setdefault(row.root_id, []).append(row)
    return found


def choose(lines: Sequence[Line], ways: Sequence[Way], preferred: str) -> Way | str:
    """The best permitted way, else the code of the nearest reason why there is none.

    `preferred`: the kind or key of a channel the person likes. Their own address goes before a shared one, a proven one
    before one somebody only told us.
    """
    by_id = {one.id: one for one in lines}
    permitted = [one for one in ways if not one.why_not]
    if not permitted:
        return max((one.why_not for one in ways), key=_nearness, default="no_address")

    def rank(way: Way) -> tuple[bool, int, bool, bool, int]:
        line = by_id[way.channel_id]
        liked = bool(preferred) and preferred in (line.kind, line.key)
        return (not liked, line.order, way.shared, not way.verified, way.address_id)

    return min(permitted, key=rank)


def _nearness(code: str) -> int:
    return NEARNESS.index(code) if code in NEARNESS else len(NEARNESS)
