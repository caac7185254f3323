"""Row ④ after the commit: a team's waiting conversations go to its least loaded members, one transaction a team."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec

from hub.conversations.assignment import Assignment, assign
from hub.conversations.holding import Held, hold_all
from hub.plumbing import todo
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub
from hub.routing import decisions
from hub.routing.built_in import able, chosen
from hub.routing.cases import AgentState, Decision, Staff, TeamState
from hub.routing.owner import Why, passed_over
from hub.routing.staff import look_up

MOST_AT_ONCE = 500
"""Of those who need the same."""
MOST_PASSES = 20
TOLD_CANDIDATES = 20


class Needs(msgspec.Struct, frozen=True):
    """What a waiting conversation asks of whoever gets it."""

    skill: str = ""
    language: str = ""
    live: bool = False


class Waiting(msgspec.Struct, frozen=True):
    """One conversation that waits to be shared out."""

    id: int
    needs: Needs


class Pick(msgspec.Struct, frozen=True):
    """Who gets it, with how many open conversations before, and why the others did not."""

    waiting: Waiting
    agent: AgentState
    load: int
    candidates: list[dict[str, Any]]


async def queue_balance(tx: Tx, team_id: int) -> None:
    """Share out this team's queue right after the commit; the row makes sure of it."""
    await todo.add(tx, "balance", team_id)
    tx.wake("todo")


async def queue_balance_for(tx: Tx, agent_id: int) -> None:
    """The same for every team of an agent who appears, comes back, or closed something."""
    rows = await tx.fetch("SELECT team_id FROM team_member WHERE agent_id = $1 ORDER BY team_id", agent_id)
    await todo.add_many(tx, "balance", [row["team_id"] for row in rows])
    tx.wake("todo")


async def sweep(hub: Hub) -> int:
    """Balance every team somebody waits for; how many conversations found an agent."""
    async with hub.transaction() as tx:
        rows = await tx.fetch(
            """
            SELECT DISTINCT team_id FROM conversation
            WHERE state = 'open' AND assignee_id IS NULL AND team_id IS NOT NULL AND reason ? 'needs'
            """
        )
    return sum([await balance(hub, row["team_id"]) for row in rows])


async def balance(hub: Hub, team_id: int) -> int:
    """Share out the team's queue, oldest waiting first; how many conversations found an agent.

    Safe to call from any number of processes at once: each conversation goes to exactly one agent, and none
    gets more than their capacity.
    """
    total = 0
    for _pass in range(MOST_PASSES):
        given = await hub.retrying(partial(balance_once, team_id=team_id))
        total += given
        if given == 0:
            break
    return total


async def balance_once(tx: Tx, team_id: int) -> int:
    """One pass in one transaction. Locks: team, its members, then contacts and conversations."""
    if await tx.value("SELECT id FROM team WHERE id = $1 FOR NO KEY UPDATE", team_id) is None:
        return 0
    waiting = await _waiting(tx, team_id)
    if not waiting:
        return 0
    await _lock_members(tx, team_id)
    staff, rules = await look_up(tx)
    team, loads = staff.teams[team_id], await _loads(tx, team_id)
    wanted = [pick.waiting.id for pick in share(waiting, staff, team, loads)]
    held = {one.id: one for one in await hold_all(tx, wanted)}
    picks = share(await _waiting(tx, team_id, wanted), staff, team, loads)
    made = await decisions.write(tx, [(p.waiting.id, _decision(p, team, rules.version)) for p in picks])
    await assign(tx, [_assignment(p, team, held[p.waiting.id], made) for p in picks])
    return len(picks)


def share(waiting: Sequence[Waiting], staff: Staff, team: TeamState, loads: dict[int, int]) -> list[Pick]:
    """Pure: who gets which, in the order given; `loads` are open conversations by agent id and stay as they are."""
    now = dict(loads)
    picks = []
    for one in waiting:
        pick = _pick(one, staff, team, now)
        if pick is not None:
            picks.append(pick)
            now[pick.agent.id] = pick.load + 1
    return picks


