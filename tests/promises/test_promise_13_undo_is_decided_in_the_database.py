"""Promise 13: undo and cancel races are decided in the database: never taken back and delivered."""

from __future__ import annotations

import asyncio
import random

import pytest

from hub.conversations.replies import Reply
from hub.conversations.undo import undo
from hub.departure import Pace
from hub.plumbing.errors import Conflict, NotFound
from hub.plumbing.hub import Hub
from tests.deliveries.road import answer, connect, matter, running, until_all
from tests.fakes.faulty_smtp import FaultySmtp
from tests.world import World

RACES = 1000


@pytest.mark.timeout(180)
async def test_promise_13_undo_is_decided_in_the_database(hub: Hub, world: World) -> None:
    await _many(hub, await answer(hub, world))
    rows = await hub.pool.fetch("SELECT message_id AS id, message_header FROM delivery")
    dice = random.Random(13)
    with FaultySmtp() as server:
        await connect(hub, world.mail.id, server)
        # due one after the other over about as long as the undoing takes, so that they really meet
        await hub.pool.execute(
            "UPDATE delivery SET due_at = now() + make_interval(secs => 0.5 + 6.0 * random())"
        )
        async with running(hub, Pace(sweep=0.02, slots=6)):
            order = [row["id"] for row in rows]
            dice.shuffle(order)
            undone = set(await _undo_all(hub, world, order))
            await until_all(hub, "sent")
        copies = server.copies()
    sent = {row["id"] for row in rows if copies.get(f"<{row['message_header']}>")}
    assert sent.isdisjoint(undone), "taken back and delivered"
    assert sent | undone == {row["id"] for row in rows}, "neither taken back nor delivered"
    assert set(copies.values()) <= {1}
    assert min(len(sent), len(undone)) > RACES // 20, f"no race: {len(sent)} sent, {len(undone)} undone"
    left = await hub.pool.fetchval("SELECT count(*) FROM message WHERE direction = 'out'")
    assert left == len(sent)


async def _many(hub: Hub, first: Reply) -> None:
    """The same answer a thousand times, as the road out would have queued it."""
    async with hub.transaction() as tx:
        await tx.execute(
            """
            INSERT INTO message (conversation_id, home_id, seq, direction, channel_id, agent_id, sender, recipients,
                                 subject, text, message_id)
            SELECT conversation_id, home_id, seq + n, direction, channel_id, agent_id, sender, recipients,
                   subject, text, message_id || n
            FROM message, generate_series(1, $2) AS n WHERE id = $1
            """,
            first.id,
            RACES - 1,
        )
        await tx.execute(
            """
            INSERT INTO delivery (token, message_id, channel_id, address_id, recipient, state, message_header, undo)
            SELECT m.id::text, m.id, d.channel_id, d.address_id, d.recipient, 'held', m.message_id, d.undo
            FROM message m, delivery d WHERE m.direction = 'out' AND d.message_id = $1 AND m.id <> $1
            """,
            first.id,
        )
        await tx.execute(
            "UPDATE conversation SET last_seq = last_seq + $2 WHERE id = $1", first.conversation_id, RACES - 1
        )


async def _undo_all(hub: Hub, world: World, message_ids: list[int]) -> list[int]:
    """Four agents' fingers at once; the ids that were really taken back."""
    undone: list[int] = []
    waiting = list(message_ids)

    async def finger() -> None:
        while waiting:
            message_id = waiting.pop()
            try:
                await hub.retrying(lambda tx, id_=message_id: undo(tx, id_, world.ana))
                undone.append(message_id)
            except Conflict:
                pass

    await asyncio.gather(*(finger() for _ in range(4)))
    return undone


async def test_undo_gives_everything_back(hub: Hub, world: World) -> None:
    from hub.conversations.media import upload

    file = await upload(hub, world.ana, "plan.txt", b"plan")
    async with hub.transaction() as tx:
        id_ = await matter(tx, world, state="closed")
    before = await _line(hub, id_)
    done = await answer(hub, world, id_, text="¡Perdón!", attachments=[file.token])
    assert done.undo_until is not None
    answered = await _line(hub, id_)
    assert (answered["state"], answered["last_direction"]) == ("open", "out")
    async with hub.transaction() as tx:
        undone = await undo(tx, done.id, world.ana)
    assert (undone.text, undone.attachments) == ("¡Perdón!", [file.token])
    after = await _line(hub, id_)
    assert after["version"] > before["version"]
    assert {**after, "version": 0, "last_seq": 0} == {**before, "version": 0, "last_seq": 0}
    assert await hub.pool.fetchval("SELECT count(*) FROM delivery") == 0


async def test_who_waited_waits_again(hub: Hub, world: World) -> None:
    async with hub.transaction() as tx:
        id_ = await matter(tx, world)
    waiting = (await _line(hub, id_))["waiting_since"]
    done = await answer(hub, world, id_)
    assert (await _line(hub, id_))["waiting_since"] is None
    async with hub.transaction() as tx:
        await undo(tx, done.id, world.ana)
    assert (await _line(hub, id_))["waiting_since"] == waiting is not None


async def test_only_who_wrote_it_takes_it_back(hub: Hub, world: World) -> None:
    done = await answer(hub, world)
    with pytest.raises(NotFound):
        async with hub.transaction() as tx:
            await undo(tx, done.id, world.olga)


async def _line(hub: Hub, conversation_id: int) -> dict[str, object]:
    return dict(await hub.pool.fetchrow("SELECT * FROM conversation WHERE id = $1", conversation_id))
