"""Publishing rules: a version each time, names become ids, the unknown is named, and the road uses the newest."""

from __future__ import annotations

import asyncio

import pytest

from hub.plumbing.errors import Conflict, NotFound
from hub.routing import publishing, yaml_text
from hub.routing.engine import decide, look_up
from hub.routing.problems import BadRules
from hub.routing.rules import BUILT_IN, Rule
from hub.routing.staff import starter
from tests.routing.cast import case

LOLA_GETS_ORDERS = """
rows:
  - rule: Orders
    when: {all: [{channel: support MAIL}, {text: pedido}]}
    then: {assign: {person: lola@dialogo.test, team: support}}
  - row: owner
"""


async def test_a_new_installation_starts_with_the_starter_rules(tx, world):
    staff, rules = await look_up(tx)
    assert rules == starter() == await publishing.current(tx)
    assert set(staff.agents) == {world.ana, world.luis, world.lola, world.mario, world.berta, world.olga}
    assert staff.teams[world.legal].restricted
    assert staff.teams[world.support].member_ids == tuple(sorted((world.ana, world.luis, world.lola)))
    only, _ = await look_up(tx, [world.ana])
    assert set(only.agents) == {world.ana}


async def test_what_is_published_counts_from_then_on(tx, world):
    published = await publishing.publish(tx, yaml_text.read(LOLA_GETS_ORDERS), note="orders", by=world.lola)
    staff, rules = await look_up(tx)
    assert rules == published == await publishing.of_version(tx, published.version)
    rule = rules.rows[0]
    assert isinstance(rule, Rule)
    assert rule.then.assign is not None
    assert (rule.then.assign.agent_id, rule.then.assign.team_id) == (world.lola, world.support)
    decision = decide(case(channel_team_id=world.support), staff, rules)
    assert (decision.agent_id, decision.rule_version) == (world.lola, published.version)
    assert (await publishing.versions(tx))[0].agent_name == "Lola"
    noted = await tx.record("SELECT agent_id, details FROM history WHERE verb = 'rules_published'")
    assert (noted["agent_id"], noted["details"]["version"]) == (world.lola, published.version)


async def test_a_new_name_breaks_no_rule(tx, world):
    await publishing.publish(tx, yaml_text.read(LOLA_GETS_ORDERS))
    await tx.execute("UPDATE agent SET name = 'Dolores', email = 'd@x.test' WHERE id = $1", world.lola)
    await tx.execute("UPDATE team SET name = 'Atención' WHERE id = $1", world.support)
    staff, rules = await look_up(tx)
    assert decide(case(), staff, rules).agent_id == world.lola


async def test_the_unknown_is_named_with_the_known(tx, world):
    parsed = yaml_text.parse("""
rows:
  - rule: R
    when: {any: [{channel: [Support mail, Fax]}]}
    then: {assign: {person: Pepa, team: Suport}}
  - row: queue
    team: Nothing
""")
    with pytest.raises(BadRules) as caught:
        await publishing.with_ids(tx, parsed.rows, parsed.lines)
    told = [str(problem) for problem in caught.value.problems]
    assert told[0] == ("line 4, row 1, when.any[0].channel: Fax is not known; there are: Support mail")
    assert told[1].startswith("line 5, row 1, then.assign.person: Pepa is not known; there are: Ana, Berta")
    assert told[2] == "line 5, row 1, then.assign.team: Suport is not known; there are: Legal, Support"
    assert told[3].startswith("line 7, row 2, team: Nothing is not known")


async def test_two_of_one_name_are_told_apart_by_their_address(tx, world):
    await tx.execute("INSERT INTO agent (name, email, role) VALUES ('Ana', 'ana2@dialogo.test', 'agent')")
    rows = yaml_text.read("rows:\n  - rule: R\n    then: {assign: {person: Ana}}\n")
    with pytest.raises(BadRules, match="not the only one"):
        await publishing.publish(tx, rows)
    rows = yaml_text.read("rows:\n  - rule: R\n    then: {assign: {person: ana@dialogo.test}}\n")
    assert (await publishing.publish(tx, rows)).version > 0


async def test_two_leads_do_not_overwrite_each_other(hub, world):
    async def publish(tx):
        return await publishing.publish(tx, BUILT_IN, instead_of=0)

    done = await asyncio.gather(*(hub.retrying(publish) for _ in range(3)), return_exceptions=True)
    assert sum(isinstance(one, Conflict) for one in done) == 2
    async with hub.transaction() as tx:
        assert len(await publishing.versions(tx)) == 1


async def test_there_is_no_such_version(tx):
    with pytest.raises(NotFound):
        await publishing.of_version(tx, 999)
    assert await publishing.of_version(tx, 0) == starter()
