"""Whose a conversation is: the only place that changes assignee and team once it stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from hub.conversations.holding import Held, hold_all, read
from hub.plumbing import history, todo
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import _


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """What is to become of one conversation. `reason` is worded by routing/explain; no agent: the team's queue."""

    conversation_id: int
    agent_id: int | None
    team_id: int | None
    reason: dict[str, Any]
    covering_for_id: int | None = None
    decision_id: int | None = None


async def assign_to(
    tx: Tx, conversation_ids: Sequence[int], agent_id: int, *, by: int | None = None
) -> list[Held]:
    """Give conversations to somebody by hand, who is told; whoever they were covered for loses them.

    Raises NotFound when one of them does not exist, BadInput when nobody active has this id.
    """
    names = await _names(tx, [agent_id, by])
    if agent_id not in names or not await tx.value("SELECT active FROM agent WHERE id = $1", agent_id):
        raise BadInput(_("Choose somebody who works here."), field="assignee")
    reason = {"code": "taken" if by == agent_id else "by_hand", "agent": names[agent_id]}
    if by is not None and by != agent_id:
        reason["by"] = names.get(by, "")
    before = await hold_all(tx, conversation_ids)
    rows = [
        Assignment(conversation_id=held.id, agent_id=agent_id, team_id=held.team_id, reason=reason)
        for held in before
    ]
    if by is not None and by != agent_id:
        await _let_know(tx, [held for held in before if held.assignee_id != agent_id], agent_id, by)
    return await assign(tx, rows, by=by)


async def assign_to_team(
    tx: Tx, conversation_ids: Sequence[int], team_id: int, *, by: int | None = None
) -> list[Held]:
    """Put conversations into a team's queue by hand, where somebody takes them.

    Raises NotFound when one of them does not exist, BadInput when there is no such team.
    """
    team = await tx.value("SELECT name FROM team WHERE id = $1", team_id)
    if team is None:
        raise BadInput(_("There is no such team."), field="team")
    reason = {"code": "team_by_hand", "team": team, "by": (await _names(tx, [by])).get(by or 0, "")}
    rows = [
        Assignment(conversation_id=held.id, agent_id=None, team_id=team_id, reason=reason)
        for held in await hold_all(tx, conversation_ids)
    ]
    return await assign(tx, rows, by=by)


async def unassign(tx: Tx, conversation_ids: Sequence[int], *, by: int | None = None) -> list[Held]:
    """Put conversations back into their team's queue by hand. Raises NotFound."""
    reason = {"code": "put_back", "by": (await _names(tx, [by])).get(by or 0, "")}
    rows = [
        Assignment(conversation_id=held.id, agent_id=None, team_id=held.team_id, reason=reason)
        for held in await hold_all(tx, conversation_ids)
    ]
    return await assign(tx, rows, by=by)


async def assign(tx: Tx, rows: Sequence[Assignment], *, by: int | None = None) -> list[Held]:
    """Write assignments: conversation, history, signals. Answers them as they are now, by id.

    `by` is the agent who did it, None for the hub itself. Takes the locks if the caller has not. Raises NotFound.
    """
    wanted = {row.conversation_id: row for row in rows}
    ids = sorted(wanted)
    if not ids:
        return []
    before = await hold_all(tx, ids)
    await _write(tx, [wanted[id_] for id_ in ids])
    after = {held.id: held for held in await read(tx, ids)}
    noted = [(was.id, _details(was, after[was.id], wanted[was.id].reason)) for was in before]
    await history.record_many(tx, "assigned", noted, agent_id=by)
    for was in before:
        _tell(tx, was, after[was.id])
    return [after[id_] for id_ in ids]


async def _let_know(tx: Tx, given: Sequence[Held], agent_id: int, by: int) -> None:
    """The one who got them hears of it wherever they are; who takes something knows."""
    for held in given:
        payload = {
            "verb": "assigned",
            "agent_ids": [agent_id],
            "conversation_id": held.id,
            "details": {"by": by},
        }
        await todo.add(tx, "notification", held.id, payload)


async def _write(tx: Tx, rows: Sequence[Assignment]) -> None:
    """The rows are locked ascending already, so the order of a set UPDATE is safe."""
    await tx.execute(
        """
        UPDATE conversation AS v
        SET assignee_id = given.agent_id, team_id = given.team_id, covering_for_id = given.covering_for_id,
            reason = given.reason, decision_id = given.decision_id, version = v.version + 1
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::jsonb[], $6::bigint[])
            AS given (id, agent_id, team_id, covering_for_id, reason, decision_id)
        WHERE v.id = given.id
        """,
        [row.conversation_id for row in rows],
        [row.agent_id for row in rows],
        [row.team_id for row in rows],
        [row.covering_for_id for row in rows],
        [row.reason for row in rows],
        [row.decision_id for row in rows],
    )


def _details(before: Held, after: Held, reason: dict[str, Any]) -> dict[str, Any]:
    return {
        "from_id": before.assignee_id,
        "to_id": after.assignee_id,
        "from_team_id": before.team_id,
        "team_id": after.team_id,
        "reason": reason,
    }


def _tell(tx: Tx, before: Held, now: Held) -> None:
    lost = [topic for topic in before.topics if topic not in now.topics]
    tx.signal("conversation", now.id, [*now.topics, f"thread:{now.id}"], lost=lost)


async def _names(tx: Tx, agent_ids: Sequence[int | None]) -> dict[int, str]:
    known = [id_ for id_ in agent_ids if id_ is not None]
    rows = await tx.fetch("SELECT id, name FROM agent WHERE id = ANY($1::bigint[])", known)
    return {row["id"]: row["name"] for row in rows}
