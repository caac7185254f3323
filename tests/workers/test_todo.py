"""What follows a commit is done, again after an error, and one bad row never holds its neighbours."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from hub.channels.base import Raw
from hub.conversations.notes import note
from hub.intake import Inbound
from hub.plumbing import parked, todo
from hub.plumbing.db import Tx
from hub.plumbing.errors import NotFound
from hub.plumbing.hub import Hub
from hub.plumbing.todo import Todo
from tests.deliveries.road import answer, matter
from tests.mails import mail
from tests.world import World
from workers import todo as chores
from workers.fetching import SLOW
from workers.todo import Chores


async def test_an_answer_becomes_findable(hub: Hub, world: World) -> None:
    done = await answer(hub, world, text="El paquete está en Zaragoza.")
    await Chores(hub).turn()
    found = await hub.pool.fetchval(
        "SELECT id FROM message_search WHERE tsv @@ to_tsquery('simple', 'zaragoza')"
    )
    assert found == done.id


async def test_a_mention_becomes_a_notification_once(hub: Hub, world: World) -> None:
    async with hub.transaction() as tx:
        await note(tx, await matter(tx, world), world.ana, "@Luis mira")
    await Chores(hub).turn()
    await Chores(hub).turn()
    rows = await hub.pool.fetch("SELECT agent_id, verb FROM notification")
    assert [tuple(row) for row in rows] == [(world.luis, "mentioned")]


async def test_lost_signals_are_published_by_the_sweep(hub: Hub, world: World) -> None:
    cursor = await hub.signals.cursor()
    async with hub.transaction() as tx:
        tx.signal("conversation", 7, ["all"])
    await hub.pool.execute(
        """
        INSERT INTO todo (kind, payload) VALUES ('signal', '[{"kind": "message", "id": 9, "topics": ["all"]}]')
        """
    )
    await Chores(hub).turn()
    seen = {(signal.kind, signal.id) for _, signal in await hub.signals.since(cursor)}
    assert ("message", 9) in seen


async def test_one_bad_row_waits_with_its_error(hub: Hub, world: World) -> None:
    good = await answer(hub, world)
    await hub.pool.execute("INSERT INTO todo (kind, payload) VALUES ('notification', '{\"nonsense\": 1}')")
    await hub.pool.execute(
        """
        INSERT INTO todo (kind, payload) VALUES
            ('notification', jsonb_build_object('verb', 'mentioned', 'agent_ids', ARRAY[$1::bigint]))
        """,
        world.luis,
    )
    await Chores(hub).turn()
    assert await hub.pool.fetchval("SELECT count(*) FROM notification") == 1
    row = await hub.pool.fetchrow("SELECT * FROM todo WHERE kind = 'notification'")
    assert (row["attempts"], row["lease_until"]) == (1, None)
    assert "ValidationError" in row["error"]
    assert await hub.pool.fetchval("SELECT due_at > now() FROM todo WHERE kind = 'notification'")
    assert await hub.pool.fetchval("SELECT count(*) FROM message_search WHERE id = $1", good.id) == 1


async def test_one_row_that_never_ends_holds_none_of_its_neighbours(hub: Hub, world: World) -> None:
    """Together they came to no end within the time of a group, and would come back together for ever."""
    done = []

    async def hangs_at_the_first(hub: Hub, rows: Sequence[Todo]) -> None:
        for row in rows:
            if row.ref == 1:
                await asyncio.Event().wait()
            done.append(row.ref)

    async with hub.transaction() as tx:
        await todo.add_many(tx, "slow", [1, 2, 3])
    assert await Chores(hub, {"slow": hangs_at_the_first}, seconds=0.5).turn() == 3
    left = await hub.pool.fetch("SELECT ref, attempts, error FROM todo")
    assert (done, [tuple(row) for row in left]) == ([2, 3], [(1, 1, "TimeoutError: ")])


async def test_what_takes_longer_than_its_lease_is_done_once(
    hub: Hub, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others look for work all the while; the lease is renewed, so they find none."""
    began, go_on = asyncio.Event(), asyncio.Event()
    runs = 0

    async def slow(hub: Hub, rows: Sequence[Todo]) -> None:
        nonlocal runs
        runs += 1
        began.set()
        await go_on.wait()

    monkeypatch.setattr(chores, "KINDS", {"slow": slow})
    monkeypatch.setattr(chores, "RENEW_SECONDS", 0.01)
    await hub.pool.execute("INSERT INTO todo (kind) VALUES ('slow')")
    first = asyncio.create_task(Chores(hub).turn())
    await began.wait()
    await hub.pool.execute("UPDATE todo SET lease_until = now() + interval '0.1 s' WHERE kind = 'slow'")
    lease = "SELECT lease_until > now() + interval '100 s' FROM todo WHERE kind = 'slow'"
    async with asyncio.timeout(5):
        while not await hub.pool.fetchval(lease):
            await asyncio.sleep(0.01)
    assert await Chores(hub).turn() == 0
    go_on.set()
    assert (await first, runs) == (1, 1)
    assert await hub.pool.fetchval("SELECT count(*) FROM todo WHERE kind = 'slow'") == 0


