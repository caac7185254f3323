"""What of the campaigns under way still waits for somebody, and who paused it for them, when and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from hub.plumbing.db import Tx

MOST = 20


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """Who paused a campaign for one person; `agent_name` "" for nobody we still know."""

    contact_id: int
    agent_name: str
    at: datetime
    why: str


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """One campaign that has something for a person: so many messages `planned`, the first at `due_at`; or `paused`."""

    campaign_id: int
    campaign_name: str
    planned: int
    paused: int
    due_at: datetime | None
    pause: Pause | None = None


async def of_contact(tx: Tx, root_id: int) -> list[Waiting]:
    """Of all campaigns under way, the newest first."""
    found = await tx.rows(
        Waiting,
        """
        SELECT k.id AS campaign_id, k.name AS campaign_name, count(*) FILTER (WHERE r.state = 'ready') AS planned,
               count(*) FILTER (WHERE r.state = 'stopped') AS paused,
               min(r.due_at) FILTER (WHERE r.state = 'ready') AS due_at
        FROM contact m JOIN recipient r ON r.contact_id = m.id JOIN campaign k ON k.id = r.campaign_id
        WHERE m.root_id = $1 AND k.state IN ('scheduled', 'running', 'paused')
          AND (r.state = 'ready' OR r.state = 'stopped' AND r.reason = 'paused')
        GROUP BY k.id, k.name ORDER BY k.id DESC LIMIT $2
        """,
        root_id,
        MOST,
    )
    return [
        msgspec.structs.replace(one, pause=(await pauses(tx, one.campaign_id, [root_id])).get(root_id))
        if one.paused
        else one
        for one in found
    ]


async def pauses(tx: Tx, campaign_id: int, contact_ids: Sequence[int]) -> dict[int, Pause]:
    """Who paused it last for each of these people, by the ids given."""
    found = await tx.rows(
        Pause,
        """
        SELECT DISTINCT ON (q.id) q.id AS contact_id, coalesce(g.name, '') AS agent_name, h.at,
               coalesce(h.details->>'why', '') AS why
        FROM unnest($2::bigint[]) AS q (id) JOIN contact c ON c.id = q.id JOIN contact m ON m.root_id = c.root_id
        JOIN history h ON h.contact_id = m.id AND h.verb = 'campaign_paused_for'
             AND (h.details->>'campaign_id')::bigint = $1
        LEFT JOIN agent g ON g.id = h.agent_id ORDER BY q.id, h.id DESC
        """,
        campaign_id,
        sorted(set(contact_ids)),
    )
    return {one.contact_id: one for one in found}
