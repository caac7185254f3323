"""Which campaign somebody who rings probably answers: the last one that wrote to them within a week."""

from __future__ import annotations

from collections.abc import Sequence

from hub.campaigns.answers import PROBABLE_DAYS
from hub.plumbing.db import Tx


async def of_calls(tx: Tx, call_ids: Sequence[int]) -> dict[int, str]:
    """By call, the campaign's name; a call of ours, and one that was answered otherwise before, has none."""
    if not call_ids:
        return {}
    rows = await tx.fetch(
        """
        SELECT DISTINCT ON (call.id) call.id, k.name
        FROM call JOIN conversation v ON v.id = call.conversation_id
        JOIN contact own ON own.id = v.contact_id JOIN contact c ON c.root_id = own.root_id
        JOIN recipient r ON r.contact_id = c.id AND r.state = 'made'
                        AND (r.answered_at IS NULL OR r.answered_at >= call.started_at)
        JOIN delivery d ON d.recipient_id = r.id AND d.sent_at <= call.started_at
                       AND d.sent_at > call.started_at - make_interval(days => $2)
        JOIN campaign k ON k.id = r.campaign_id
        WHERE call.id = ANY($1) AND call.direction = 'in' ORDER BY call.id, d.sent_at DESC
        """,
        list(call_ids),
        PROBABLE_DAYS,
    )
    return {row["id"]: row["name"] for row in rows}
