"""A suggested account routes but grants nothing until an agent says yes; no sends the matter to somebody else."""

from __future__ import annotations

import pytest

from hub.conversations import belonging
from hub.customers import suggesting
from hub.plumbing.db import Tx
from hub.plumbing.errors import Conflict
from tests.conversations.making import conversation, row
from tests.world import World


async def suggested(tx: Tx, world: World) -> int:
    """Jorge as if he had written from Acme's domain; his conversation with Ana."""
    await tx.execute(
        "UPDATE contact SET account_id = $2, account_standing = 'suggested' WHERE id = $1",
        world.jorge,
        world.acme,
    )
    return await conversation(tx, world, contact=world.jorge, account=world.acme, assignee=world.ana)


async def standing(tx: Tx, contact: int) -> tuple[int | None, str]:
    found = await tx.record("SELECT account_id, account_standing FROM contact WHERE id = $1", contact)
    assert found is not None
    return found["account_id"], found["account_standing"]


async def test_confirming_makes_it_theirs(tx: Tx, world: World) -> None:
    id_ = await suggested(tx, world)
    for _again in range(2):
        held = await belonging.confirm_account(tx, id_, agent_id=world.ana)
    assert held.account_id == world.acme
    assert await standing(tx, world.jorge) == (world.acme, "confirmed")
    assert await tx.value("SELECT count(*) FROM history WHERE verb = 'account_confirmed'") == 1
    with pytest.raises(Conflict):
        await belonging.deny_account(tx, id_, agent_id=world.luis)


async def test_denying_takes_it_away_and_routes_again(tx: Tx, world: World) -> None:
    id_ = await suggested(tx, world)
    await belonging.deny_account(tx, id_, agent_id=world.ana)
    assert await standing(tx, world.jorge) == (None, "")
    assert (await row(tx, id_))["account_id"] is None
    assert await tx.value("SELECT count(*) FROM account_denial WHERE contact_id = $1", world.jorge) == 1
    assert await tx.value("SELECT array_agg(ref) FROM todo WHERE kind = 'route'") == [id_]
    await belonging.deny_account(tx, id_, agent_id=world.ana)
    assert await tx.value("SELECT count(*) FROM todo WHERE kind = 'route'") == 1
    with pytest.raises(Conflict):
        await suggesting.confirm(tx, world.jorge, agent_id=world.ana)