async def test_who_lost_the_lease_ends_nothing_and_leaves_nothing(hub: Hub, world: World) -> None:
    """A worker that slept through its lease: the row is another's, its own work is rolled back."""
    await hub.pool.execute("INSERT INTO todo (kind) VALUES ('x')")
    async with hub.transaction() as tx:
        mine = await todo.claim(tx, ["x"], lease_seconds=0)
    async with hub.transaction() as tx:
        theirs = await todo.claim(tx, ["x"])

    async def late(tx: Tx) -> None:
        await todo.add(tx, "written by the sleeper")
        await todo.finish(tx, mine)

    with pytest.raises(todo.Lost):
        await hub.retrying(late)
    async with hub.transaction() as tx:
        assert await todo.done(tx, mine) == 0
        await todo.failed(tx, mine[0], "too late")
        assert await todo.done(tx, theirs) == 1
        assert await tx.value("SELECT count(*) FROM todo") == 0


async def test_what_fails_for_days_is_parked_until_a_person_looks(
    hub: Hub, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gaps grow up to a day; a server that is away parks nothing; a parked row is as if it were not there."""
    assert todo.GROWING_SECONDS[-1] == 86_400
    monkeypatch.setattr(todo, "GROWING_SECONDS", (0,))
    trouble: Exception = ValueError("no such file")

    async def broken(hub: Hub, rows: Sequence[Todo]) -> None:
        raise trouble

    async def spent(times: int) -> int:
        return sum([await Chores(hub, {"media": broken}).turn() for _ in range(times)])

    async with hub.transaction() as tx:
        await todo.add(tx, "media", 7)
    assert await spent(todo.MOST_TRIES + 3) == todo.MOST_TRIES
    async with hub.transaction() as tx:
        [one] = await parked.listed(tx)
        assert not await todo.waits(tx, "media", 7)
        await parked.try_again(tx, one.id)
    assert (one.kind, one.ref, one.attempts, one.error) == ("media", 7, 14, "ValueError: no such file")
    trouble = ConnectionError("away")
    assert await spent(todo.MOST_TRIES + 3) == todo.MOST_TRIES + 3
    async with hub.transaction() as tx:
        assert await parked.listed(tx) == []
        with pytest.raises(NotFound):
            await parked.try_again(tx, one.id)


def test_every_kind_of_work_has_words() -> None:
    assert set(parked.KINDS) >= {*chores.KINDS, *SLOW}


async def test_no_more_is_leased_than_was_asked_for(hub: Hub) -> None:
    """Whatever plan PostgreSQL chooses: a nested loop over a table nobody analysed once leased everything."""
    async with hub.transaction() as tx:
        await todo.add_many(tx, "search", range(1, 9))
    async with hub.transaction() as tx:
        await tx.execute("SET LOCAL enable_hashjoin = off")
        await tx.execute("SET LOCAL enable_hashagg = off")
        await tx.execute("SET LOCAL enable_mergejoin = off")
        await tx.execute("SET LOCAL enable_sort = off")
        assert len(await todo.claim(tx, ["search"], most=2)) == 2


async def test_the_messages_of_a_batch_are_found_by_one_row(hub: Hub, world: World) -> None:
    inbound = Inbound(hub)
    await inbound.start()
    mails = [mail(f"P{n} <p{n}@new.test>", message_id=f"<batch{n}@new.test>") for n in range(3)]
    stored = await asyncio.gather(*(inbound.receive(world.mail, Raw(body=one)) for one in mails))
    await inbound.close()
    async with hub.transaction() as tx:
        waiting = await todo.claim(tx, ["search_batch"])
        assert len(waiting) < len(stored)
    await chores.KINDS["search_batch"](hub, waiting)
    found = await hub.pool.fetch("SELECT id FROM message_search")
    assert {row["id"] for row in found} == {one.message_id for one in stored}
