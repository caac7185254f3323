"""The stored decisions: who got a conversation, why, and what was looked at."""

from __future__ import annotations

from collections.abc import Sequence

from hub.plumbing.db import Tx
from hub.routing.cases import Decision


async def write(tx: Tx, rows: Sequence[tuple[int, Decision]]) -> dict[int, int]:
    """Keep decisions, one statement. The newest decision's id by conversation id."""
    if not rows:
        return {}
    made = await tx.fetch(
        """
        INSERT INTO decision (conversation_id, rule_version, row_name, agent_id, team_id, reason, inputs, candidates)
        SELECT conversation_id, rule_version, row_name, agent_id, team_id, reason, inputs, candidates
        FROM unnest($1::bigint[], $2::int[], $3::text[], $4::bigint[], $5::bigint[], $6::jsonb[], $7::jsonb[],
                    $8::jsonb[])
             WITH ORDINALITY AS given (conversation_id, rule_version, row_name, agent_id, team_id, reason, inputs,
                                       candidates, place)
        ORDER BY place
        RETURNING id, conversation_id
        """,
        [conversation_id for conversation_id, _ in rows],
        [decision.rule_version for _, decision in rows],
        [decision.row for _, decision in rows],
        [decision.agent_id for _, decision in rows],
        [decision.team_id for _, decision in rows],
        [decision.reason for _, decision in rows],
        [decision.inputs for _, decision in rows],
        [decision.candidates for _, decision in rows],
    )
    newest: dict[int, int] = {}
    for row in made:
        newest[row["conversation_id"]] = max(row["id"], newest.get(row["conversation_id"], 0))
    return newest
