"""Promise 70: a GET unsubscribes nobody, a POST does: signed per recipient, scoped, and twice is once."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html import escape

from aiohttp import MultipartWriter

from hub.campaigns import tracking
from hub.campaigns.letter import Counting, Letter
from hub.campaigns.wording import Texts
from hub.channels.facts import Party
from hub.channels.mail.skeleton import ToWrite
from hub.customers import preferences, suppression
from hub.customers.preferences import unsubscribe_url
from hub.deliveries.permission import No, Yes, may_send
from hub.plumbing.crypto import Crypto
from tests.campaigns.planning import planned
from tests.deliveries.road import answers, without_undo_window
from tests.promises.test_promise_69_opt_out_is_final import leaves
from tests.web.browsing import Browser, Web
from tests.world import SECRET, World

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
URLS = ["https://shop.example/otoño?a=1&b=2", "https://shop.example/x", "https://shop.example/y"]


async def test_promise_70_only_a_post_unsubscribes(site: Web, world: World) -> None:
    """A scanner opens every link of Marta's mail; forged names; then her mail program's one POST, twice."""
    hub = site.hub
    await without_undo_window(hub, world)
    async with hub.transaction() as tx:
        campaign_id, recipients = await planned(tx, world)
        numbers = await tracking.keep_links(tx, campaign_id, 1, URLS)
    recipient = recipients[world.marta_address]
    url = unsubscribe_url("", hub.crypto, world.marta_address, recipient)
    [waiting] = await answers(hub, world, 1)
    await hub.pool.execute("UPDATE delivery SET purpose = 'marketing' WHERE id = $1", waiting)
    nobody = await site.browser()
    mario = await site.browser(world.mario)

    every = links_of(letter(hub.crypto, numbers, recipient, f"https://hub.test{url}"))
    assert len(every) == len(URLS) + 2, every  # the stored links, the picture, and the one to unsubscribe
    for browser in (nobody, mario):
        for path in every:
            for method in ("HEAD", "GET", "OPTIONS"):
                await browser.client.request(method, path, allow_redirects=False)
    assert await wishes(site, world.marta_address) == [("import", True)]

    number = world.marta_address << preferences._RECIPIENT_BITS | recipient
    forged = [
        f"/u/{Crypto('another secret, also long enough for one').sign(preferences.PURPOSE, number)}",
        f"/u/{hub.crypto.sign(tracking.LINK, number)}",  # signed for something else
        f"/u/{hub.crypto.sign('reply', number)}",
        url[:-4] + ("aaaa" if not url.endswith("aaaa") else "bbbb"),
        "/u/" + "a" * 30,
    ]
    for path in forged:
        assert (await one_click(nobody, path))[0] == 404, path
    for body in ({}, {"List-Unsubscribe": "Two-Clicks"}, {"do": "everything"}, {"address_id": "1"}):
        assert (await nobody.client.post(url, data=body, allow_redirects=False)).status == 422
    assert await wishes(site, world.marta_address) == [("import", True)]

    for _again in range(2):
        status, headers = await one_click(nobody, url)
        assert (status, "Location" in headers, "Set-Cookie" in headers) == (200, False, False)
    parts = MultipartWriter("form-data")
    parts.append("One-Click").set_content_disposition("form-data", name="List-Unsubscribe")
    assert (await nobody.client.post(url, data=parts)).status == 200, "the other encoding (RFC 8058 §3.1)"
    assert (await one_click(mario, url))[0] == 200, "a session of ours changes nothing: no CSRF is asked"
    assert await wishes(site, world.marta_address) == [("import", True), ("one_click", False)]
    assert await wishes(site, world.jorge_address) == [("import", True)], "of nobody else"
    assert (
        await hub.pool.fetchval("SELECT proof FROM consent WHERE source = 'one_click'")
        == f"“Otoño” #{campaign_id}"
    )

    assert await leaves(hub, world) == [], "what was planned before does not leave after"
    async with hub.transaction() as tx:
        answer = await may_send(tx, world.marta_address, "marketing", channel_id=world.mail.id)
        assert isinstance(answer, No)
        assert isinstance(await may_send(tx, world.marta_address, "service", channel_id=world.mail.id), Yes)


async def test_a_link_works_for_years(site: Web, world: World) -> None:
    """After a restore (another generation), a merge, an unknown campaign, and the erasure of the person."""
    hub = site.hub
    async with hub.transaction() as tx:
        await planned(tx, world)
    old = Crypto(SECRET, generation=1)
    nobody = await site.browser()
    assert (await one_click(nobody, unsubscribe_url("", old, world.marta_address, 99_999)))[0] == 200
    async with hub.transaction() as tx:
        assert isinstance(await may_send(tx, world.marta_address, "marketing"), No)
        await suppression.keep(tx, hub.crypto, [world.jorge_address])
        await tx.execute("DELETE FROM delivery WHERE address_id = $1", world.jorge_address)
        await tx.execute("DELETE FROM address WHERE id = $1", world.jorge_address)
    gone = unsubscribe_url("", old, world.jorge_address)
    assert "jorge" not in (text := await nobody.text(gone)).lower()
    assert "borrado" in text
    for _again in range(2):
        assert (await one_click(nobody, gone))[0] == 200
    async with hub.transaction() as tx:
        again = await tx.value(
            "INSERT INTO address (type, value, contact_id) VALUES ('email', 'jorge@gmail.com', $1) RETURNING id",
            world.jorge,
        )
        await suppression.compare(tx, hub.crypto)
        assert isinstance(await may_send(tx, again, "marketing"), No)
        assert re.fullmatch(r"/u/[a-z2-7]{20,60}", unsubscribe_url("", old, 2**62, 2**44 - 1))


def letter(crypto: Crypto, numbers: dict[str, int], recipient_id: int, unsubscribe_url: str) -> bytes:
    """Marta's mail as it leaves, with all that is counted in it."""
    anchors = "".join(f'<a href="{escape(one)}">Ver</a>' for one in URLS)
    texts = Texts(
        subject="Otoño",
        text="{{ unsubscribe.link }}",
        html=anchors + '<a href="{{ unsubscribe.link }}">Baja</a>',
    )
    counting = Counting(base_url="https://hub.test", crypto=crypto, links=numbers, opens=True)
    to = ToWrite(
        recipient=Party("marta@acme.test"),
        message_id="c.1@hub.test",
        date=datetime(2026, 11, 22, tzinfo=UTC),
        unsubscribe_url=unsubscribe_url,
    )
    return Letter.of(texts, Party("help@dialogo.test"), counting=counting).write(
        {}, to, recipient_id=recipient_id
    )


