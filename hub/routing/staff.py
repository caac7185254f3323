"""Who works here now and which rules count: everything `decide` needs, in two statements."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

import config
from hub.plumbing.db import Tx
from hub.routing import yaml_text
from hub.routing.cases import AgentState, Staff, TeamState
from hub.routing.rules import RuleSet, from_plain

STARTER = Path(config.__file__).parent / "starter" / "rules.yaml"


async def look_up(tx: Tx, agent_ids: Sequence[int] | None = None) -> tuple[Staff, RuleSet]:
    """The staff, whole or only `agent_ids`, and the newest published rules (else the starter list)."""
    agents = await _agents(tx, agent_ids)
    record = await tx.record(
        """
        SELECT newest.version, newest.rows, (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'id', team.id, 'name', team.name, 'restricted', team.restricted, 'member_ids', (
                    SELECT coalesce(jsonb_agg(agent_id ORDER BY agent_id), '[]')
                    FROM team_member WHERE team_id = team.id)) ORDER BY team.id), '[]')
            FROM team) AS teams
        FROM (SELECT) AS one LEFT JOIN LATERAL
            (SELECT version, rows FROM rule_set ORDER BY version DESC LIMIT 1) AS newest ON true
        """
    )
    teams = msgspec.convert(record["teams"] if record else [], list[TeamState])
    rules = _rules(record["version"], record["rows"]) if record and record["version"] else starter()
    staff = Staff(agents={one.id: one for one in agents}, teams={one.id: one for one in teams})
    return staff, rules


@cache
def starter() -> RuleSet:
    """The list a new installation starts with: config/starter/rules.yaml."""
    return RuleSet(version=0, rows=yaml_text.read(STARTER.read_text("utf-8")))


def _rules(version: int, rows: Any) -> RuleSet:
    return RuleSet(version=version, rows=from_plain(rows))


async def _agents(tx: Tx, agent_ids: Sequence[int] | None) -> list[AgentState]:
    """The last day away is told in the agent's own zone: who is back at midnight was away until the day before."""
    return await tx.rows(
        AgentState,
        """
        SELECT agent.id, agent.name, agent.active, agent.languages, agent.skills, agent.capacity,
               away.absent_until, away.deputy_id AS absence_deputy_id,
               coalesce(presence.available AND presence.seen_until > now(), false) AS here,
               ARRAY(SELECT team_id FROM team_member WHERE agent_id = agent.id ORDER BY team_id) AS team_ids
        FROM agent
        LEFT JOIN presence ON presence.agent_id = agent.id
        LEFT JOIN LATERAL (
            SELECT deputy_id,
                   ((ends_at - interval '1 microsecond') AT TIME ZONE agent.time_zone)::date AS absent_until
            FROM absence
            WHERE absence.agent_id = agent.id AND ended_at IS NULL AND starts_at <= now() AND ends_at > now()
            ORDER BY ends_at DESC, id LIMIT 1) AS away ON true
        WHERE $1::bigint[] IS NULL OR agent.id = ANY($1)
        ORDER BY agent.id
        """,
        None if agent_ids is None else list(agent_ids),
    )
