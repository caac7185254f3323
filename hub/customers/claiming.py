"""What somebody typed of themselves, kept beside their contact: it suggests, never resolves, never blocks."""

from __future__ import annotations

from hub.plumbing.db import Tx


async def claim(tx: Tx, address_type: str, value: str, said: dict[str, str], *, source: str) -> None:
    """Keep claims (type → value) for the contact an address belongs to; the same claim twice is one."""
    await tx.execute(
        """
        INSERT INTO claim (contact_id, type, value, source)
        SELECT c.root_id, w.type, w.value, $5
        FROM address a JOIN contact c ON c.id = a.contact_id,
             unnest($3::text[], $4::text[]) AS w (type, value)
        WHERE (a.type, a.value) = ($1, $2) AND w.value <> '' ON CONFLICT DO NOTHING
        """,
        address_type,
        value,
        list(said),
        [one[:320] for one in said.values()],
        source,
    )
