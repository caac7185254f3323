"""One `may_see`: the function and its twin in SQL agree on everything."""

from __future__ import annotations

from itertools import product

from hub.agents import roles
from hub.agents.roles import ALLOWED, ROLES, VISIBLE_TO, Person, may_see
from hub.conversations.sight import sights
from hub.plumbing.db import Tx
from tests.world import World


async def test_the_function_and_its_twin_in_sql_agree(tx: Tx, world: World) -> None:
    """Every agent, in every role, with and without memberships, against every kind of conversation."""
    both = await tx.value("INSERT INTO team (name, restricted) VALUES ('Board', true) RETURNING id")
    await tx.execute("INSERT INTO team_member VALUES ($1, $2), ($1, $3)", both, world.lola, world.mario)
    people = [world.ana, world.luis, world.lola, world.mario, world.berta, world.olga]
    for team, assignee, state in product(
        (None, world.support, world.legal, both), (None, world.ana, world.olga), ("open", "closed", "aside")
    ):
        await tx.execute(
            """
            INSERT INTO conversation (token, state, contact_id, channel_id, last_channel_id, assignee_id, team_id)
            VALUES (gen_random_uuid()::text, $1, $2, $3, $3, $4, $5)
            """,
            state,
            world.marta,
            world.mail.id,
            assignee,
            team,
        )
    every = [row["id"] for row in await tx.fetch("SELECT id FROM conversation")]
    known = await sights(tx, every)
    seen_by_some = set()
    for role, agent_id in product(ROLES, people):
        await tx.execute("UPDATE agent SET role = $2 WHERE id = $1", agent_id, role)
        person = await roles.load(tx, agent_id)
        by_function = {id_ for id_ in every if known[id_].seen_by(person)}
        by_sql = {
            row["id"] for row in await tx.fetch(f"SELECT id FROM conversation WHERE {VISIBLE_TO}", agent_id)
        }
        assert by_function == by_sql, (role, person)
        assert (by_sql == set(every)) == (role == "admin"), (role, person)
        seen_by_some |= by_sql
    assert seen_by_some == set(every)


def test_the_outsider_sees_open_teams_and_what_is_theirs_only() -> None:
    ana = Person(id=1, name="Ana", email="ana@dialogo.test", role="lead", team_ids=frozenset({1}))
    assert may_see(ana, team_restricted=False, team_id=2, assignee_id=None)
    assert may_see(ana, team_restricted=True, team_id=1, assignee_id=None)
    assert may_see(ana, team_restricted=True, team_id=2, assignee_id=1)
    assert not may_see(ana, team_restricted=True, team_id=2, assignee_id=3)
    assert not may_see(ana, team_restricted=True, team_id=2, assignee_id=None)


def test_an_admin_may_everything_that_only_some_may() -> None:
    assert all("admin" in allowed for allowed in ALLOWED.values())
    assert not any(
        "agent" in allowed for verb, allowed in ALLOWED.items() if verb != "see_absences_of_others"
    )


async def test_an_inactive_agent_is_nobody(tx: Tx, world: World) -> None:
    await tx.execute("UPDATE agent SET active = false WHERE id = $1", world.ana)
    assert await roles.load_many(tx, [world.ana, world.luis]) == [await roles.load(tx, world.luis)]
