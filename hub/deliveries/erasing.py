"""What was handed over to an erased person: that it was and how it ended stays, to whom and in which words does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.plumbing.blotting import BLOT
from hub.plumbing.db import Tx

AT_ONCE = 500


async def blot(tx: Tx, address_ids: Sequence[int], recipient_ids: Sequence[int]) -> int:
    """The next some hundreds that went to these addresses, or for these recipients of campaigns; how many."""
    return await _blot(
        tx,
        """
        SELECT id FROM delivery
        WHERE (address_id = ANY($1) OR recipient_id = ANY($2)) AND recipient <> $3
        ORDER BY id LIMIT $4 FOR NO KEY UPDATE
        """,
        address_ids,
        recipient_ids,
        BLOT,
        AT_ONCE,
    )


async def blot_in(
    tx: Tx, message_ids: Sequence[int], addresses: Sequence[str], address_ids: Sequence[int]
) -> int:
    """Of these messages' deliveries those that went to them; how many."""
    return await _blot(
        tx,
        """
        SELECT id FROM delivery
        WHERE message_id = ANY($1) AND (recipient = ANY($2) OR address_id = ANY($3))
        ORDER BY id FOR NO KEY UPDATE
        """,
        message_ids,
        addresses,
        address_ids,
    )


async def _blot(tx: Tx, found: str, *values: Any) -> int:
    """What has not left does not leave: a worker that has claimed it finds another attempt."""
    rows = await tx.fetch(found, *values)
    return await tx.execute(
        """
        UPDATE delivery
        SET recipient = $2, address_id = NULL, reason = '', undo = NULL, provider_id = '',
            attempt = attempt + (state = 'claimed')::int,
            code = CASE WHEN state IN ('held', 'queued', 'claimed') THEN 'gone' ELSE code END,
            state = CASE WHEN state IN ('held', 'queued', 'claimed') THEN 'canceled' ELSE state END
        WHERE id = ANY($1)
        """,
        [row["id"] for row in rows],
        BLOT,
    )


async def forget_reports(tx: Tx, needles: Sequence[str]) -> None:
    """Reports that came before what they are about, and name them."""
    await tx.execute(
        """
        DELETE FROM early_report
        WHERE EXISTS (SELECT FROM unnest($1::text[]) AS n (words) WHERE strpos(lower(report::text), n.words) > 0)
        """,
        list(needles),
    )
