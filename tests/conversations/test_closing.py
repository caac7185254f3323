"""Closing, reopening, snoozing, tags: what changes, what is written down, what the live lists hear."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.conversations import closing, labels, snoozing
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Conflict, NotFound
from tests.conversations.making import conversation, row, said, verbs
from tests.world import World


async def test_closing_ends_the_waiting_and_keeps_reason_and_outcome(tx: Tx, world: World) -> None:
    id_ = await conversation(tx, world, assignee=world.ana)
    await said(tx, world, id_)
    held = await closing.close(tx, id_, agent_id=world.ana, reason="order", outcome="solved")
    assert (held.state, held.close_reason, held.close_outcome) == ("closed", "order", "solved")
    assert held.waiting_since is None
    assert held.closed_at is not None
    assert await verbs(tx, id_) == ["closed"]
    [signal] = tx.signals
    assert "closed" in signal.topics
    assert f"mine:{world.ana}" in signal.lost


async def test_closing_twice_is_closing_once(tx: Tx, world: World) -> None:
    id_ = await conversation(tx, world)
    first = await closing.close(tx, id_, agent_id=world.ana, reason="order", outcome="solved")
    again = await closing.close(tx, id_, agent_id=world.luis)
    assert again.version == first.version
    assert await verbs(tx, id_) == ["closed"]


async def test_reopening_gives_the_clock_back(tx: Tx, world: World) -> None:
    id_ = await conversation(tx, world, assignee=world.ana)
    await said(tx, world, id_)
    waited = (await row(tx, id_))["waiting_since"]
    assert waited is not None
    await closing.close(tx, id_, agent_id=world.ana)
    held = await closing.reopen(tx, id_, agent_id=world.ana)
    assert (held.state, held.assignee_id, held.waiting_since) == ("open", world.ana, waited)


@pytest.mark.parametrize("wrong", [{"reason": "x'; DROP TABLE agent"}, {"outcome": "??"}])
async def test_unknown_reasons_are_refused(tx: Tx, world: World, wrong: dict[str, str]) -> None:
    id_ = await conversation(tx, world)
    with pytest.raises(BadInput):
        await closing.close(tx, id_, agent_id=world.ana, **wrong)


async def test_what_does_not_exist_is_not_found(tx: Tx, world: World) -> None:
    with pytest.raises(NotFound):
        await closing.close(tx, 999_999, agent_id=world.ana)


async def test_the_assignee_is_offered_as_owner_of_an_account_without_one(tx: Tx, world: World) -> None:
    id_ = await conversation(tx, world, assignee=world.luis, account=world.acme)
    assert await closing.owner_to_offer(tx, id_) is None
    await tx.execute("UPDATE account SET owner_id = NULL WHERE id = $1", world.acme)
    offer = await closing.owner_to_offer(tx, id_)
    assert offer is not None
    assert (offer.agent_name, offer.account_name) == ("Luis", "Acme")
    await tx.execute("UPDATE contact SET account_standing = 'suggested' WHERE id = $1", world.marta)
    assert await closing.owner_to_offer(tx, id_) is None, "nobody said yet that it is theirs"


async def test_a_snoozed_conversation_leaves_the_lists_and_comes_back(tx: Tx, world: World) -> None:
    id_ = await conversation(tx, world, assignee=world.ana)
    until = datetime.now(UTC) + timedelta(hours=1)
    held = await snoozing.snooze(tx, id_, agent_id=world.ana, until=until)
    assert (held.state, held.snoozed_until) == ("snoozed", until)
    assert await snoozing.due(tx) == []
    await tx.execute("UPDATE conversation SET snoozed_until = now() WHERE id = $1", id_)
    assert await snoozing.due(tx) == [id_]
    assert (await snoozing.wake(tx, id_)).state == "open"
    assert await snoozing.due(tx) == []
    assert await verbs(tx, id_) == ["snoozed", "woke"]


async def test_only_what_is_open_is_snoozed_and_only_into_the_future(tx: Tx, world: World) -> None:
    id_ = await conversation(tx, world, state="closed")
    with pytest.raises(Conflict):
        await snoozing.snooze(tx, id_, agent_id=world.ana, until=datetime.now(UTC) + timedelta(hours=1))
    with pytest.raises(BadInput):
        await snoozing.snooze(tx, id_, agent_id=world.ana, until=datetime.now(UTC) - timedelta(hours=1))


def test_presets_mean_the_agents_own_morning() -> None:
    friday = datetime(2026, 10, 23, 16, tzinfo=UTC)  # the night to Sunday the clocks go back in Madrid
    assert snoozing.moment("later", friday, "Europe/Madrid") == friday + timedelta(hours=3)
    assert snoozing.moment("tomorrow", friday, "Europe/Madrid") == datetime(2026, 10, 24, 7, tzinfo=UTC)
    assert snoozing.moment("monday", friday, "Europe/Madrid") == datetime(2026, 10, 26, 8, tzinfo=UTC)
    assert snoozing.moment("2026-10-26T10:00", friday, "Europe/Madrid") == datetime(
        2026, 10, 26, 9, tzinfo=UTC
    )
    with pytest.raises(BadInput):
        snoozing.moment("mañana quizá", friday, "Europe/Madrid")


async def test_tags_and_priority(tx: Tx, world: World) -> None:
    id_ = await conversation(tx, world, tags=["envío"])
    held = await labels.tag(tx, id_, agent_id=world.ana, add=["VIP", "vip ", "Envío"], remove=["nada"])
    assert held.tags == ["envío", "VIP"]
    assert (await labels.tag(tx, id_, agent_id=world.ana, remove=["vip"])).tags == ["envío"]
    assert (await labels.prioritise(tx, id_, "urgent", agent_id=world.ana)).priority == "urgent"
    for wrong in ("", "x" * 100, "dos\nlíneas\x00"):
        with pytest.raises(BadInput):
            await labels.tag(tx, id_, agent_id=world.ana, add=[wrong])
    with pytest.raises(BadInput):
        await labels.prioritise(tx, id_, "asap", agent_id=world.ana)
