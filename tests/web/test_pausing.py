"""A campaign paused for one person, from its list or their page: who, when and why stand there; it is taken back."""

from __future__ import annotations

from hub.campaigns import approving, follow_ups, recipients
from hub.plumbing.hub import Hub
from tests.campaigns.preparing import customers, draft, prepared
from tests.web.browsing import Web
from tests.world import World


async def test_a_campaign_is_paused_for_one_person_and_goes_on(site: Web, hub: Hub, world: World) -> None:
    async with hub.transaction() as tx:
        one, other = await customers(tx, 2)
        made = await draft(tx, world, steps_after=(3,))
    await prepared(hub, made.id, world)
    async with hub.transaction() as tx:
        await approving.approve(tx, made.id, total=2, agent_id=world.mario, troubles=[])
    mario, ana = await site.browser(world.mario), await site.browser(world.ana)
    door = f"/campaigns/{made.id}/contacts/{one}/follow-ups"
    report = f"/campaigns/{made.id}/report"
    assert (await mario.text(report)).count(door) == 2, "each of their messages that waits"
    assert (await ana.post(door, {"paused": "1"})).status == 403
    page = await ana.text(f"/contacts/{one}")
    assert "2 mensajes por enviar" in page
    assert door not in page, "who runs no campaigns sees it and changes nothing"

    told = await mario.post(door, {"paused": "1", "why": "Está\r\nde vacaciones", "back": "planned"})
    assert told.headers["Location"] == f"{report}?which=planned&paused={one}#people"
    assert await states(hub, made.id) == {one: {"stopped"}, other: {"ready"}}
    page = await mario.text(told.headers["Location"])
    assert "no recibirá nada más de esta campaña" in page
    assert "Deshacer" in page
    page = await mario.text(f"{report}?which=left_out")
    assert page.count("La pausó Mario") == 2
    assert "Está de vacaciones" in page
    assert "La pausó Mario" in await ana.text(f"/contacts/{one}")

    told = await mario.post(door, {"paused": "0", "back": "contact"})
    assert told.headers["Location"] == f"/contacts/{one}#campaigns"
    assert await states(hub, made.id) == {one: {"ready"}, other: {"ready"}}
    assert "Pausar para esta persona" in await mario.text(f"/contacts/{one}")
    done = await hub.pool.fetch("SELECT verb, agent_id FROM history WHERE contact_id = $1 ORDER BY id", one)
    assert [tuple(row) for row in done][-2:] == [
        ("campaign_paused_for", world.mario),
        ("campaign_resumed_for", world.mario),
    ]


async def test_who_paused_it_is_known_after_two_were_made_one(hub: Hub, world: World) -> None:
    async with hub.transaction() as tx:
        one, other = await customers(tx, 2)
        for contact_id, why in ((one, "antes"), (other, "después")):
            await tx.execute(
                "INSERT INTO history (verb, agent_id, contact_id, details) VALUES ('campaign_paused_for', $1, $2, $3)",
                world.lola,
                contact_id,
                {"campaign_id": 7, "why": why},
            )
        await tx.execute("UPDATE contact SET root_id = $1 WHERE id = $2", one, other)
        found = await follow_ups.pauses(tx, 7, [one])
        assert [(pause.agent_name, pause.why) for pause in found.values()] == [("Lola", "después")]
        assert await follow_ups.pauses(tx, 8, [one]) == {}


async def states(hub: Hub, campaign_id: int) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    async with hub.transaction() as tx:
        for one in await recipients.listed(tx, campaign_id):
            found.setdefault(one.contact_id, set()).add(one.state)
    return found
