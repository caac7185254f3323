"""Whoever is erased goes piece by piece, by one worker of its own, so that nobody's message waits for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import structlog

from hub import erasing
from hub.customers import erasures
from hub.plumbing import clock, todo
from hub.plumbing.hub import Hub
from hub.plumbing.todo import Todo

TURN_SECONDS = 20.0
"""Of one turn; then another erasure gets its own."""
log = structlog.get_logger(__name__)


async def erase(hub: Hub, rows: Sequence[Todo]) -> None:
    """Go on where the last turn, or a worker that died, ended; files that are too young are looked at later."""
    for row in rows:
        erasure = await erasing.work(hub, row.ref, until=clock.monotonic() + TURN_SECONDS)
        async with hub.transaction() as tx:
            await todo.finish(tx, [row])
            if erasure.done_at is None:
                later = erasing.SETTLED if erasure.gone_at else timedelta()
                await todo.add(tx, erasures.TODO, row.ref, due_at=clock.now() + later)
        if erasure.done_at is not None:
            log.info("a person was erased", erasure=erasure.id, **erasure.counts)


KINDS = {erasures.TODO: erase}
