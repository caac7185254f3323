"""What of a campaign leaves now: claimed, then held against what may have happened since somebody approved it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from hub.campaigns import caps, holds
from hub.campaigns.holds import Asked
from hub.deliveries import gated
from hub.deliveries.claiming import Claimed
from hub.deliveries.noting import Result, lock, note
from hub.deliveries.states import Changed
from hub.plumbing.db import Tx


async def claim(
    tx: Tx, worker: str, free: Mapping[int, int], *, lease_seconds: float
) -> tuple[list[Claimed], list[Changed]]:
    """What may leave, and what changed because it may not; hand the latter to telling in this transaction."""
    claimed = await gated.claim(tx, worker, free, lease_seconds=lease_seconds)
    if not claimed:
        return [], []
    asked = await holds.ask(tx, [one.recipient_id for one in claimed if one.recipient_id is not None])
    refused = await _refused(tx, asked)
    roots = {one.id: one.root_id for one in asked}
    going = [
        msgspec.structs.replace(one, root_id=roots.get(one.recipient_id or 0))
        for one in claimed
        if one.recipient_id not in refused
    ]
    if not refused:
        return going, []
    results = [
        Result(
            id=one.id, attempt=one.attempt, state="canceled", code=refused[one.recipient_id or 0], tried=False
        )
        for one in claimed
        if one.recipient_id in refused
    ]
    return going, await note(tx, await lock(tx, [one.id for one in results]), results)


async def _refused(tx: Tx, asked: Sequence[Asked]) -> dict[int, str]:
    """Recipient id → why not, by a code: a hold, or that they were written to often enough this week."""
    held = {one.id: one.code for one in asked if one.code}
    # A place from a try before: of who does not go it would keep out the one who goes in their stead, and one taken
    # before a merge is nobody's now, and would let two of one person leave.
    placed = [one for one in asked if one.placed is not None]
    await caps.give_back(tx, [one.id for one in placed if one.code or one.placed != one.root_id])
    places = [caps.Wanted(one.id, one.root_id, one.campaign_id, one.step) for one in asked if not one.code]
    return held | await caps.take(tx, places)
