"""Noise stands aside without clock or unread, and one key brings it back, routed."""

from __future__ import annotations

from hub.conversations import aside, inbox
from hub.plumbing.db import Tx
from tests.conversations.making import conversation, row, said, verbs
from tests.world import World


async def test_put_aside_has_no_clock_and_no_unread(tx: Tx, world: World) -> None:
    id_ = await conversation(tx, world, assignee=world.ana)
    await said(tx, world, id_)
    held = await aside.put_aside(tx, id_, agent_id=world.ana)
    assert (held.state, held.waiting_since) == ("aside", None)
    [shown] = await inbox.aside(tx, world.ana)
    assert shown.unread == 0
    assert await inbox.mine(tx, world.ana) == []


async def test_brought_back_it_waits_again_and_is_routed_if_nobody_has_it(tx: Tx, world: World) -> None:
    id_ = await conversation(tx, world, state="aside")
    await said(tx, world, id_)
    held = await aside.bring_back(tx, id_, agent_id=world.luis)
    assert held.state == "open"
    assert (await row(tx, id_))["waiting_since"] is not None
    assert await tx.value("SELECT count(*) FROM todo WHERE kind = 'route' AND ref = $1", id_) == 1
    await aside.bring_back(tx, id_, agent_id=world.luis)
    assert await verbs(tx, id_) == ["brought_back"]
    assert await tx.value("SELECT count(*) FROM todo WHERE kind = 'route' AND ref = $1", id_) == 1
