"""The numbers beside the views: counted to a hundred and no further, all in one statement (PERFORMANCE.md §3)."""

from __future__ import annotations

import msgspec

from hub.agents.roles import VISIBLE_TO
from hub.plumbing.db import Tx

MOST = 100  # shown as 99+


class Counters(msgspec.Struct, frozen=True, kw_only=True):
    """How many conversations stand in each view, at most MOST; `teams` by team id, as JSON gives it."""

    mine: int
    unassigned: int
    all: int
    snoozed: int
    drafts: int
    mentions: int
    teams: dict[str, int]


async def counters(tx: Tx, agent_id: int) -> Counters:
    """The badges of one agent."""
    found = await tx.row(
        Counters,
        f"""
        SELECT
            (SELECT count(*) FROM (SELECT FROM conversation
                WHERE state = 'open' AND assignee_id = $1 AND {VISIBLE_TO} LIMIT {MOST}) x) AS mine,
            (SELECT count(*) FROM (SELECT FROM conversation
                WHERE state = 'open' AND assignee_id IS NULL AND {VISIBLE_TO} LIMIT {MOST}) x) AS unassigned,
            (SELECT count(*) FROM (SELECT FROM conversation
                WHERE state = 'open' AND {VISIBLE_TO} LIMIT {MOST}) x) AS all,
            (SELECT count(*) FROM (SELECT FROM conversation
                WHERE state = 'snoozed' AND assignee_id = $1 AND {VISIBLE_TO} LIMIT {MOST}) x) AS snoozed,
            (SELECT count(*) FROM (SELECT DISTINCT w.conversation_id
                FROM draft w JOIN conversation ON conversation.id = w.conversation_id
                WHERE w.agent_id = $1 AND w.text <> '' AND {VISIBLE_TO} LIMIT {MOST}) x) AS drafts,
            (SELECT count(*) FROM (SELECT FROM mention k
                WHERE k.agent_id = $1 AND k.seen_at IS NULL LIMIT {MOST}) x) AS mentions,
            (SELECT coalesce(jsonb_object_agg(t.team_id, t.n), '{{}}') FROM (
                SELECT b.team_id, (SELECT count(*) FROM (SELECT FROM conversation
                    WHERE state = 'open' AND conversation.team_id = b.team_id LIMIT {MOST}) x) AS n
                FROM team_member b WHERE b.agent_id = $1) t) AS teams
        """,
        agent_id,
    )
    assert found is not None
    return found
