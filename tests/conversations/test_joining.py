"""Join, split and move are links: read together, undone without a trace but the history."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.conversations import inbox, joining, thread
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Conflict, NotFound
from tests.conversations.making import MORNING, conversation, row, said, verbs
from tests.world import World


async def texts(tx: Tx, id_: int) -> list[str]:
    return [message.text for message in await thread.messages(tx, id_)]


async def two(tx: Tx, world: World) -> tuple[int, int]:
    """Jorge's question (older, unanswered) and Marta's conversation it belongs to (answered)."""
    one = await conversation(tx, world, subject="Otra vez", contact=world.jorge)
    await said(tx, world, one, "b", at=MORNING + timedelta(minutes=2))
    target = await conversation(tx, world, assignee=world.ana)
    await said(tx, world, target, "a", at=MORNING + timedelta(minutes=1))
    await said(tx, world, target, "c", direction="out", agent=world.ana, at=MORNING + timedelta(minutes=3))
    return one, target


async def test_joined_messages_are_read_in_the_targets_thread_in_time_order(tx: Tx, world: World) -> None:
    one, target = await two(tx, world)
    held = await joining.join(tx, one, target, agent_id=world.ana)
    assert await texts(tx, target) == ["a", "b", "c"]
    assert held.waiting_since == MORNING + timedelta(minutes=2), "the older clock counts"
    assert [shown.id for shown in await inbox.all_open(tx, world.ana)] == [target]
    assert await inbox.closed(tx, world.ana) == [], "a joined one is not listed as done"
    assert (await verbs(tx, one), await verbs(tx, target)) == (["joined"], ["took_in"])


async def test_separating_restores_both_as_they_were(tx: Tx, world: World) -> None:
    one, target = await two(tx, world)
    await tx.execute(
        "INSERT INTO thread_pointer VALUES ($1, $2, $3)", world.mail.id, world.marta_address, one
    )
    before = [await row(tx, id_) for id_ in (one, target)]
    await joining.join(tx, one, target, agent_id=world.ana)
    assert await tx.value("SELECT conversation_id FROM thread_pointer") == target
    await joining.separate(tx, one, agent_id=world.ana)
    after = [await row(tx, id_) for id_ in (one, target)]
    for was, now in zip(before, after, strict=True):
        assert {**was, "version": 0} == {**now, "version": 0}
        assert now["version"] > was["version"]
    assert await tx.value("SELECT conversation_id FROM thread_pointer") == one
    assert await texts(tx, target) == ["a", "c"]


async def test_joining_a_joined_one_keeps_links_one_long_and_separates_again(tx: Tx, world: World) -> None:
    one, middle = await two(tx, world)
    last = await conversation(tx, world)
    await said(tx, world, last, "z", at=MORNING + timedelta(minutes=9))
    await joining.join(tx, one, middle, agent_id=world.ana)
    await joining.join(tx, middle, last, agent_id=world.ana)
    assert await texts(tx, last) == ["a", "b", "c", "z"]
    with pytest.raises(Conflict):
        await joining.join(tx, last, one, agent_id=world.ana)
    await joining.separate(tx, middle, agent_id=world.ana)
    assert await texts(tx, last) == ["z"]
    assert await texts(tx, middle) == ["a", "b", "c"]


async def test_joining_an_open_one_into_a_closed_one_opens_it(tx: Tx, world: World) -> None:
    one = await conversation(tx, world)
    await said(tx, world, one)
    target = await conversation(tx, world, state="closed")
    held = await joining.join(tx, one, target, agent_id=world.ana)
    assert (held.state, held.closed_at) == ("open", None)


async def test_joining_twice_changes_nothing_and_never_into_itself(tx: Tx, world: World) -> None:
    one, target = await two(tx, world)
    first = await joining.join(tx, one, target, agent_id=world.ana)
    assert (await joining.join(tx, one, target, agent_id=world.luis)).version == first.version
    with pytest.raises(BadInput):
        await joining.join(tx, one, one, agent_id=world.ana)
    with pytest.raises(NotFound):
        await joining.join(tx, one, 999_999, agent_id=world.ana)


async def test_a_split_moves_the_rest_and_every_message_remembers_its_home(tx: Tx, world: World) -> None:
    id_ = await conversation(tx, world, assignee=world.ana, tags=["envío"])
    made = [await said(tx, world, id_, text, subject="Otro asunto") for text in "abcd"]
    new = await joining.split(tx, id_, made[2], agent_id=world.ana)
    assert (await texts(tx, id_), await texts(tx, new.id)) == (["a", "b"], ["c", "d"])
    assert (new.assignee_id, new.tags, new.last_seq, new.subject) == (world.ana, ["envío"], 2, "Otro asunto")
    assert (await row(tx, id_))["last_preview"] == "b"
    homes = await tx.fetch("SELECT DISTINCT home_id FROM message WHERE conversation_id = $1", new.id)
    assert [one["home_id"] for one in homes] == [id_]
    await joining.rejoin(tx, new.id, agent_id=world.ana)
    assert await texts(tx, id_) == ["a", "b", "c", "d"]


async def test_after_a_split_no_number_is_given_twice(tx: Tx, world: World) -> None:
    id_ = await conversation(tx, world)
    made = [await said(tx, world, id_, text) for text in "abc"]
    await joining.split(tx, id_, made[2], agent_id=world.ana)
    await said(tx, world, id_, "d")
    assert [message.seq for message in await thread.messages(tx, id_)] == [1, 2, 4]


async def test_a_split_needs_a_message_of_this_conversation_and_not_the_first(tx: Tx, world: World) -> None:
    one, target = await two(tx, world)
    [foreign] = await thread.messages(tx, one)
    first, *_rest = await thread.messages(tx, target)
    with pytest.raises(NotFound):
        await joining.split(tx, target, foreign.id, agent_id=world.ana)
    with pytest.raises(Conflict):
        await joining.split(tx, target, first.id, agent_id=world.ana)


async def test_moving_to_another_contact_takes_their_account_along(tx: Tx, world: World) -> None:
    id_ = await conversation(tx, world, contact=world.jorge)
    held = await joining.move(tx, id_, agent_id=world.ana, contact_id=world.marta)
    assert (held.contact_id, held.account_id) == (world.marta, world.acme)
    back = await joining.move(tx, id_, agent_id=world.ana, contact_id=world.jorge)
    assert (back.contact_id, back.account_id) == (world.jorge, None)
    with pytest.raises(NotFound):
        await joining.move(tx, id_, agent_id=world.ana, contact_id=999_999)
    with pytest.raises(BadInput):
        await joining.move(tx, id_, agent_id=world.ana)


async def test_refusing_a_suggested_join(tx: Tx, world: World) -> None:
    other = await conversation(tx, world)
    id_ = await conversation(tx, world)
    message = await said(tx, world, id_, belongs_to=other)
    await joining.keep_apart(tx, message, conversation_id=id_, agent_id=world.ana)
    [shown] = await thread.messages(tx, id_)
    assert shown.belongs_to_id is None
    assert await verbs(tx, id_) == ["kept_apart"]