def _pick(one: Waiting, staff: Staff, team: TeamState, loads: dict[int, int]) -> Pick | None:
    """Whoever is here comes first, then the fewest open conversations, then the lower id."""
    free, passed = [], []
    members = [staff.agents[id_] for id_ in sorted(team.member_ids) if id_ in staff.agents]
    skilled = {agent.id for agent in able(staff, team, one.needs.skill)}
    speakers = _speakers(members, one.needs.language)
    for agent in members:
        why = _hindrance(agent, one.needs, loads.get(agent.id, 0), skilled, speakers)
        if why is None:
            free.append(agent)
        else:
            passed.append(passed_over(agent.id, agent.name, why))
    if not free:
        return None
    free.sort(key=lambda agent: (not agent.here, loads.get(agent.id, 0), agent.id))
    best, load = free[0], loads.get(free[0].id, 0)
    others = [_busier(agent, best, loads) for agent in free[1:]]
    told = [chosen(best, {"code": "least_loaded", "load": load}), *others, *passed][:TOLD_CANDIDATES]
    return Pick(one, best, load, told)


def _hindrance(
    agent: AgentState, needs: Needs, load: int, skilled: set[int], speakers: set[int]
) -> Why | None:
    if not agent.active:
        return {"code": "inactive"}
    if agent.absent_until is not None:
        return {"code": "away", "until": agent.absent_until.isoformat()}
    if needs.live and not agent.here:
        return {"code": "not_here"}
    if agent.id not in skilled:
        return {"code": "lacks_skill", "skill": needs.skill}
    if agent.id not in speakers:
        return {"code": "lacks_language", "language": needs.language}
    if load >= agent.capacity:
        return {"code": "full", "load": load, "capacity": agent.capacity}
    return None


def _speakers(members: Sequence[AgentState], language: str) -> set[int]:
    """Who speaks it; everybody when no active member does, because waiting for nobody helps nobody."""
    found = {agent.id for agent in members if agent.active and language in agent.languages}
    return found if language and found else {agent.id for agent in members}


def _busier(agent: AgentState, best: AgentState, loads: dict[int, int]) -> dict[str, Any]:
    load = loads.get(agent.id, 0)
    code = "not_here" if best.here and not agent.here else "busier"
    return passed_over(agent.id, agent.name, {"code": code, "load": load})


def _decision(pick: Pick, team: TeamState, version: int) -> Decision:
    return Decision(
        row="balance",
        agent_id=pick.agent.id,
        team_id=team.id,
        reason=_reason(pick, team),
        inputs={"needs": msgspec.to_builtins(pick.waiting.needs), "load": pick.load},
        candidates=pick.candidates,
        rule_version=version,
    )


def _reason(pick: Pick, team: TeamState) -> dict[str, Any]:
    return {"code": "balanced", "agent": pick.agent.name, "team": team.name, "load": pick.load}


def _assignment(pick: Pick, team: TeamState, held: Held, made: dict[int, int]) -> Assignment:
    return Assignment(
        conversation_id=held.id,
        agent_id=pick.agent.id,
        team_id=team.id,
        covering_for_id=held.covering_for_id,
        reason=_reason(pick, team),
        decision_id=made[held.id],
    )


async def _waiting(tx: Tx, team_id: int, among: Sequence[int] | None = None) -> list[Waiting]:
    """Oldest first; read again among the locked ones, because somebody may have taken one meanwhile.

    So many of each kind of needs: hundreds that wait for a skill nobody has must not hide the others behind them.
    """
    return await tx.rows(
        Waiting,
        """
        SELECT id, needs FROM (
            SELECT id, reason -> 'needs' AS needs, coalesce(waiting_since, last_message_at) AS since,
                   row_number() OVER (PARTITION BY reason -> 'needs'
                                      ORDER BY coalesce(waiting_since, last_message_at), id) AS place
            FROM conversation
            WHERE team_id = $1 AND state = 'open' AND assignee_id IS NULL AND reason ? 'needs'
              AND ($2::bigint[] IS NULL OR id = ANY($2))) AS queue
        WHERE place <= $3 ORDER BY since, id
        """,
        team_id,
        None if among is None else list(among),
        MOST_AT_ONCE,
    )


async def _lock_members(tx: Tx, team_id: int) -> None:
    """Somebody in two teams is given to by one balance at a time, so that capacity holds across teams."""
    await tx.execute(
        """
        SELECT FROM agent WHERE id IN (SELECT agent_id FROM team_member WHERE team_id = $1)
        ORDER BY id FOR NO KEY UPDATE
        """,
        team_id,
    )


async def _loads(tx: Tx, team_id: int) -> dict[int, int]:
    rows = await tx.fetch(
        """
        SELECT assignee_id, count(*) AS open FROM conversation
        WHERE state = 'open' AND assignee_id IN (SELECT agent_id FROM team_member WHERE team_id = $1)
        GROUP BY assignee_id
        """,
        team_id,
    )
    return {row["assignee_id"]: row["open"] for row in rows}
