"""Forms on other sites: what is typed are claims, kept once, bounded; nothing in a request chooses where it leads."""

from __future__ import annotations

import base64
import json
import secrets
from datetime import datetime
from typing import Any

import aiohttp

from hub.channels.connections import Channel
from hub.lab.other_system import OtherSystem
from hub.plumbing.clock import now
from hub.plumbing.hub import Hub
from hub.web.form import pages
from tests.promises.acknowledging import acknowledged, acknowledging, letters
from tests.web.browsing import Browser, Web
from tests.web.test_desk import line
from tests.world import World

SITE = "https://shop.example"
JSON = {"Accept": "application/json", "Origin": SITE}
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


async def form_line(hub: Hub, world: World, **settings: str) -> Channel:
    """A form on the shop's pages, whose own server may sign, too."""
    return await line(
        hub, world, "form", settings={"sites": SITE} | settings, secrets={"signing_secret": SECRET}
    )


def patient(hub: Hub, channel: Channel) -> str:
    """A token somebody has looked at for a minute."""
    number = int(now().timestamp()) - 60 << 30 | secrets.randbits(30)
    return hub.crypto.sign(f"form:{channel.id}", number)


def filled(token: str, **fields: str) -> dict[str, str]:
    """What a browser posts."""
    return {"token": token, "name": "Pepe", "email": "Pepe@acme.test", "text": "Un presupuesto"} | fields


async def sent(browser: Browser, channel: Channel, data: Any, **headers: str) -> aiohttp.ClientResponse:
    """Post it as a page of the shop does."""
    return await browser.client.post(
        f"/in/{channel.key}/form", data=data, headers=JSON | headers, allow_redirects=False
    )


async def messages(hub: Hub) -> list[Any]:
    """Incoming messages with who they are from and how their conversation stands."""
    rows: list[Any] = await hub.pool.fetch(
        """
        SELECT m.*, a.value, a.verified AS proven, c.name AS who, c.root_id, v.state, v.subject AS matter,
               (SELECT array_agg(type || ':' || value ORDER BY type) FROM claim WHERE contact_id = c.root_id) AS claims
        FROM message m JOIN address a ON a.id = m.address_id JOIN contact c ON c.id = a.contact_id
        JOIN conversation v ON v.id = m.conversation_id WHERE direction = 'in' ORDER BY m.id
        """
    )
    return rows


async def test_a_form_is_kept_once_and_what_it_says_is_a_claim(hub: Hub, site: Web, world: World) -> None:
    """Marta's address typed by anybody is nobody's: a stranger with a claim, whom the composer can answer by mail."""
    channel = await form_line(hub, world)
    visitor = await site.browser()
    token = patient(hub, channel)
    data = filled(token, email="marta@acme.test", phone="600 123 456", owner="1", verified="1", bulk="1")
    for _ in range(3):
        answer = await sent(visitor, channel, data)
        assert (answer.status, await answer.json()) == (200, {"stored": True})
        assert answer.headers["Access-Control-Allow-Origin"] == SITE
    assert (await sent(visitor, channel, data | {"text": "Y otra cosa"})).status == 200
    rows = await messages(hub)
    assert [row["text"] for row in rows] == ["Un presupuesto", "Y otra cosa"]
    assert world.marta not in [row["root_id"] for row in rows]
    assert (rows[0]["proven"], rows[0]["verified"], rows[0]["state"]) == (False, False, "open")
    assert rows[0]["claims"] == ["email:marta@acme.test", "name:Pepe", "phone:600 123 456"]
    page = await (await site.browser(world.lola)).text(f"/inbox/all/c/{rows[0]['conversation_id']}")
    assert 'data-to="marta@acme.test"' in page
    assert "marta@acme.test" in page


async def test_the_frame_and_what_does_not_come_from_it(hub: Hub, site: Web, world: World) -> None:
    """A page without script, framed by the site alone; other origins, old and made-up tokens store nothing."""
    channel = await form_line(hub, world, thanks=f"{SITE}/thanks", ask="name email* text*")
    visitor = await site.browser()
    page = await visitor.get(f"/in/{channel.key}/form?lang=es")
    policy = page.headers["Content-Security-Policy"]
    assert f"frame-ancestors {SITE}" in policy
    assert f"form-action 'self' {SITE}" in policy
    assert "<script" not in await page.text()
    own = str(site.server.make_url("")).rstrip("/")
    token = patient(hub, channel)
    old = hub.crypto.sign(f"form:{channel.id}", (int(now().timestamp()) - 90_000) << 30)
    other = hub.crypto.sign("form:0", int(now().timestamp()) << 30)
    refused = [
        (await sent(visitor, channel, filled(token), Origin="https://evil.example")).status,
        (await sent(visitor, channel, filled(token), Origin="null")).status,
        *[(await sent(visitor, channel, filled(one))).status for one in (old, other, "x")],
        (await sent(visitor, channel, filled(token, email=" "))).status,
        (await sent(visitor, channel, filled(token, text=""))).status,
    ]
    assert refused == [403, 403, 422, 422, 422, 422, 422]
    assert await hub.pool.fetchval("SELECT count(*) FROM arrival") == 0
    html = {"Accept": "text/html", "Origin": own}
    evil = filled(token, thanks="https://evil.example", next="//evil.example", dest="https://evil.example")
    answer = await sent(visitor, channel, evil, **html)
    assert (answer.status, answer.headers["Location"]) == (303, f"{SITE}/thanks")
    await hub.pool.execute(
        'UPDATE channel SET settings = settings || \'{"thanks": "https://evil.example/x"}\''
    )
    answer = await sent(visitor, channel, filled(token, text="Dos"), **html)
    assert answer.status == 200
    assert "Gracias" in await answer.text() or "Thank you" in await answer.text()
    assert (await visitor.get(f"/in/{world.mail.key}/form")).status == 404


