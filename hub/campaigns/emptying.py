"""A plan that was thrown away is deleted piece by piece, later; nobody sees it any more meanwhile."""

from __future__ import annotations

from hub.campaigns import campaigns
from hub.plumbing import todo
from hub.plumbing.db import Tx

TODO = "campaign_empty"
AT_ONCE = 5_000


async def begin(tx: Tx, campaign_id: int) -> None:
    """All recipients there are now are no more; the campaign must be locked. A plan made later is another's."""
    last = await tx.value("SELECT max(id) FROM recipient WHERE campaign_id = $1", campaign_id)
    if last is not None:
        await tx.execute("UPDATE campaign SET empty_until = $2 WHERE id = $1", campaign_id, last)
        await todo.add(tx, TODO, campaign_id)
        tx.wake("todo")


async def lasts(tx: Tx, campaign_id: int) -> bool:
    """Whether something of the old plan is still there; until it is gone no new one is written."""
    asked = "SELECT empty_until IS NOT NULL FROM campaign WHERE id = $1"
    return bool(await tx.value(asked, campaign_id))


async def go_on(tx: Tx, campaign_id: int) -> bool:
    """Delete some thousands more; whether that was all. Saying it again, or two at once, is harmless."""
    gone = await tx.execute(
        """
        DELETE FROM recipient USING (
            SELECT r.id FROM campaign k JOIN recipient r ON r.campaign_id = k.id AND r.id <= k.empty_until
            WHERE k.id = $1 ORDER BY r.id LIMIT $2 FOR UPDATE OF r) AS old
        WHERE recipient.id = old.id
        """,
        campaign_id,
        AT_ONCE,
    )
    if gone:
        return False
    await tx.execute("UPDATE campaign SET empty_until = NULL WHERE id = $1", campaign_id)
    tx.signal("campaign", campaign_id, campaigns.topics(campaign_id))
    return True
