"""An agent writes first: to somebody known or somebody new, once, in a conversation that becomes a mail of its own."""

from __future__ import annotations

import re

from hub.conversations import drafts, starting
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub
from tests.web.browsing import Browser, Web
from tests.world import World
from workers.todo import Chores


async def begun(browser: Browser, **fields: str) -> int:
    """The conversation that stands then."""
    answer = await browser.post("/new", fields)
    assert answer.status == 303, await answer.text()
    found = re.fullmatch(r"/c/(\d+)", answer.headers["Location"])
    assert found is not None
    return int(found[1])


async def said(tx: Tx, conversation_id: int) -> list[tuple[str, str]]:
    rows = await tx.fetch(
        """
        SELECT m.subject, d.recipient FROM message m JOIN delivery d ON d.message_id = m.id
        WHERE m.conversation_id = $1 ORDER BY m.seq
        """,
        conversation_id,
    )
    return [(row["subject"], row["recipient"]) for row in rows]


async def test_an_agent_writes_first_to_somebody_known(hub: Hub, site: Web, world: World) -> None:
    browser, marta = await site.browser(world.ana), str(world.marta)
    page = await browser.text(f"/new?contact={marta}")
    assert "Marta Ruiz" in page
    assert "Acme" in page
    id_ = await begun(browser, contact_id=marta, subject="Visita del martes")
    assert await begun(browser, contact_id=marta, subject="") == id_, "the same empty one, however often"
    shown = await browser.text(f"/inbox/mine/c/{id_}")
    assert "Visita del martes" in shown
    assert 'value="Visita del martes"' in shown
    assert "Re: Visita" not in shown
    sent = await browser.post(f"/c/{id_}/messages", {"text": "¿Te viene bien?", "client_id": "c1"})
    assert sent.status in (200, 303)
    async with hub.transaction() as tx:
        assert await said(tx, id_) == [("Visita del martes", "marta@acme.test")]
        row = await tx.record("SELECT account_id, assignee_id, team_id FROM conversation WHERE id = $1", id_)
    assert row is not None
    assert (row["account_id"], row["assignee_id"], row["team_id"]) == (world.acme, world.ana, world.support)
    assert await begun(browser, contact_id=marta) != id_, "what was written in stays what it is"
    assert "Visita del martes" in await browser.text(f"/new?contact={marta}"), "what is open is offered"


async def test_what_was_begun_and_left_without_a_word_ends(hub: Hub, site: Web, world: World) -> None:
    """After its hours; where something is begun to be written it is kept, and asked about again."""
    browser = await site.browser(world.ana)
    left = await begun(browser, contact_id=str(world.marta))
    kept = await begun(browser, contact_id=str(world.jorge))
    said_ = await begun(browser, address="carla@nueva.test", name="Carla")
    await browser.post(f"/c/{said_}/messages", {"text": "Hola", "client_id": "c1"})
    async with hub.transaction() as tx:
        await drafts.save(tx, kept, world.ana, mode="reply", text="Buenos días", version=0)
    await Chores(hub).turn()
    assert await standing(hub) == [left, kept, said_], "not before"
    await hours_later(hub)
    assert await standing(hub) == [kept, said_]
    assert (await browser.get(f"/inbox/mine/c/{left}")).status == 404
    async with hub.transaction() as tx:
        assert not await tx.value("SELECT count(*) FROM history WHERE conversation_id = $1", left)
        await drafts.drop(tx, kept, world.ana, "reply")
    await hours_later(hub)
    assert await standing(hub) == [said_]
    await hours_later(hub)
    async with hub.transaction() as tx:
        assert not await tx.value("SELECT count(*) FROM todo WHERE kind = $1", starting.LEFT)


async def hours_later(hub: Hub) -> None:
    async with hub.transaction() as tx:
        await tx.execute("UPDATE todo SET due_at = now() WHERE kind = $1", starting.LEFT)
    await Chores(hub).turn()


async def standing(hub: Hub) -> list[int]:
    async with hub.transaction() as tx:
        return [row["id"] for row in await tx.fetch("SELECT id FROM conversation ORDER BY id")]


async def test_somebody_new_is_made_and_somebody_known_found_by_their_address(
    hub: Hub, site: Web, world: World
) -> None:
    browser = await site.browser(world.ana)
    fields = {"name": "Carla", "address": "Carla@Nueva.test", "subject": "Hola"}
    first = await begun(browser, **fields)
    assert await begun(browser, **fields) == first
    found = await begun(browser, address="marta@acme.test")
    async with hub.transaction() as tx:
        owners = await tx.fetch(
            "SELECT v.id, v.contact_id, c.name FROM conversation v JOIN contact c ON c.id = v.contact_id ORDER BY v.id"
        )
    assert [row["name"] for row in owners] == ["Carla", "Marta Ruiz"]
    assert [row["id"] for row in owners] == [first, found]
    for wrong in ("", "carla", "carla@", "12"):
        answer = await browser.post("/new", {"address": wrong})
        assert answer.status == 422, wrong
    assert (await browser.post("/new", {"contact_id": "999999"})).status == 404


async def test_a_restricted_teams_line_is_nobody_elses(hub: Hub, site: Web, world: World) -> None:
    """Olga's team has the only line there is: Luis, the outsider there, cannot begin anything on it."""
    async with hub.transaction() as tx:
        await tx.execute("UPDATE channel SET team_id = $1", world.legal)
    refused = await (await site.browser(world.luis)).post("/new", {"contact_id": str(world.marta)})
    assert refused.status == 422
    assert "No hay forma de escribirle" in await refused.text()
    await begun(await site.browser(world.olga), contact_id=str(world.marta))
