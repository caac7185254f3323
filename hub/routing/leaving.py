"""Somebody leaves: their accounts and conversations go to whoever was named, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from hub.conversations.assignment import Assignment, assign
from hub.conversations.holding import Held, hold_all
from hub.customers.handing_over import hand_over_accounts
from hub.plumbing import history
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import _
from hub.routing import decisions
from hub.routing.balance import queue_balance
from hub.routing.built_in import chosen
from hub.routing.cases import AgentState, Decision, Staff
from hub.routing.owner import passed_over
from hub.routing.staff import look_up


class HandedOver(msgspec.Struct, frozen=True, kw_only=True):
    """How much changed hands. `queued`: a restricted team's, which the new person may not have."""

    accounts: int
    conversations: int
    queued: int


async def belongings(tx: Tx, agent_id: int) -> tuple[int, int]:
    """(accounts, conversations) that would need somebody else if this agent left."""
    row = await tx.record(
        """
        SELECT (SELECT count(*) FROM account WHERE owner_id = $1 OR deputy_id = $1) AS accounts,
               (SELECT count(*) FROM conversation
                WHERE (assignee_id = $1 OR covering_for_id = $1) AND state IN ('open', 'snoozed')) AS conversations
        """,
        agent_id,
    )
    return (row["accounts"], row["conversations"]) if row else (0, 0)


async def hand_over(tx: Tx, from_id: int, to_id: int, *, by: int | None = None) -> HandedOver:
    """Everything of `from_id`, also what others cover for them, goes to `to_id`.

    To be called in the transaction that deactivates. Raises BadInput when `to_id` does not work here.
    """
    await tx.execute(
        "SELECT FROM agent WHERE id = ANY($1::bigint[]) ORDER BY id FOR NO KEY UPDATE", [from_id, to_id]
    )
    staff, rules = await look_up(tx)
    to, leaver = staff.agents.get(to_id), staff.agents.get(from_id)
    if to is None or leaver is None or not to.active or to_id == from_id:
        raise BadInput(_("Choose somebody who works here."), field="to")
    accounts = await hand_over_accounts(tx, from_id, to_id, by=by)
    held = [one for one in await hold_all(tx, await _theirs(tx, from_id)) if _is_theirs(one, from_id)]
    rows = [_assignment(one, staff, leaver, to) for one in held]
    made = await decisions.write(
        tx, [(row.conversation_id, _decision(row, leaver, to, rules.version)) for row in rows]
    )
    await assign(
        tx, [msgspec.structs.replace(row, decision_id=made[row.conversation_id]) for row in rows], by=by
    )
    queued = [row for row in rows if row.agent_id is None]
    for team_id in sorted({row.team_id for row in queued if row.team_id}):
        await queue_balance(tx, team_id)
    done = HandedOver(accounts=accounts, conversations=len(rows), queued=len(queued))
    counts: Mapping[str, Any] = msgspec.structs.asdict(done)
    await history.record(tx, "handed_over", agent_id=by, from_id=from_id, to_id=to_id, **counts)
    return done


def _assignment(held: Held, staff: Staff, leaver: AgentState, to: AgentState) -> Assignment:
    team = staff.teams.get(held.team_id or 0)
    if team is not None and team.restricted and to.id not in team.member_ids:
        reason: dict[str, Any] = {"code": "queue", "team": team.name, "needs": {}}
        return Assignment(conversation_id=held.id, agent_id=None, team_id=team.id, reason=reason)
    reason = {"code": "handed_over", "agent": to.name, "principal": leaver.name}
    return Assignment(conversation_id=held.id, agent_id=to.id, team_id=held.team_id, reason=reason)


def _decision(row: Assignment, leaver: AgentState, to: AgentState, rule_version: int) -> Decision:
    outside = passed_over(to.id, to.name, {"code": "outside_team", "team": row.reason.get("team", "")})
    return Decision(
        row="handed_over",
        agent_id=row.agent_id,
        team_id=row.team_id,
        reason=row.reason,
        inputs={"from_id": leaver.id, "to_id": to.id},
        candidates=[outside if row.agent_id is None else chosen(to, {"code": "handed_over"})],
        rule_version=rule_version,
    )


def _is_theirs(held: Held, agent_id: int) -> bool:
    return agent_id in (held.assignee_id, held.covering_for_id) and held.state in ("open", "snoozed")


async def _theirs(tx: Tx, agent_id: int) -> list[int]:
    rows = await tx.fetch(
        """
        SELECT id FROM conversation
        WHERE (assignee_id = $1 OR covering_for_id = $1) AND state IN ('open', 'snoozed') ORDER BY id
        """,
        agent_id,
    )
    return [row["id"] for row in rows]
