"""The accounts of somebody who leaves go to somebody else, all at once."""

from __future__ import annotations

from hub.plumbing.db import Tx

MOST_TOLD = 500
"""Open cards hear of the first so many; the others see it when they are opened again."""


async def hand_over_accounts(tx: Tx, from_id: int, to_id: int, *, by: int | None = None) -> int:
    """Owner and deputy of every account: `to_id` instead of `from_id`; nobody is their own deputy. How many changed."""
    rows = await tx.fetch(
        "SELECT id FROM account WHERE owner_id = $1 OR deputy_id = $1 ORDER BY id FOR NO KEY UPDATE", from_id
    )
    ids = [row["id"] for row in rows]
    await tx.execute(
        """
        UPDATE account
        SET owner_id = changed.owner_id, deputy_id = nullif(changed.deputy_id, changed.owner_id)
        FROM (SELECT id, CASE WHEN owner_id = $2 THEN $3 ELSE owner_id END AS owner_id,
                     CASE WHEN deputy_id = $2 THEN $3 ELSE deputy_id END AS deputy_id
              FROM account WHERE id = ANY($1::bigint[])) AS changed
        WHERE account.id = changed.id
        """,
        ids,
        from_id,
        to_id,
    )
    await tx.execute(
        """
        INSERT INTO history (verb, agent_id, account_id, details)
        SELECT 'account_handed_over', $2, id, jsonb_build_object('from_id', $3::bigint, 'to_id', $4::bigint)
        FROM unnest($1::bigint[]) AS id
        """,
        ids,
        by,
        from_id,
        to_id,
    )
    for id_ in ids[:MOST_TOLD]:
        tx.signal("account", id_, [f"account:{id_}"])
    return len(ids)
