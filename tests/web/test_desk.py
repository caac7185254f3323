"""The front desk: an agent writes down a visit, a letter or a paper form, and it stands in the right conversation."""

from __future__ import annotations

from typing import Any

import aiohttp

from hub.agents import tokens
from hub.channels import connections
from hub.channels.connections import Channel
from hub.channels.registry import adapter
from hub.plumbing.hub import Hub
from tests.deliveries.road import matter
from tests.web.browsing import Browser, Web
from tests.web.windows import Desk
from tests.world import World

PHOTO = b"\xff\xd8\xff\xe0" + bytes(200)


async def line(hub: Hub, world: World, kind: str = "desk", **more: Any) -> Channel:
    """A line of a kind that has no address of its own."""
    async with hub.transaction() as tx:
        return await connections.add(
            tx,
            hub.crypto,
            kind=kind,
            name={"desk": "Mostrador"}.get(kind, kind),
            address="",
            address_type=adapter(kind).can.own_type,
            team_id=world.support,
            **more,
        )


def entry(**fields: str) -> aiohttp.FormData:
    """What the page posts, with a photo."""
    data = aiohttp.FormData()
    for name, value in ({"client_id": "c1", "what": "visit", "text": "Trajo el contrato"} | fields).items():
        data.add_field(name, value)
    data.add_field("file", PHOTO, filename="foto.jpg", content_type="image/jpeg")
    return data


async def logged(browser: Browser, **fields: str) -> int:
    """The conversation an entry became part of."""
    answer = await browser.post("/desk", entry(**fields))
    assert answer.status == 303, await answer.text()
    return int(answer.headers["Location"].rpartition("/")[2])


async def test_a_visit_stands_in_the_right_conversation(hub: Hub, site: Web, world: World) -> None:
    """In Marta's open matter or a new one, for somebody known by address, and for nobody but a name; each once."""
    channel = await line(hub, world)
    async with hub.transaction() as tx:
        open_one = await matter(tx, world)
    browser, marta = await site.browser(world.ana), str(world.marta)
    page = await browser.text(f"/desk?conversation={open_one}")
    assert "Marta Ruiz" in page
    assert f'value="{open_one}" checked' in page
    assert 'capture="environment"' in page
    assert await logged(browser, contact_id=marta, conversation_id=str(open_one)) == open_one
    assert (
        await logged(browser, contact_id=marta, conversation_id=str(open_one)) == open_one
    )  # a double click
    assert await logged(browser, client_id="c2", contact_id=marta, subject="Visita") != open_one
    assert await logged(browser, client_id="c3", contact_id=marta, subject="Visita") != open_one
    found = await logged(browser, client_id="c4", name="Otra", address="MARTA@acme.test", what="letter")
    new = await logged(browser, client_id="c5", name="Carmen Sol")
    rows = await hub.pool.fetch(
        """
        SELECT m.*, c.root_id, c.name AS who, a.value, a.verified AS proven, t.name AS file, t.type FROM message m
        JOIN address a ON a.id = m.address_id JOIN contact c ON c.id = a.contact_id
        JOIN attachment t ON t.message_id = m.id WHERE m.channel_id = $1 ORDER BY m.id
        """,
        channel.id,
    )
    assert [row["root_id"] for row in rows[:4]] == [world.marta] * 4
    assert [row["conversation_id"] for row in rows[3:]] == [found, new]
    assert len({row["conversation_id"] for row in rows}) == 5
    assert all(row["verified"] and row["proven"] for row in rows)
    assert {(row["file"], row["type"]) for row in rows} == {("foto.jpg", "image/jpeg")}
    assert (rows[4]["who"], rows[4]["value"]) == ("Carmen Sol", "visitor:c5")
    page = await browser.text(f"/inbox/all/c/{open_one}")
    assert "Visita, anotado por Ana" in page or "Visit, written down by Ana" in page
    assert "Carmen Sol" in await browser.text("/desk?q=carmen")


async def test_what_is_missing_is_said_and_what_was_typed_stays(hub: Hub, site: Web, world: World) -> None:
    """No name, no text, no address, a foreign conversation, no desk: nothing is stored."""
    browser = await site.browser(world.ana)
    assert (await browser.get("/desk")).status == 404
    await line(hub, world)
    for fields in ({"name": ""}, {"name": "Eva", "address": "no@"}, {"name": "Eva", "what": "raid"}):
        answer = await browser.post("/desk", entry(**({"text": "Lo que dijo"} | fields)))
        assert answer.status == 422, fields
        assert "Lo que dijo" in await answer.text()
    async with hub.transaction() as tx:
        foreign = await matter(tx, world, team=world.legal)
        await tx.execute(
            "UPDATE conversation SET team_id = $2, assignee_id = $3 WHERE id = $1",
            foreign,
            world.legal,
            world.olga,
        )
    answer = await browser.post("/desk", entry(conversation_id=str(foreign), contact_id=str(world.marta)))
    assert answer.status == 404
    assert (await browser.get(f"/desk?conversation={foreign}")).status == 404
    assert await hub.pool.fetchval("SELECT count(*) FROM arrival") == 0


async def test_over_the_api_it_is_what_the_person_said(hub: Hub, site: Web, world: World) -> None:
    """POST …/messages with the desk as channel: an incoming message, once under one client_id."""
    channel = await line(hub, world)
    async with hub.transaction() as tx:
        bearer = {"Authorization": f"Bearer {await tokens.create(tx, world.ana, 'test')}"}
        id_ = await matter(tx, world)
    browser = await site.browser()
    body = {"text": "Pide factura", "channel": channel.id, "what": "letter", "client_id": "k1"}
    told = []
    for _ in range(2):
        answer = await browser.client.post(f"/api/v1/conversations/{id_}/messages", json=body, headers=bearer)
        assert answer.status == 201, await answer.text()
        told.append(await answer.json())
    assert told[0]["id"] == told[1]["id"]
    assert (told[0]["direction"], told[0]["verified"]) == ("in", True)
    assert await hub.pool.fetchval("SELECT count(*) FROM message WHERE channel_id = $1", channel.id) == 1


async def test_in_a_browser_the_person_is_looked_up_while_one_types(
    hub: Hub, desk: Desk, world: World
) -> None:
    """Type three letters, choose Marta, write, send: the conversation opens."""
    await line(hub, world)
    page = await desk.open(world.ana, "/desk")
    await page.locator("[data-lookup]").press_sequentially("mart")
    await page.locator("[data-found] a", has_text="Marta Ruiz").click()
    await page.locator("textarea[name=text]").fill("Vino a firmar")
    await page.locator("main button.primary").click()
    await page.wait_for_url("**/c/*")
    await page.get_by_text("Vino a firmar").last.wait_for()
