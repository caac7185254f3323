"""Whom an address belongs to; somebody new where it is nobody's yet (values as `addresses.normalised` writes them)."""

from __future__ import annotations

from hub.plumbing.db import Tx


async def holder(tx: Tx, type_: str, value: str) -> int | None:
    """The contact who has this address, as it was stored: perhaps merged into another since."""
    found: int | None = await tx.value(
        "SELECT contact_id FROM address WHERE type = $1 AND value = $2", type_, value
    )
    return found


async def address_id(tx: Tx, type_: str, value: str) -> int | None:
    """The row of this address, if anybody has it."""
    found: int | None = await tx.value("SELECT id FROM address WHERE type = $1 AND value = $2", type_, value)
    return found


async def whose(tx: Tx, type_: str, value: str, *, source: str = "agent") -> int:
    """The contact of an address, made with it where there is none."""
    if (held := await holder(tx, type_, value)) is not None:
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
