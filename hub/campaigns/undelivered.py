"""What campaigns did not deliver and a person may do something about, a line each campaign."""

from __future__ import annotations

from datetime import datetime

import msgspec

from hub.campaigns import campaigns
from hub.campaigns.recipients import Recipient
from hub.plumbing import history
from hub.plumbing.db import Tx

MOST, LOOKED_AT = 20, 20_000
"""Campaigns, and of all that ever went wrong the newest deliveries that are looked at."""
WISHES = ("opted_out", "21610", "63032")
"""Who does not want it needs nothing done (Twilio: error 21610, 63032)."""


class Undelivered(msgspec.Struct, frozen=True, kw_only=True):
    """One campaign. `unknown`: perhaps sent; `again`: failed for now, may go once more; `correct`: refused for good."""

    campaign_id: int
    name: str
    unknown: int
    again: int
    correct: int
    at: datetime


async def waiting(tx: Tx) -> list[Undelivered]:
    """The last to go wrong first. What our own rules held back at the last moment asks nobody anything.

    All behind one gate are of one campaign, so one of them says of which.
    """
    return await tx.rows(
        Undelivered,
        """
        WITH wrong AS MATERIALIZED (
            SELECT coalesce(gate_id, -recipient_id) AS gate, recipient_id, state, permanent,
                   coalesce(reported_at, sent_at, started_at, created_at) AS at
            FROM delivery
            WHERE state IN ('failed', 'unknown') AND recipient_id IS NOT NULL
              AND (state = 'unknown' OR NOT permanent OR tries > 0 AND code <> ALL($1))
            ORDER BY id DESC LIMIT $2
        ), behind AS MATERIALIZED (
            SELECT g.gate, r.campaign_id FROM (SELECT gate, min(recipient_id) AS one FROM wrong GROUP BY 1) AS g
            JOIN recipient r ON r.id = g.one
        )
        SELECT k.id AS campaign_id, k.name, count(*) FILTER (WHERE w.state = 'unknown') AS unknown,
               count(*) FILTER (WHERE w.state = 'failed' AND NOT w.permanent) AS again,
               count(*) FILTER (WHERE w.state = 'failed' AND w.permanent) AS correct, max(w.at) AS at
        FROM wrong w JOIN behind b USING (gate) JOIN campaign k ON k.id = b.campaign_id
        WHERE w.at > coalesce(k.settled_at, '-infinity')
        GROUP BY k.id ORDER BY max(w.at) DESC LIMIT $3
        """,
        list(WISHES),
        LOOKED_AT,
        MOST,
    )


def step_for(one: Recipient) -> str:
    """What a person may do about one of them, by the same rule: again, correct (the address), or "" for nothing."""
    if one.state == "unknown" or (one.state == "failed" and not one.permanent):
        return "again"
    refused = one.state == "failed" and one.tries > 0 and not one.reason.startswith(WISHES)
    return "correct" if refused else ""


async def settle(tx: Tx, campaign_id: int, agent_id: int) -> None:
    """A person says that nothing more is to be done about what went wrong until now. Raises NotFound."""
    await campaigns.lock(tx, campaign_id)
    await tx.execute("UPDATE campaign SET settled_at = now() WHERE id = $1", campaign_id)
    await history.record(tx, "campaign_settled", agent_id=agent_id, campaign_id=campaign_id)
