"""Gates: deliveries behind a closed one wait; closing it stops claims from the next one on."""

from __future__ import annotations

from hub.plumbing.db import Tx


async def made(tx: Tx) -> int:
    """A new gate, closed; its id."""
    id_: int = await tx.value("INSERT INTO gate DEFAULT VALUES RETURNING id")
    return id_


async def set_open(tx: Tx, gate_id: int, *, open_: bool) -> None:
    """Open or close it. What is on the wire ends; what waits behind an open one may leave."""
    await tx.execute(
        "UPDATE gate SET open = $2, beat_at = now() WHERE id = $1 AND open <> $2", gate_id, open_
    )
    if open_:
        tx.wake("deliver")


async def beat(tx: Tx) -> list[int]:
    """Somebody looks after the open gates; those nobody looked after for hours stay as they are: their ids.

    Nothing is claimed behind such a one: after a long silence a person says whether it may still leave. A gate of one
    delivery closes once that has left; a person asked for that one, so it leaves after a silence too.
    """
    await tx.execute(
        """
        UPDATE gate SET open = false WHERE open AND single
          AND NOT EXISTS (SELECT FROM delivery d WHERE d.gate_id = gate.id AND d.state IN ('held', 'queued'))
          AND NOT EXISTS (SELECT FROM delivery d WHERE d.gate_id = gate.id AND d.state IN ('claimed', 'sending'))
        """
    )
    rows = await tx.fetch(
        "SELECT id FROM gate WHERE open AND NOT single AND beat_at <= now() - interval '2 hours' ORDER BY id"
    )
    await tx.execute(
        """
        UPDATE gate SET beat_at = now()
        FROM (SELECT id FROM gate WHERE open AND (single OR beat_at > now() - interval '2 hours')
                AND beat_at < now() - interval '20 seconds' ORDER BY id FOR NO KEY UPDATE SKIP LOCKED) AS watched
        WHERE gate.id = watched.id
        """
    )
    return [row["id"] for row in rows]


async def again(tx: Tx, gate_id: int) -> None:
    """Nothing behind it was late: it is looked after as before."""
    await tx.execute("UPDATE gate SET beat_at = now() WHERE id = $1", gate_id)


async def apart(tx: Tx, delivery_id: int, *, any_hour: bool = True) -> None:
    """One delivery behind a gate of its own, open: a person sends it now, whatever became of the others.

    `any_hour`: False keeps it within its hours, where nobody asked for it now.
    """
    gate_id = await tx.value("INSERT INTO gate (open, single) VALUES (true, true) RETURNING id")
    tx.wake("deliver")
    await tx.execute(
        "UPDATE delivery SET gate_id = $2, leave_before = CASE WHEN $3 THEN NULL ELSE leave_before END WHERE id = $1",
        delivery_id,
        gate_id,
        any_hour,
    )
