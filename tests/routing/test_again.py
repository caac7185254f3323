"""Pepe is not from Acme after all: his conversation leaves Ana, unless a person already chose."""

from __future__ import annotations

import msgspec
import pytest

from hub.conversations import aside, belonging
from hub.conversations.assignment import assign_to
from hub.plumbing.errors import NotFound
from hub.routing import decisions, publishing, yaml_text
from hub.routing.again import route_again
from hub.routing.engine import decide, look_up
from tests.conversations.making import conversation, row, said
from tests.routing.cast import MARTA, case


async def suggested(tx, world):
    """Jorge's first mail, thought to be Acme's: Ana got it."""
    id_ = await conversation(
        tx, world, contact=world.jorge, account=world.acme, assignee=world.ana, team=world.support
    )
    await tx.execute(
        "UPDATE contact SET account_id = $2, account_standing = 'suggested' WHERE id = $1",
        world.jorge,
        world.acme,
    )
    asked = case(
        **(MARTA | {"account_standing": "suggested", "account_id": world.acme, "contact_id": world.jorge}),
        channel_id=world.mail.id,
        channel_team_id=world.support,
    )
    asked = msgspec.structs.replace(asked, owner_id=world.ana, deputy_id=world.luis)
    decision = decide(asked, *await look_up(tx))
    await decisions.write(tx, [(id_, decision)])
    await tx.execute("UPDATE conversation SET reason = $2 WHERE id = $1", id_, decision.reason)
    return id_


async def test_a_denied_account_gives_the_conversation_to_somebody_else(tx, world):
    id_ = await suggested(tx, world)
    await belonging.deny_account(tx, id_, agent_id=world.ana)
    assert await tx.value("SELECT ref FROM todo WHERE kind = 'route'") == id_
    now = await route_again(tx, id_)
    assert (now.assignee_id, now.team_id, now.account_id) == (None, world.support, None)
    assert (await row(tx, id_))["reason"]["code"] == "least_loaded"
    assert await tx.value("SELECT ref FROM todo WHERE kind = 'balance'") == world.support
    assert len(await decisions.of_conversation(tx, id_)) == 2


async def test_what_a_person_chose_stays(tx, world):
    id_ = await suggested(tx, world)
    await assign_to(tx, [id_], world.ana, by=world.ana)
    await belonging.deny_account(tx, id_, agent_id=world.ana)
    assert await route_again(tx, id_) is None
    assert (await row(tx, id_))["assignee_id"] == world.ana


async def test_what_somebody_brings_back_is_routed_even_by_rules_that_had_put_it_aside(tx, world):
    await publishing.publish(
        tx, yaml_text.read("rows:\n  - rule: Spam\n    then: {aside: true}\n  - row: owner\n  - row: queue\n")
    )
    id_ = await conversation(tx, world, account=world.acme, state="aside")
    await said(tx, world, id_)
    await aside.bring_back(tx, id_, agent_id=world.lola)
    assert await tx.value("SELECT ref FROM todo WHERE kind = 'route'") == id_
    now = await route_again(tx, id_)
    assert now.assignee_id == world.ana
    decision = (await decisions.of_conversation(tx, id_))[0]
    assert (decision.inputs["sender"], decision.inputs["account_name"]) == ("marta@acme.test", "Acme")


async def test_whoever_has_another_one_of_this_person_is_the_last_agent(tx, world):
    await conversation(tx, world, contact=world.jorge, assignee=world.lola)
    id_ = await conversation(tx, world, contact=world.jorge, assignee=world.ana)
    assert (await route_again(tx, id_)).assignee_id == world.lola


async def test_closed_or_joined_there_is_nothing_to_decide(tx, world):
    id_ = await suggested(tx, world)
    await tx.execute("UPDATE conversation SET state = 'closed' WHERE id = $1", id_)
    assert await route_again(tx, id_) is None
    joined = await conversation(tx, world)
    await tx.execute("UPDATE conversation SET joined_into_id = $2 WHERE id = $1", joined, id_)
    assert await route_again(tx, joined) is None
    with pytest.raises(NotFound):
        await route_again(tx, 999_999)
