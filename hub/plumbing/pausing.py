"""Is sending paused? A restore pauses it, or a person; nothing leaves and no file is collected until it goes on."""

from __future__ import annotations

from datetime import datetime

import msgspec

from hub.plumbing import history
from hub.plumbing.db import Tx


class Sending(msgspec.Struct, frozen=True):
    """Whether messages leave. `since`: when it was paused last, if somebody did it by command."""

    paused: bool
    since: datetime | None


async def sending(tx: Tx) -> Sending:
    """How it stands."""
    found = await tx.row(
        Sending,
        """
        SELECT paused, (SELECT at FROM history WHERE paused AND verb = 'sending_paused'
                        ORDER BY id DESC LIMIT 1) AS since
        FROM installation
        """,
    )
    assert found is not None
    return found


async def pause(tx: Tx) -> bool:
    """Nothing leaves from the next claim on; what is on the wire ends. False when it was paused already."""
    return await _set(tx, True, "sending_paused")


async def resume(tx: Tx) -> bool:
    """What waits leaves now. False when it was not paused."""
    tx.wake("deliver")
    return await _set(tx, False, "sending_resumed")


async def _set(tx: Tx, paused: bool, verb: str) -> bool:
    if not await tx.execute("UPDATE installation SET paused = $1 WHERE paused <> $1", paused):
        return False
    await history.record(tx, verb)
    return True
