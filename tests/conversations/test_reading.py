"""Unread is each agent's own."""

from __future__ import annotations

from hub.conversations import reading
from hub.plumbing.db import Tx
from tests.conversations.making import conversation, said
from tests.world import World


async def test_reading_goes_forward_and_unread_goes_back(tx: Tx, world: World) -> None:
    id_ = await conversation(tx, world)
    await said(tx, world, id_)
    await said(tx, world, id_, direction="out", agent=world.ana)
    assert await reading.read(tx, id_, world.ana) == 2
    assert await reading.read(tx, id_, world.ana, up_to=1) == 2
    assert await reading.seen(tx, id_, world.luis) == 0
    assert await reading.unread(tx, id_, world.ana) == 0
    assert await reading.seen(tx, id_, world.ana) == 0
    assert await reading.read(tx, id_, world.ana, up_to=10**6) == 2
