"""Some channels take free text only so long after the person last wrote there: until when, for each address."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hub.channels.base import Capabilities
from hub.channels.registry import adapter
from hub.deliveries.permission import set_windows
from hub.plumbing.db import Tx

CLOSED = datetime(2000, 1, 1, tzinfo=UTC)
"""The end of a window that never opened: they have not written there."""


async def until(
    tx: Tx, channel_id: int, can: Capabilities, address_ids: Sequence[int]
) -> dict[int, datetime | None]:
    """Until when free text may go to each address on this channel; None where there is no window."""
    if not can.window_hours:
        return dict.fromkeys(address_ids)
    rows = await tx.fetch(
        """
        SELECT one.id, (SELECT m.created_at FROM message m
                        WHERE m.address_id = one.id AND m.channel_id = $1 AND m.direction = 'in'
                        ORDER BY m.id DESC LIMIT 1) AS at
        FROM unnest($2::bigint[]) AS one (id)
        """,
        channel_id,
        list(address_ids),
    )
    return {row["id"]: ends(row["at"], can) for row in rows}


def ends(last_in: datetime | None, can: Capabilities) -> datetime | None:
    """The end of the window that a message of this moment opened; None for kinds without one."""
    if not can.window_hours:
        return None
    return CLOSED if last_in is None else last_in + timedelta(hours=can.window_hours)


async def renew(tx: Tx, delivery_id: int) -> None:
    """Before something is sent again: they may have written meanwhile, or too long ago by now."""
    row = await tx.record(
        """
        SELECT d.address_id, d.channel_id, n.kind FROM delivery d JOIN channel n ON n.id = d.channel_id
        WHERE d.id = $1 AND d.address_id IS NOT NULL
        """,
        delivery_id,
    )
    if row is not None and adapter(row["kind"]).can.window_hours:
        ends_at = await until(tx, row["channel_id"], adapter(row["kind"]).can, [row["address_id"]])
        await set_windows(tx, {delivery_id: ends_at[row["address_id"]]})