def links_of(mail: bytes) -> list[str]:
    """What a scanner finds in header and bodies; all of it is this hub's."""
    parsed = message_from_bytes(mail, policy=default)
    assert isinstance(parsed, EmailMessage)
    assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    bodies = [str(parsed["List-Unsubscribe"])] + [
        part.get_content() for part in parsed.walk() if part.get_content_maintype() == "text"
    ]
    found = dict.fromkeys(url for text in bodies for url in re.findall(r"https?://[^\s<>\"']+", text))
    assert all(one.startswith("https://hub.test/") for one in found), found
    return [one.removeprefix("https://hub.test") for one in found]


async def one_click(browser: Browser, path: str) -> tuple[int, dict[str, str]]:
    """As a mail program posts it: no cookie but the browser's own, another site's (RFC 8058 §3.1)."""
    answer = await browser.client.post(
        path, data=ONE_CLICK, headers={"Origin": "https://mail.example"}, allow_redirects=False
    )
    return answer.status, dict(answer.headers)


async def wishes(site: Web, address_id: int) -> list[tuple[str, bool]]:
    rows = await site.hub.pool.fetch(
        "SELECT source, granted FROM consent WHERE address_id = $1 ORDER BY id", address_id
    )
    return [(row["source"], row["granted"]) for row in rows]
