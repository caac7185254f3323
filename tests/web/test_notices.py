"""What somebody must hear of: a toast that leads there, a number at the bell, and a list of what was missed."""

from __future__ import annotations

from hub.campaigns import announcing, campaigns
from hub.notifications.notifier import News, notify
from hub.plumbing.hub import Hub
from tests.conversations.making import conversation, said
from tests.web.browsing import Web
from tests.web.test_inbox_live import Ear
from tests.world import World
from workers.todo import Chores


async def test_who_made_and_who_approved_a_campaign_hears_that_it_stands_still_and_that_it_ended(
    site: Web, hub: Hub, world: World
) -> None:
    """Lola was away: it waits for her behind the bell. Ana has nothing to do with it."""
    mario = await Ear.open(await site.browser(world.mario), f"agent:{world.mario}")
    async with hub.transaction() as tx:
        made = await campaigns.create(tx, "Otoño", agent_id=world.mario)
        await tx.execute("UPDATE campaign SET approved_by = $2 WHERE id = $1", made.id, world.lola)
        campaign = await campaigns.load(tx, made.id)
        await announcing.announce(tx, campaign, "campaign_failing", why="De 20 fallaron 12.")
    await Chores(hub).turn()
    stands = "La campaña «Otoño» está parada. De 20 fallaron 12."
    assert (await mario.until("toast", stands))[2] == f"/campaigns/{made.id}/run"
    async with hub.transaction() as tx:
        await announcing.announce(tx, campaign, "campaign_finished")
    await Chores(hub).turn()
    ended = "La campaña «Otoño» ha terminado"
    assert (await mario.until("toast", ended))[2] == f"/campaigns/{made.id}/report"

    browser = await site.browser(world.lola)
    page = await browser.text("/notices")
    assert f'<a href="/campaigns/{made.id}/run">' in page
    assert f">{stands}" in page
    assert page.index(ended) < page.index(stands), "newest first"
    assert 'data-count="notices">2<' in page
    lola = await Ear.open(browser, f"agent:{world.lola}")
    assert (await lola.until("count", "notices"))[2] == 2
    newest = await hub.pool.fetchval("SELECT max(id) FROM notification WHERE agent_id = $1", world.lola)
    assert (await browser.post(f"/notices/{newest}/seen")).status == 303
    assert (await lola.until("count", "notices"))[2] == 0
    assert "Todo visto" not in await browser.text("/notices")
    assert await hub.pool.fetchval("SELECT count(*) FROM notification WHERE seen_at IS NULL") == 2, "Mario's"
    ana = await site.browser(world.ana)
    assert "Nadie te ha dicho nada" in await ana.text("/notices")
    assert (await ana.post(f"/notices/{newest}/seen")).status == 303
    assert await hub.pool.fetchval("SELECT count(*) FROM notification WHERE seen_at IS NULL") == 2


async def test_reading_the_conversation_is_seeing_what_was_told_of_it(
    site: Web, hub: Hub, world: World
) -> None:
    async with hub.transaction() as tx:
        id_ = await conversation(tx, world, assignee=world.ana)
        await said(tx, world, id_)
        for verb in ("delivery_failed", "perhaps_sent", "assigned"):
            told = {"recipient": "marta@acme.test", "by": world.lola}
            await notify(tx, News(verb=verb, agent_ids=[world.ana], conversation_id=id_, details=told))
        await notify(tx, News(verb="campaign_finished", agent_ids=[world.ana], details={"campaign": "Otoño"}))
    browser = await site.browser(world.ana)
    page = await browser.text("/notices")
    for words in ("no llegó a marta@acme.test", "quizá se envió a marta@acme.test", "Lola te ha asignado"):
        assert words in page
    assert page.count(f'<a href="/c/{id_}">') == 3
    assert (await browser.post(f"/c/{id_}/reading")).status == 303
    assert 'data-count="notices">1<' in await browser.text("/notices")


async def test_nobody_is_told_of_a_conversation_they_may_not_see_any_more(
    site: Web, hub: Hub, world: World
) -> None:
    async with hub.transaction() as tx:
        id_ = await conversation(tx, world, assignee=world.ana)
        await notify(
            tx,
            News(verb="mentioned", agent_ids=[world.ana], conversation_id=id_, details={"by": world.lola}),
        )
        await tx.execute(
            "UPDATE conversation SET team_id = $2, assignee_id = NULL WHERE id = $1", id_, world.legal
        )
    page = await (await site.browser(world.ana)).text("/notices")
    assert "Lola te ha" not in page
    assert 'data-count="notices"><' in page
