"""An erased person in the plans of campaigns: that somebody was written to still counts, who and with what is gone."""

from __future__ import annotations

from collections.abc import Sequence

from hub.campaigns import outcomes
from hub.plumbing.db import Tx


async def recipients_of(
    tx: Tx, contact_ids: Sequence[int], formerly: Sequence[int], address_ids: Sequence[int]
) -> list[int]:
    """Their places in plans: as these contacts, or at these addresses as whoever they were once a part of."""
    rows = await tx.fetch(
        """
        SELECT id FROM recipient WHERE contact_id = ANY($1)
        UNION SELECT id FROM recipient WHERE contact_id = ANY($2) AND address_id = ANY($3)
        ORDER BY id
        """,
        list(contact_ids),
        list(formerly),
        list(address_ids),
    )
    return [row["id"] for row in rows]


async def blot(tx: Tx, recipient_ids: Sequence[int]) -> int:
    """Take out the words, the address and what was known of them; what had not left is dropped. How many."""
    rows = await tx.fetch(
        """
        UPDATE recipient
        SET state = CASE WHEN state IN ('frozen', 'ready') THEN 'dropped' ELSE state END,
            reason = CASE WHEN state IN ('frozen', 'ready') THEN 'gone' ELSE reason END,
            address_id = NULL, address = NULL, language = NULL, time_zone = NULL, variables = NULL, own = NULL,
            hash = NULL, flags = NULL, conversation_id = NULL, message_id = NULL
        WHERE id IN (SELECT id FROM recipient WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE)
          AND (address_id, address, language, time_zone, variables, own, hash, flags, conversation_id, message_id)
              IS DISTINCT FROM (NULL::bigint, NULL::text, NULL::text, NULL::text, NULL::jsonb, NULL::jsonb, NULL::bytea,
                                NULL::text[], NULL::bigint, NULL::bigint)
        RETURNING campaign_id
        """,
        list(recipient_ids),
    )
    await tx.execute("DELETE FROM touch WHERE recipient_id = ANY($1)", list(recipient_ids))
    # What was wrong with rows of files quotes them; whoever brought the file has read it.
    await tx.execute(
        "UPDATE contact_list_import SET errors = '[]' WHERE finished_at IS NOT NULL AND errors <> '[]'"
    )
    await outcomes.soon(tx, {row["campaign_id"] for row in rows})
    return len(rows)
