"""Whom an address belongs to; somebody new where it is nobody's yet."""

from __future__ import annotations

from hub.plumbing.db import Tx


async def whose(tx: Tx, type_: str, value: str, *, source: str = "agent") -> int:
    """The contact of an address (`value` as its adapter normalises it), made with it where there is none."""
    held: int | None = await tx.value(
        "SELECT contact_id FROM address WHERE type = $1 AND value = $2", type_, value
    )
    if held is not None:
        return held
    id_: int = await tx.value("SELECT nextval('contact_id_seq')")
    await tx.execute("INSERT INTO contact (id, root_id, search) VALUES ($1, $1, $2)", id_, value)
    await tx.execute(
        "INSERT INTO address (type, value, contact_id, verified, source) VALUES ($1, $2, $3, true, $4)",
        type_,
        value,
        id_,
        source,
    )
    return id_
