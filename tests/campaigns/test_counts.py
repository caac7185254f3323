"""A large campaign is counted by a worker, now and then, and pages read what it found."""

from __future__ import annotations

import pytest

from hub.campaigns import campaigns, comparing, counts, figures, heat, timing
from hub.plumbing.hub import Hub
from tests.campaigns.planning import planned
from tests.world import World
from workers import campaigning
from workers.todo import Chores


async def test_pages_read_of_a_large_campaign_what_a_worker_counted(
    hub: Hub, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hub.transaction() as tx:
        id_, people = await planned(tx, world)
        await tx.execute(
            "UPDATE campaign SET started_at = now() - interval '1 day', total = 3 WHERE id = $1", id_
        )
        await tx.execute(
            "UPDATE recipient SET answered_at = now() WHERE id = $1", people[world.marta_address]
        )
        product = await tx.value("INSERT INTO product (name) VALUES ('Línea') RETURNING id")
        await tx.execute(
            """
            INSERT INTO purchase (contact_id, product_id, amount, currency, bought_at)
            VALUES ($1, $2, 20.5, 'EUR', now() - interval '1 hour')
            """,
            world.marta,
            product,
        )
        campaign = await campaigns.load(tx, id_)
        small = (
            await figures.arms(tx, campaign),
            await comparing.beside(tx, campaign),
            await timing.spread(tx, campaign),
            await heat.of(tx, campaign),
        )
        assert [one.bought.done for one in small[0]] == [1]
        assert [one.bought.done for one in small[1]] == [1]
    monkeypatch.setattr(counts, "LARGE", 2)
    async with hub.transaction() as tx:
        assert (await figures.arms(tx, campaign), await comparing.beside(tx, campaign)) == ([], [])
        assert await timing.spread(tx, campaign) == small[2], "what is quick enough does not wait"
        assert (await counts.ask(tx), await counts.ask(tx)) == ([id_], []), "asked for once"
    await Chores(hub, campaigning.KINDS, most=1).turn()
    async with hub.transaction() as tx:
        assert await figures.arms(tx, campaign) == small[0]
        assert await comparing.beside(tx, campaign) == small[1]
        assert await timing.spread(tx, campaign) == small[2]
        assert await heat.of(tx, campaign) == small[3] != []
        assert await counts.counted_at(tx, campaign) is not None
        await tx.execute("UPDATE campaign_count SET at = now() - interval '11 minutes'")
        assert await counts.ask(tx) == [id_], "it is counted again"
        await timing.begin(tx, id_)
        assert await figures.arms(tx, campaign) == [], "another plan"
