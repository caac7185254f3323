"""The stored decisions: who got a conversation, why, and what was looked at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from hub.plumbing.db import Tx, as_json
from hub.routing.cases import Decision


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A decision as it was kept; routing/explain words it."""

    id: int
    conversation_id: int
    at: datetime
    rule_version: int
    row_name: str
    agent_id: int | None
    agent_name: str | None
    team_id: int | None
    team_name: str | None
    reason: dict[str, Any]
    inputs: dict[str, Any]
    candidates: list[dict[str, Any]]


async def of_conversation(tx: Tx, conversation_id: int, *, most: int = 50) -> list[Stored]:
    """The decisions of one conversation, newest first; whether the asker may see it is checked before."""
    return await tx.rows(
        Stored,
        """
        SELECT d.id, conversation_id, at, rule_version, row_name, agent_id, g.name AS agent_name, team_id,
               t.name AS team_name, reason, inputs, candidates
        FROM decision d LEFT JOIN agent g ON g.id = d.agent_id LEFT JOIN team t ON t.id = d.team_id
        WHERE conversation_id = $1 ORDER BY d.id DESC LIMIT $2
        """,
        conversation_id,
        most,
    )


def keep(tx: Tx, rows: Sequence[tuple[int, Decision]]) -> None:
    """Keep decisions; the statement travels with its neighbours."""
    if rows:
        tx.together(KEEP, _rows(rows))


async def write(tx: Tx, rows: Sequence[tuple[int, Decision]]) -> dict[int, int]:
    """Keep decisions now, one statement. The newest decision's id by conversation id."""
    newest: dict[int, int] = {}
    for row in await tx.fetch(KEEP, _rows(rows)) if rows else ():
        newest[row["conversation_id"]] = max(row["id"], newest.get(row["conversation_id"], 0))
    return newest


KEEP = """
        INSERT INTO decision (conversation_id, rule_version, row_name, agent_id, team_id, reason, inputs, candidates)
        SELECT conversation_id, rule_version, row_name, agent_id, team_id, reason::jsonb, inputs::jsonb,
               candidates::jsonb
        FROM unnest($1::decision_row[])
             WITH ORDINALITY AS given (conversation_id, rule_version, row_name, agent_id, team_id, reason, inputs,
                                       candidates, place)
        ORDER BY place
        RETURNING id, conversation_id
        """


def _rows(rows: Sequence[tuple[int, Decision]]) -> list[tuple[Any, ...]]:
    """Each a `decision_row`."""
    return [
        (
            conversation_id,
            one.rule_version,
            one.row,
            one.agent_id,
            one.team_id,
            as_json(one.reason),
            as_json(one.inputs),
            as_json(one.candidates),
        )
        for conversation_id, one in rows
    ]
