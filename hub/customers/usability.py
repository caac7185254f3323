"""Whether an address works: a permanent bounce says no, a person or a mail from it says yes again."""

from __future__ import annotations

from collections.abc import Mapping

from hub.plumbing.db import Tx


async def mark_unusable(tx: Tx, reasons: Mapping[int, str]) -> list[int]:
    """These addresses do not work, for the reason given; the ids that were thought to work until now.

    Lock order: call it before conversations and deliveries are locked (INVARIANTS §9).
    """
    order = sorted(reasons)
    rows = await tx.fetch(
        """
        WITH locked AS MATERIALIZED (
            SELECT id FROM address WHERE id = ANY($1) AND usable ORDER BY id FOR NO KEY UPDATE
        )
        UPDATE address SET usable = false, why_not = w.why
        FROM locked JOIN unnest($1::bigint[], $2::text[]) AS w (id, why) ON w.id = locked.id
        WHERE address.id = locked.id
        RETURNING address.id, (SELECT root_id FROM contact c WHERE c.id = address.contact_id) AS root_id
        """,
        order,
        [reasons[id_][:500] for id_ in order],
    )
    for root in sorted({row["root_id"] for row in rows}):
        tx.signal("contact", root, [f"contact:{root}"])
    return [row["id"] for row in rows]


async def mark_usable(tx: Tx, address_ids: list[int]) -> None:
    """These addresses work: somebody wrote from them, or a person says so."""
    await tx.execute(
        """
        UPDATE address SET usable = true, why_not = ''
        WHERE id IN (SELECT id FROM address WHERE id = ANY($1) AND NOT usable
                     ORDER BY id FOR NO KEY UPDATE)
        """,
        address_ids,
    )
