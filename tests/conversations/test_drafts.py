"""Drafts: kept a mode, versioned, and never overwritten from a second window."""

from __future__ import annotations

import pytest

from hub.conversations import drafts
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from tests.conversations.making import conversation
from tests.world import World


async def test_a_draft_a_mode_and_an_agent(tx: Tx, world: World) -> None:
    id_ = await conversation(tx, world)
    await drafts.save(tx, id_, world.ana, mode="reply", text="Hola", version=0, subject="Re: Pedido")
    await drafts.save(tx, id_, world.ana, mode="note", text="ojo", version=0)
    await drafts.save(tx, id_, world.luis, mode="reply", text="Yo", version=0)
    assert [(one.mode, one.text) for one in await drafts.drafts(tx, id_, world.ana)] == [
        ("note", "ojo"),
        ("reply", "Hola"),
    ]
    assert await drafts.drop(tx, id_, world.ana, "reply")
    assert not await drafts.drop(tx, id_, world.ana, "reply")


async def test_a_second_window_gets_both_texts(tx: Tx, world: World) -> None:
    id_ = await conversation(tx, world)
    first = await drafts.save(tx, id_, world.ana, mode="reply", text="uno", version=0)
    second = await drafts.save(tx, id_, world.ana, mode="reply", text="dos", version=first.version)
    assert second.version == first.version + 1
    with pytest.raises(drafts.DraftConflict) as caught:
        await drafts.save(tx, id_, world.ana, mode="reply", text="tres", version=first.version)
    assert caught.value.theirs.text == "dos"
    again = await drafts.save(tx, id_, world.ana, mode="reply", text="dos", version=first.version)
    assert again.version == second.version, "the same request again is no conflict"


async def test_what_is_written_on_after_sending_elsewhere_is_a_new_draft(tx: Tx, world: World) -> None:
    id_ = await conversation(tx, world)
    assert (await drafts.save(tx, id_, world.ana, mode="reply", text="y además", version=3)).version == 1


async def test_what_is_too_long_or_unknown_is_refused(tx: Tx, world: World) -> None:
    id_ = await conversation(tx, world)
    with pytest.raises(BadInput):
        await drafts.save(tx, id_, world.ana, mode="poem", text="", version=0)
    with pytest.raises(BadInput):
        await drafts.save(tx, id_, world.ana, mode="reply", text="x" * 200_001, version=0)
