"""When somebody is away, those who wait for them go to the deputy; when they are back, what is still open returns."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec

from hub.agents import absence
from hub.agents.absence import Absence
from hub.conversations.assignment import Assignment, assign
from hub.conversations.holding import Held, hold_all
from hub.plumbing import clock
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub
from hub.routing import decisions
from hub.routing.balance import queue_balance
from hub.routing.built_in import chosen
from hub.routing.cases import Case, Decision, Staff
from hub.routing.owner import Reached, reach
from hub.routing.staff import look_up


async def begin_due(hub: Hub) -> int:
    """Move what waits for everybody whose absence began; how many conversations moved. Safe in any process."""
    async with hub.transaction() as tx:
        ids = await absence.beginning(tx)
    return sum([len(await hub.retrying(partial(begin, absence_id=id_))) for id_ in ids])


async def end_due(hub: Hub) -> int:
    """Bring back what is still covered for everybody whose absence is over; how many conversations returned."""
    async with hub.transaction() as tx:
        ids = await absence.ending(tx)
    return sum([len(await hub.retrying(partial(end, absence_id=id_))) for id_ in ids])


async def begin(tx: Tx, absence_id: int) -> list[Held]:
    """One absence begins: open conversations where the customer waits go to whoever covers."""
    began = await absence.begin(tx, absence_id)
    if began is None:
        return []
    staff, rules = await look_up(tx)
    held = [one for one in await hold_all(tx, await _waiting_for(tx, began.agent_id)) if _waits(one, began)]
    cases = await _cases(tx, held, began)
    found = [(one, _covered(one, cases[one.id], staff, began)) for one in held]
    for team_id in sorted({one.team_id for one, way in found if one.team_id and way.agent_id is None}):
        await queue_balance(tx, team_id)
    return await _move(tx, found, rules.version)


async def end(tx: Tx, absence_id: int) -> list[Held]:
    """One absence is over: what others still cover returns, unless the agent left or is away again."""
    ended = await absence.end(tx, absence_id)
    if ended is None:
        return []
    staff, rules = await look_up(tx)
    agent = staff.agents.get(ended.agent_id)
    if agent is None or not agent.active or agent.absent_until is not None:
        return []
    reason = {"code": "returned", "agent": agent.name}
    way = _Way(
        "returned", agent.id, None, reason, [chosen(agent, {"code": "returned"})], {"absence_id": ended.id}
    )
    held = [one for one in await hold_all(tx, await _covered_for(tx, agent.id)) if _returns(one, agent.id)]
    return await _move(tx, [(one, way) for one in held], rules.version)


class _Way(msgspec.Struct, frozen=True):
    """Where one conversation goes, and why."""

    row: str
    agent_id: int | None
    covering_for_id: int | None
    reason: dict[str, Any]
    candidates: list[dict[str, Any]]
    inputs: dict[str, Any]


def _covered(held: Held, case: Case, staff: Staff, began: Absence) -> _Way:
    """The deputy this person named, else the account's; else the queue. It stays the first absent one's."""
    team = staff.teams.get(held.team_id or 0)
    deputy_id = case.deputy_id if case.owner_id == began.agent_id else None
    found = reach(case, staff, began.agent_id, deputy_id=deputy_id, team=team)
    whose = held.covering_for_id or began.agent_id
    inputs = {"absence_id": began.id, "waiting_since": held.waiting_since}
    reason = _reason(found, staff, began, team.name if team else "")
    if found.agent is None:
        return _Way("covering", None, whose, reason, found.passed, inputs)
    candidates = [*found.passed, chosen(found.agent, {"code": "covering"})]
    # somebody who covered and gets their own back from the one they covered for covers nobody
    covering = None if found.agent.id == whose else whose
    return _Way("covering", found.agent.id, covering, reason, candidates, inputs)


def _reason(found: Reached, staff: Staff, began: Absence, team: str) -> dict[str, Any]:
    away = staff.agents[began.agent_id].absent_until
    said: dict[str, Any] = {"principal": began.agent_name, "until": away.isoformat() if away else ""}
    if found.agent is not None:
        return {"code": "covering", "agent": found.agent.name, **said}
    if team:
        return {"code": "cover_queue", "team": team, "needs": {}, **said}
    return {"code": "cover_all", **said}


async def _move(tx: Tx, found: Sequence[tuple[Held, _Way]], rule_version: int) -> list[Held]:
    made = await decisions.write(tx, [(held.id, _decision(held, way, rule_version)) for held, way in found])
    return await assign(
        tx,
        [
            Assignment(
                conversation_id=held.id,
                agent_id=way.agent_id,
                team_id=held.team_id,
                covering_for_id=way.covering_for_id,
                reason=way.reason,
                decision_id=made[held.id],
            )
            for held, way in found
        ],
    )


def _decision(held: Held, way: _Way, rule_version: int) -> Decision:
    return Decision(
        row=way.row,
        agent_id=way.agent_id,
        team_id=held.team_id,
        covering_for_id=way.covering_for_id,
        reason=way.reason,
        inputs=way.inputs,
        candidates=way.candidates,
        rule_version=rule_version,
    )


def _waits(held: Held, began: Absence) -> bool:
    return held.assignee_id == began.agent_id and held.state == "open" and held.waiting_since is not None


def _returns(held: Held, agent_id: int) -> bool:
    return held.covering_for_id == agent_id and held.state in ("open", "snoozed")


async def _waiting_for(tx: Tx, agent_id: int) -> list[int]:
    rows = await tx.fetch(
        """
        SELECT id FROM conversation
        WHERE assignee_id = $1 AND state = 'open' AND waiting_since IS NOT NULL ORDER BY id
        """,
        agent_id,
    )
    return [row["id"] for row in rows]


async def _covered_for(tx: Tx, agent_id: int) -> list[int]:
    rows = await tx.fetch(
        """
        SELECT id FROM conversation
        WHERE covering_for_id = $1 AND state IN ('open', 'snoozed') ORDER BY id
        """,
        agent_id,
    )
    return [row["id"] for row in rows]


async def _cases(tx: Tx, held: Sequence[Held], began: Absence) -> dict[int, Case]:
    """What `reach` asks of each: its account's owner and deputy."""
    rows = await tx.fetch(
        """
        SELECT conversation.id, account.owner_id, account.deputy_id
        FROM conversation LEFT JOIN account ON account.id = conversation.account_id
        WHERE conversation.id = ANY($1::bigint[])
        """,
        [one.id for one in held],
    )
    known = {row["id"]: row for row in rows}
    return {
        one.id: Case(
            channel_id=one.channel_id,
            channel_name="",
            at=clock.now(),
            contact_id=one.root_id,
            owner_id=known[one.id]["owner_id"],
            deputy_id=known[one.id]["deputy_id"],
            kept_id=began.agent_id,
            kept_team_id=one.team_id,
        )
        for one in held
    }
