"""What a campaign perhaps sent: listed with all that is known of it, and sent again by a person alone (RFC 1047)."""

from __future__ import annotations

from datetime import datetime

import msgspec

from hub.campaigns import campaigns, outcomes
from hub.deliveries import gates
from hub.deliveries.resending import resend as queue_again
from hub.deliveries.states import Changed
from hub.plumbing import history
from hub.plumbing.db import Tx
from hub.plumbing.errors import Conflict, NotFound
from hub.plumbing.texts import _


class Unsettled(msgspec.Struct, frozen=True, kw_only=True):
    """One of them, and the evidence. `code`, `reason`: what the server said, worded by deliveries/wording.

    `started_at`: when its last try began; `worker`, `connection`: who had it, as they name themselves in the logs.
    """

    recipient_id: int
    delivery_id: int
    address: str
    contact_id: int
    contact_name: str
    code: str
    reason: str
    tries: int
    started_at: datetime | None
    worker: str
    connection: str
    message_header: str


async def listed(tx: Tx, campaign_id: int, *, after: int = 0, most: int = 50) -> list[Unsettled]:
    """By recipient, those after id `after`."""
    return await tx.rows(
        Unsettled,
        """
        SELECT r.id AS recipient_id, d.id AS delivery_id, d.recipient AS address, r.contact_id,
               coalesce(c.name, '') AS contact_name, d.code, d.reason, d.tries, d.started_at,
               split_part(d.worker, '#', 1) AS worker, split_part(d.worker, '#', 2) AS connection, d.message_header
        FROM recipient r JOIN delivery d ON d.recipient_id = r.id AND d.state = 'unknown'
        LEFT JOIN contact c ON c.id = r.contact_id
        WHERE r.campaign_id = $1 AND d.recipient_id > $2
          AND d.recipient_id BETWEEN (SELECT min(id) FROM recipient WHERE campaign_id = $1)
                                 AND (SELECT max(id) FROM recipient WHERE campaign_id = $1)
        ORDER BY d.recipient_id LIMIT $3
        """,
        campaign_id,
        after,
        most,
    )


async def resend(tx: Tx, campaign_id: int, recipient_id: int, agent_id: int) -> Changed:
    """A person decides that it did not arrive: the same message once more, with the same Message-ID, now.

    Raises NotFound, Conflict when it is settled meanwhile or the campaign stands still.
    """
    campaign = await campaigns.lock(tx, campaign_id)
    if campaign.state not in ("running", "finished"):
        raise Conflict(_("The campaign stands still: let it go on first."))
    delivery_id = await tx.value(
        "SELECT d.id FROM recipient r JOIN delivery d ON d.recipient_id = r.id WHERE r.id = $1 AND r.campaign_id = $2",
        recipient_id,
        campaign_id,
    )
    if delivery_id is None:
        raise NotFound(_("There is no such recipient in this campaign."))
    changed = await queue_again(tx, delivery_id)
    await gates.apart(tx, delivery_id)
    await outcomes.tell(tx, [changed])
    await history.record(
        tx, "campaign_resent", agent_id=agent_id, campaign_id=campaign_id, recipient_id=recipient_id
    )
    return changed
