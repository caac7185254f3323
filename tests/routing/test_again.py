"""Pepe is not from Acme after all: his conversation leaves Ana, unless a person already chose."""

from __future__ import annotations

import msgspec

from hub.conversations import belonging
from hub.conversations.assignment import assign_to
from hub.routing import decisions
from hub.routing.again import route_again
from hub.routing.engine import decide, look_up
from tests.conversations.making import conversation, row
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


async def test_closed_or_never_decided_there_is_nothing_to_decide(tx, world):
    assert await route_again(tx, await conversation(tx, world, assignee=world.ana)) is None
    id_ = await suggested(tx, world)
    await tx.execute("UPDATE conversation SET state = 'closed' WHERE id = $1", id_)
    assert await route_again(tx, id_) is None