async def test_bots_are_put_aside_and_floods_are_stopped(hub: Hub, site: Web, world: World) -> None:
    """The trap field, a form filled in no time: kept aside; the eleventh of an address in ten minutes is too many."""
    channel = await form_line(hub, world)
    visitor = await site.browser()
    token = patient(hub, channel)
    told = await (await visitor.get(f"/in/{channel.key}/form", headers=JSON)).json()
    assert set(told) == {"token", "trap", "action"}
    assert (await sent(visitor, channel, filled(told["token"], text="Deprisa"))).status == 200
    assert (await sent(visitor, channel, filled(token, text="Trampa") | {told["trap"]: "x"})).status == 200
    assert [row["state"] for row in await messages(hub)] == ["aside", "aside"]
    statuses = [(await sent(visitor, channel, filled(token, text=str(n)))).status for n in range(10)]
    assert statuses == [200] * 8 + [429] * 2
    assert len(await messages(hub)) == 10


async def test_a_site_s_own_server_signs(hub: Hub, site: Web, world: World) -> None:
    """JSON and form-encoded, once an id; another's signature is 403, what is no form is 422 and in the quarantine."""
    channel = await form_line(hub, world)
    visitor, shop = await site.browser(), OtherSystem(SECRET)

    async def post(id_: str, body: bytes, by: OtherSystem = shop, type_: str = "application/json") -> int:
        headers = by.headers(id_, body) | {"Content-Type": type_}
        answer = await visitor.client.post(f"/in/{channel.key}", data=body, headers=headers)
        return answer.status

    file = {"name": "a.pdf", "type": "application/pdf", "content": base64.b64encode(b"%PDF-1").decode()}
    body = json.dumps({"name": "Eva", "email": "eva@x.test", "text": "Hola", "files": [file]}).encode()
    assert [await post("f1", body) for _ in range(3)] == [200] * 3
    encoded = b"name=Luz&text=Buenas+tardes&email=luz%40x.test"
    assert await post("f2", encoded, type_="application/x-www-form-urlencoded") == 200
    assert await post("f3", body, by=OtherSystem()) == 403
    assert await post("f4", b'{"name": "sin texto"}') == 422
    rows = await messages(hub)
    assert [(row["who"], row["text"]) for row in rows] == [("Eva", "Hola"), ("Luz", "Buenas tardes")]
    assert await hub.pool.fetchval("SELECT name FROM attachment") == "a.pdf"
    for n in range(7):
        assert await post(f"v{n}", json.dumps({"email": "eva@x.test", "text": str(n)}).encode()) == 200
    assert await post("v9", json.dumps({"email": "EVA@x.test", "text": "9"}).encode()) == 429


async def test_promise_42_the_acknowledgement_quotes_nothing_and_is_capped(
    hub: Hub, site: Web, world: World
) -> None:
    """A victim's address typed again and again: at most three mails a day, without a word of what was typed."""
    await acknowledging(hub)
    channel = await form_line(hub, world)
    visitor, shop = await site.browser(), OtherSystem(SECRET)
    for n in range(6):
        words = f"Hacked {n}"
        told = {
            "name": words,
            "subject": words,
            "email": "victim@victims.test",
            "text": f"{words} https://evil.test",
        }
        body = json.dumps(told).encode()
        answer = await visitor.client.post(
            f"/in/{channel.key}", data=body, headers=shop.headers(str(n), body)
        )
        assert answer.status == 200
    assert 1 <= await acknowledged(hub) <= 3
    for letter in await letters(hub, world):
        assert letter["To"] == "victim@victims.test"
        assert "Hacked" not in letter.as_string()
        assert "evil" not in letter.as_string()


def test_a_token_is_of_its_day_and_line() -> None:
    """Days in the future still fit into a signed name."""
    far = int(datetime(2100, 1, 1).timestamp()) << 30
    assert far < 2**63
    assert pages.QUICKEST < pages.DAY
