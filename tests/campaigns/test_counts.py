"""A large campaign is counted by a worker, now and then, and pages read what it found."""

from __future__ import annotations

import pytest

from hub.campaigns import campaigns, comparing, counts, figures, heat, timing, tracking
from hub.campaigns.campaigns import Campaign
from hub.campaigns.figures import Failure
from hub.plumbing.db import Tx
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
            "UPDATE campaign SET started_at = now() - interval '1 day', total = 2 WHERE id = $1", id_
        )
        await tx.execute(
            "UPDATE recipient SET answered_at = now() WHERE id = $1", people[world.marta_address]
        )
        await tracking.keep_links(tx, id_, 1, ["https://a.test/"])
        await tracking.follow(tx, people[world.marta_address], 1, machine=False)
        await tx.execute("INSERT INTO opening (recipient_id) VALUES ($1)", people[world.marta_address])
        await tx.execute("UPDATE delivery SET state = 'failed', reason = 'no such user'")
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
            await seen(tx, campaign),
        )
        assert [(one.reason, one.number) for one in small[4][0]] == [("no such user", 2)]
        assert ([one.people for one in small[4][1]], small[4][2]) == ([1], 1)
        assert [one.bought.done for one in small[0]] == [1]
        assert [one.bought.done for one in small[1]] == [1]
    monkeypatch.setattr(counts, "LARGE", 1)
    async with hub.transaction() as tx:
        assert (await figures.arms(tx, campaign), await comparing.beside(tx, campaign)) == ([], [])
        assert await timing.spread(tx, campaign) == small[2], "what is quick enough does not wait"
        assert await seen(tx, campaign) == small[4]
        assert (await counts.ask(tx), await counts.ask(tx)) == ([id_], []), "asked for once"
    await Chores(hub, campaigning.KINDS, most=1).turn()
    async with hub.transaction() as tx:
        assert await figures.arms(tx, campaign) == small[0]
        assert await comparing.beside(tx, campaign) == small[1]
        assert await timing.spread(tx, campaign) == small[2]
        assert await heat.of(tx, campaign) == small[3] != []
        await tx.execute("UPDATE delivery SET reason = 'another'")
        await tx.execute("DELETE FROM opening")
        await tracking.follow(tx, people[world.jorge_address], 1, machine=False)
        assert await seen(tx, campaign) == small[4], "what changed since is not looked at"
        assert await counts.counted_at(tx, campaign) is not None
        await tx.execute("UPDATE campaign_count SET at = now() - interval '11 minutes'")
        assert await counts.ask(tx) == [id_], "it is counted again"
        await timing.begin(tx, id_)
        assert await figures.arms(tx, campaign) == [], "another plan"


async def seen(tx: Tx, campaign: Campaign) -> tuple[list[Failure], list[tracking.Followed], int]:
    """What failed, the links, the opens."""
    progress = await figures.progress(tx, campaign.id)
    return (
        await figures.failures(tx, campaign, progress),
        await tracking.followed(tx, campaign),
        await tracking.opened(tx, campaign),
    )
