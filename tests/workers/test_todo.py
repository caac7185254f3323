"""What follows a commit is done, again after an error, and one bad row never holds its neighbours."""

from __future__ import annotations

from hub.conversations.notes import note
from hub.plumbing.hub import Hub
from tests.deliveries.road import answer, matter
from tests.world import World
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
        tx.after_commit(hub.redis.ping)
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
