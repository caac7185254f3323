"""Recipients whose moment came: who really goes now, until when; the others are put off or stopped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hub.campaigns import sequencing, timing
from hub.campaigns.timing import Due
from hub.plumbing.db import Tx


async def settle(tx: Tx, dues: Sequence[Due]) -> dict[int, datetime]:
    """By id, until when each of those that go now may leave. The rows must be locked.

    A later step goes if the one before was sent and nothing ended it; whose hours passed meanwhile waits for the next.
    """
    verdicts = await sequencing.due(tx, [one.id for one in dues])
    going = [one for one in dues if not ((got := verdicts.get(one.id)) and (got.later or got.stopped))]
    places = await timing.places(tx, going)
    later = {one.id: places[one.id].due_at for one in going if places[one.id].due_at != one.due_at}
    await timing.put_off(tx, later)
    found = {one.id: places[one.id].leave_before for one in going if one.id not in later}
    return {id_: ends for id_, ends in found.items() if ends is not None}
