"""Whom a conversation may be given to by hand, with how much they have and whether they are here."""

from __future__ import annotations

from datetime import datetime

import msgspec

from hub.plumbing.db import Tx

MOST_COUNTED = 1000


class Assignable(msgspec.Struct, frozen=True, kw_only=True):
    """One active agent. `load`: open conversations. `away_until`: absent until then."""

    id: int
    name: str
    load: int
    here: bool
    away_until: datetime | None


async def assignable(tx: Tx) -> list[Assignable]:
    """Everybody who works here: those who are not away first, then the least loaded."""
    return await tx.rows(
        Assignable,
        f"""
        SELECT a.id, a.name,
               (SELECT count(*) FROM (SELECT FROM conversation v
                    WHERE v.state = 'open' AND v.assignee_id = a.id LIMIT {MOST_COUNTED}) x) AS load,
               EXISTS (SELECT FROM presence p
                       WHERE p.agent_id = a.id AND p.available AND p.seen_until > now()) AS here,
               (SELECT max(b.ends_at) FROM absence b WHERE b.agent_id = a.id AND b.ended_at IS NULL
                AND b.starts_at <= now() AND b.ends_at > now()) AS away_until
        FROM agent a WHERE a.active
        ORDER BY 5 NULLS FIRST, 3, 2, 1
        """,
    )
