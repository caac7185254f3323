"""Gates: deliveries behind a closed one wait; closing it stops claims from the next one on."""

from __future__ import annotations

from hub.plumbing.db import Tx


async def made(tx: Tx) -> int:
    """A new gate, closed; its id."""
    id_: int = await tx.value("INSERT INTO gate DEFAULT VALUES RETURNING id")
    return id_


async def set_open(tx: Tx, gate_id: int, *, open_: bool) -> None:
    """Open or close it. What is on the wire ends; what waits behind an open one may leave."""
    await tx.execute("UPDATE gate SET open = $2 WHERE id = $1 AND open <> $2", gate_id, open_)
    if open_:
        tx.wake("deliver")
