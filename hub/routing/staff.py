"""Who works here now and which rules count: everything `decide` needs, in one round trip."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import msgspec

import config
from hub.plumbing.db import Asked, Tx
from hub.routing import yaml_text
from hub.routing.cases import AgentState, Staff, TeamState
from hub.routing.rules import RuleSet, from_plain

STARTER = Path(config.__file__).parent / "starter" / "rules.yaml"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """The staff and the rules, right for as long as no change of them is committed and before `until`.

    Who is here at this moment is not part of it: who asks for live kinds reads everything again.
    """

    version: int
    until: datetime | None
    staff: Staff
    rules: RuleSet


class _Moment(msgspec.Struct, frozen=True):
    version: int
    at: datetime


class _Until(msgspec.Struct, frozen=True):
    until: datetime | None


class _Published(msgspec.Struct, frozen=True):
    version: int
    rows: str


async def look_up(tx: Tx, agent_ids: Sequence[int] | None = None) -> tuple[Staff, RuleSet]:
    """The staff, whole or only `agent_ids`, and the newest published rules (else the starter list)."""
    return known(await tx.several(asked(agent_ids)))


def asked(agent_ids: Sequence[int] | None = None) -> dict[str, Asked]:
    """What `known` reads; may travel with other look-ups."""
    return {
        "agents": Asked(AgentState, AGENTS, (None if agent_ids is None else list(agent_ids),)),
        "teams": Asked(TeamState, TEAMS),
        "rules": Asked(
            _Published, "SELECT version, rows::text AS rows FROM rule_set ORDER BY version DESC LIMIT 1"
        ),
    }


def known(found: dict[str, list[Any]]) -> tuple[Staff, RuleSet]:
    """The staff and the rules, out of the answers to `asked`."""
    agents = {one.id: one for one in found["agents"]}
    teams = {one.id: one for one in found["teams"]}
    rules = [_rules(one.version, one.rows) for one in found["rules"]]
    return Staff(agents=agents, teams=teams), rules[0] if rules else starter()


def asked_moment() -> dict[str, Asked]:
    """What `stands` reads: how often staff or rules have changed. The row moves with the change's own commit."""
    return {"staff_moment": Asked(_Moment, "SELECT version, now() AS at FROM staff_version")}


def stands(standing: Standing | None, found: dict[str, list[Any]]) -> bool:
    """Whether what was read before is still so, by the answers to `asked_moment`."""
    moments: list[_Moment] = found["staff_moment"]
    return (
        standing is not None
        and bool(moments)
        and moments[0].version == standing.version
        and (standing.until is None or moments[0].at < standing.until)
    )


def asked_standing() -> dict[str, Asked]:
    """What `standing` reads, besides `asked_moment`."""
    return asked() | {"staff_until": Asked(_Until, UNTIL)}


def standing(found: dict[str, list[Any]]) -> Standing:
    """The staff and the rules to be kept; the moment was answered in the same statement, or before."""
    staff, rules = known(found)
    versions = [one.version for one in found["staff_moment"]]
    return Standing(
        version=versions[0] if versions else -1, until=found["staff_until"][0].until, staff=staff, rules=rules
    )


@cache
def starter() -> RuleSet:
    """The list a new installation starts with: config/starter/rules.yaml."""
    return RuleSet(version=0, rows=yaml_text.read(STARTER.read_text("utf-8")))


@lru_cache(maxsize=4)
def _rules(version: int, rows: str) -> RuleSet:
    """The published rows, the same for batch after batch, are read once."""
    return RuleSet(version=version, rows=from_plain(msgspec.json.decode(rows)))


# By the clock alone: when the next absence begins or ends.
UNTIL = """
    SELECT min(at) AS until
    FROM (SELECT starts_at AS at FROM absence WHERE ended_at IS NULL AND starts_at > now()
          UNION ALL SELECT ends_at FROM absence WHERE ended_at IS NULL AND ends_at > now()) AS borders
"""

TEAMS = """
    SELECT team.id, team.name, team.restricted,
           ARRAY(SELECT agent_id FROM team_member WHERE team_id = team.id ORDER BY agent_id) AS member_ids
    FROM team ORDER BY team.id
"""

# The last day away is told in the agent's own zone: who is back at midnight was away until the day before.
AGENTS = """
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
"""
