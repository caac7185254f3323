"""The hours in which the house sends no marketing to anybody, on the clock of whoever gets it."""

from __future__ import annotations

from datetime import time

from hub.plumbing.db import Tx


async def load(tx: Tx) -> tuple[time, time]:
    """From when until when; the same twice: never quiet."""
    row = await tx.record("SELECT starts, ends FROM quiet_hours")
    return (row["starts"], row["ends"]) if row else (time(), time())


async def change(tx: Tx, starts: time, ends: time) -> None:
    """From now on; the caller records it."""
    await tx.execute("UPDATE quiet_hours SET starts = $1, ends = $2", starts, ends)
