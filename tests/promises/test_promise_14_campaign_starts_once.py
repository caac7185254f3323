"""Promise 14: two schedulers prepare, start and send one campaign; each person gets one, a bad one stops nobody."""

from __future__ import annotations

import asyncio
import email
from collections import Counter
from email.policy import default

from hub.campaigns import approving, deck, preparing
from hub.plumbing.hub import Hub
from tests.campaigns.preparing import customers, draft
from tests.campaigns.sending import leaving
from tests.deliveries.road import connect
from tests.fakes.faulty_smtp import FaultySmtp
from tests.waiting import until
from tests.world import World
from workers import campaigning
from workers.campaigning import begin_and_end
from workers.todo import Chores

PEOPLE = 30


async def test_promise_14_campaign_starts_once(hub: Hub, world: World) -> None:
    """From the freeze to the last letter by two workers; one address is refused, one message was tampered with."""
    other = await Hub.open(hub.settings, most_connections=6)
    try:
        async with hub.transaction() as tx:
            people = await customers(tx, PEOPLE)
            made = await draft(tx, world)
            await preparing.begin(tx, made.id, world.mario)
        await asyncio.gather(work(hub), work(other))
        async with hub.transaction() as tx:
            shown = {
                card.contact_id: card
                for card in await deck.page(
                    tx, made, crypto=hub.crypto, base_url=hub.settings.base_url, most=100
                )
            }
            await approving.approve(tx, made.id, total=PEOPLE, agent_id=world.lola)
        refused, tampered = people[PEOPLE // 2], people[PEOPLE // 2 + 1]
        await hub.pool.execute(
            'UPDATE recipient SET own = \'{"text": "Otra cosa"}\' WHERE contact_id = $1', tampered
        )
        with FaultySmtp(f"RCPT:c{refused}@people.test=550") as server:
            await connect(hub, world.mail.id, server)
            async with leaving(hub), leaving(other):
                await asyncio.gather(work(hub), work(other))
                await until(lambda: finished(hub, other))
    finally:
        await other.close()
    copies = Counter(one.rcpt_to[0] for one in server.bodies)
    assert copies == {f"c{one}@people.test": 1 for one in people if one not in (refused, tampered)}
    failed = await hub.pool.fetch("SELECT recipient, code FROM delivery WHERE state = 'failed'")
    assert {row["recipient"] for row in failed} == {f"c{one}@people.test" for one in (refused, tampered)}
    assert "changed" in {row["code"] for row in failed}
    started = await hub.pool.fetchval("SELECT count(*) FROM history WHERE verb = 'campaign_running'")
    assert started == 1
    for one in server.bodies:
        read = email.message_from_bytes(one.raw, policy=default).get_body(("plain",))
        content = shown[int(one.rcpt_to[0][1:].partition("@")[0])].content
        assert read is not None
        assert content is not None
        assert read.get_content().replace("\r\n", "\n").strip() == content.text, (
            "what was reviewed is what left"
        )


async def work(hub: Hub) -> None:
    """All there is to do for the plan, as one worker does it."""
    chores = Chores(hub, campaigning.KINDS, most=1)
    while await chores.turn():
        pass


async def finished(*schedulers: Hub) -> bool:
    """Both look whether something is to begin or to end."""
    await asyncio.gather(*(begin_and_end(one) for one in schedulers))
    return await schedulers[0].pool.fetchval("SELECT state FROM campaign") == "finished"
