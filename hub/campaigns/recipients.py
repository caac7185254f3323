"""The people of a campaign, one row each and step: what was planned for them and what became of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

import msgspec

from hub.plumbing.db import Tx
from hub.plumbing.errors import NotFound
from hub.plumbing.texts import N_, _

# What a person of the list is asked by: the plan's states, and those of a delivery once it exists.
STATES = {
    "frozen": N_("being prepared"),
    "ready": N_("planned"),
    "excluded": N_("left out"),
    "dropped": N_("taken out"),
    "stopped": N_("stopped"),
    "held": N_("about to leave"),
    "queued": N_("about to leave"),
    "claimed": N_("leaving"),
    "sending": N_("leaving"),
    "sent": N_("sent"),
    "delivered": N_("arrived"),
    "read": N_("read"),
    "failed": N_("failed"),
    "unknown": N_("perhaps sent"),
    "canceled": N_("not sent"),
}
WRONG = {"failed", "unknown", "canceled"}
LEFT_OUT = {"excluded", "dropped", "stopped"}


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """One person of one step. `state`: the delivery's once there is one, else the plan's; `reason`: a code or words.

    `permanent`: the last of its `tries` was refused for good.
    """

    id: int
    step: int
    contact_id: int
    contact_name: str
    address: str
    channel_id: int | None
    channel_name: str | None
    sender_id: int | None
    sender_name: str | None
    variant: str
    state: str
    reason: str
    flags: list[str]
    due_at: datetime | None
    sent_at: datetime | None
    answered_at: datetime | None
    probable_at: datetime | None
    conversation_id: int | None
    delivery_id: int | None
    permanent: bool
    tries: int


async def listed(
    tx: Tx,
    campaign_id: int,
    *,
    states: Sequence[str] = (),
    answered: bool = False,
    after: int = 0,
    most: int = 50,
) -> list[Recipient]:
    """By id, those after id `after`: of these states, or who answered, or all."""
    return await tx.rows(
        Recipient,
        f"""
        WITH behind AS MATERIALIZED (
            SELECT greatest($2, (SELECT empty_until FROM campaign WHERE id = $1),  -- greatest passes over NULL
                            (SELECT min(id) - 1 FROM recipient WHERE campaign_id = $1)) AS id,
                   (SELECT max(id) FROM recipient WHERE campaign_id = $1) AS last
        ), page AS MATERIALIZED ({_page(states, answered)})
        {_SELECTED} WHERE r.id = ANY (ARRAY(SELECT id FROM page)) ORDER BY r.id
        """,
        campaign_id,
        after,
        most,
        *((list(states), answered) if states else ()),
    )


def _page(states: Sequence[str], answered: bool) -> str:
    """The ids of these people: each group by an index of its own, for it is looked for among a million.

    Ids of one campaign lie together, and the planner does not know: what is told where they begin walks past nobody.
    """
    if not states:
        return _ANSWERED if answered else _ALL
    return _WENT_WRONG if set(states) <= WRONG else _LEFT_OUT if set(states) <= LEFT_OUT else _BY_STATE


async def load(tx: Tx, campaign_id: int, recipient_id: int) -> Recipient:
    """One of them. Raises NotFound."""
    found = await tx.row(
        Recipient, f"{_SELECTED} WHERE r.campaign_id = $1 AND r.id = $2", campaign_id, recipient_id
    )
    if found is None:
        raise NotFound(_("There is no such recipient in this campaign."))
    return found


async def everybody(tx: Tx, campaign_id: int, *, at_once: int = 1000) -> AsyncIterator[list[Recipient]]:
    """All of them in pieces, for an export."""
    after = 0
    while found := await listed(tx, campaign_id, after=after, most=at_once):
        yield found
        after = found[-1].id


_STATE = "CASE WHEN r.state = 'made' THEN coalesce(d.state, 'queued') ELSE r.state END"
_ALL = "SELECT id FROM recipient WHERE campaign_id = $1 AND id > (SELECT id FROM behind) ORDER BY id LIMIT $3"
_ANSWERED = """
    SELECT id FROM recipient
    WHERE campaign_id = $1 AND id > (SELECT id FROM behind) AND answered_at IS NOT NULL ORDER BY id LIMIT $3
"""
_LEFT_OUT = """
    SELECT id FROM recipient WHERE campaign_id = $1 AND id > (SELECT id FROM behind)
      AND state IN ('excluded', 'dropped', 'stopped') AND state = ANY($4) AND (NOT $5 OR answered_at IS NOT NULL)
    ORDER BY id LIMIT $3
"""
_WENT_WRONG = """
    SELECT d.recipient_id AS id FROM delivery d JOIN recipient r ON r.id = d.recipient_id
    WHERE d.recipient_id > (SELECT id FROM behind) AND d.recipient_id <= (SELECT last FROM behind)
      AND d.state IN ('failed', 'unknown', 'canceled') AND d.state = ANY($4)
      AND r.campaign_id = $1 AND r.state = 'made' AND (NOT $5 OR r.answered_at IS NOT NULL)
    ORDER BY d.recipient_id LIMIT $3
"""
_BY_STATE = f"""
    SELECT r.id FROM recipient r
    LEFT JOIN delivery d ON d.recipient_id = r.id AND d.recipient_id > (SELECT id FROM behind)
    WHERE r.campaign_id = $1 AND r.id > (SELECT id FROM behind) AND {_STATE} = ANY($4)
      AND (NOT $5 OR r.answered_at IS NOT NULL)
    ORDER BY r.id LIMIT $3
"""
_SELECTED = f"""
    SELECT r.id, r.step, r.contact_id, coalesce(c.name, '') AS contact_name, coalesce(r.address, '') AS address,
           r.channel_id, n.name AS channel_name, r.sender_id, g.name AS sender_name, r.variant, {_STATE} AS state,
           CASE WHEN d.id IS NULL THEN r.reason ELSE concat_ws(' ', nullif(d.code, ''), nullif(d.reason, '')) END
               AS reason,
           coalesce(r.flags, '{{}}') AS flags, r.due_at, d.sent_at, r.answered_at, r.probable_at, r.conversation_id,
           d.id AS delivery_id, coalesce(d.permanent, false) AS permanent, coalesce(d.tries, 0) AS tries
    FROM recipient r LEFT JOIN delivery d ON d.recipient_id = r.id
    LEFT JOIN contact c ON c.id = r.contact_id LEFT JOIN channel n ON n.id = r.channel_id
    LEFT JOIN agent g ON g.id = r.sender_id
"""
