"""An administrator connects a line, tries it for real, signs a mailbox in, switches it off; no secret comes back."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from hub.channels import connections
from hub.channels.connections import Channel
from hub.plumbing.hub import Hub
from tests.fakes.token_server import TokenServer
from tests.promises.test_promise_60_forms_change_their_own_fields import EXTRA
from tests.web.browsing import Browser, Web
from tests.world import World

SECRET = "s3cr3t-of-the-mailbox"
MAILBOX = {
    "name": "Ventas",
    "address": "Ventas@Dialogo.test",
    "also": "sales@dialogo.test",
    "s.smtp_host": "127.0.0.1",
    "s.smtp_port": "9",
    "s.smtp_user": "ventas",
    "s.smtp_password": SECRET,
    "s.plus_addresses": "1",
    "s.fallback.on": "1",
}


async def made(berta: Browser, hub: Hub, kind: str, form: dict[str, str]) -> Channel:
    """A line connected over the page."""
    answer = await berta.post(f"/admin/channels/new/{kind}", form)
    assert answer.status == 303, await answer.text()
    return await stored(hub, int(re.findall(r"/(\d+)\?", answer.headers["Location"])[0]))


async def stored(hub: Hub, id_: int) -> Channel:
    """The row as it is."""
    async with hub.transaction() as tx:
        return await connections.load(tx, id_)


async def test_a_mailbox_is_connected_tried_changed_and_switched_off(
    site: Web, hub: Hub, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    berta = await site.browser(world.berta)
    line = await made(berta, hub, "email", EXTRA | MAILBOX)
    assert (line.name, line.address, line.enabled, line.health) == (
        "Ventas", "ventas@dialogo.test", True, "unknown",
    )  # fmt: skip
    assert line.settings == {"smtp_host": "127.0.0.1", "smtp_port": 9, "smtp_user": "ventas"}
    assert line.line(hub.crypto).secrets == {"smtp_password": SECRET}
    path = f"/admin/channels/{line.id}"

    assert (await berta.post(f"{path}/test")).status == 303
    shown = await berta.text(path)
    assert "Sign in where it sends" in shown or "Iniciar" in shown or 'data-state="failed"' in shown
    assert (await stored(hub, line.id)).health == "failing"
    assert line.name in await berta.text("/admin/channels")

    change = MAILBOX | {"name": "Ventas Norte", "s.smtp_password": "", "s.smtp_port": "2525", "also": ""}
    assert (saved := await berta.post(path, EXTRA | change)).status == 303, re.findall(
        "error.>.*", await saved.text()
    )
    after = await stored(hub, line.id)
    assert (after.name, after.settings["smtp_port"], after.key) == ("Ventas Norte", 2525, line.key)
    assert after.line(hub.crypto).secrets == {"smtp_password": SECRET}, "what is not written anew stays"
    reached = await hub.pool.fetch("SELECT value FROM channel_address WHERE channel_id = $1", line.id)
    assert [row["value"] for row in reached] == ["ventas@dialogo.test"]

    wrong = await berta.post(path, change | {"s.smtp_port": "99999", "s.smtp_password": "an0ther-one"})
    assert wrong.status == 422
    pages = [await wrong.text(), shown, await berta.text(path), await berta.text(f"{path}/steps")]
    assert not [page for page in pages if SECRET in page or "an0ther-one" in page], "promise 67"
    assert SECRET not in caplog.text

    taken = await berta.post("/admin/channels/new/email", MAILBOX | {"address": "ventas@dialogo.test"})
    assert taken.status == 422
    assert (await berta.post(f"{path}/enabled", {"on": "0"})).status == 303
    assert not (await stored(hub, line.id)).enabled
    assert (await berta.post(path, change | {"forget": "smtp_password"})).status == 303
    assert (await stored(hub, line.id)).line(hub.crypto).secrets == {}
    noted = await hub.pool.fetch("SELECT details FROM history WHERE verb = 'channel_changed' ORDER BY id")
    assert noted
    assert SECRET not in str(noted)


async def test_the_page_tells_of_a_wrong_signature_and_a_test_on_its_way(
    site: Web, hub: Hub, world: World
) -> None:
    berta = await site.browser(world.berta)
    form = {
        "name": "SMS", "address": "+34 911 222 333", "s.account_sid": "AC0123456789",
        "s.auth_token": "t0ken-of-twilio",
    }  # fmt: skip
    line = await made(berta, hub, "sms", form)
    path = f"/admin/channels/{line.id}"
    assert line.address == "+34911222333"
    page = await berta.text(path)
    assert f"/in/{line.key}" in page
    assert "data-waits" in page, "nothing came yet: the page waits"

    async with aiohttp.ClientSession() as provider:
        forged = {"X-Twilio-Signature": "bm8="}
        url = berta.client.make_url(f"/in/{line.key}")
        async with provider.post(url, data={"Body": "Hola"}, headers=forged) as answer:
            assert answer.status == 403
    assert 'data-state="failed"' in await berta.text(f"{path}/steps")
    assert not await hub.pool.fetchval("SELECT count(*) FROM arrival WHERE channel_id = $1", line.id)

    assert (await berta.post(f"{path}/trial", {"to": "nobody"})).status == 422
    sent = await berta.post(f"{path}/trial", {"to": "600 123 456"})
    assert sent.status == 303
    trial = parse_qs(urlsplit(sent.headers["Location"]).query)["trial"][0]
    steps = await berta.text(f"{path}/steps?trial={trial}")
    assert "+34600123456" in steps
    row = await hub.pool.fetchrow(
        "SELECT state, recipient, automatic FROM delivery WHERE channel_id = $1", line.id
    )
    assert tuple(row) == ("queued", "+34600123456", True)
    await hub.pool.execute(
        "UPDATE delivery SET state = 'failed', code = '30006', reason = 'es un fijo' WHERE channel_id = $1",
        line.id,
    )
    assert "es un fijo" in await berta.text(f"{path}/steps?trial={trial}")
    other = await berta.text(f"/admin/channels/{world.mail.id}/steps?trial={trial}")
    assert "+34600123456" not in other, "a test of another line"


async def test_a_mailbox_is_signed_in_with_a_browser_by_who_began_it(
    site: Web, hub: Hub, world: World
) -> None:
    with TokenServer() as provider:
        berta = await site.browser(world.berta)
        form = MAILBOX | {
            "s.oauth_provider": "microsoft", "s.oauth_client_id": provider.client_id,
            "s.oauth_client_secret": provider.client_secret, "s.oauth_authorize_url": provider.authorize_url,
            "s.oauth_token_url": provider.token_url,
        }  # fmt: skip
        line = await made(berta, hub, "email", form)
        asked = await (await berta.post(f"/admin/channels/{line.id}/sign-in")).text()
        url = re.findall(r'href="(http://127[^"]+)"', asked)[0].replace("&amp;", "&")
        query = parse_qs(urlsplit(url).query)
        assert query["redirect_uri"] == [f"{hub.settings.base_url}/admin/channels/oauth"]
        assert query["code_challenge_method"] == ["S256"]
        async with aiohttp.ClientSession() as browser, browser.get(url, allow_redirects=False) as answer:
            back = urlsplit(answer.headers["Location"])
        await hub.pool.execute("UPDATE agent SET role = 'admin' WHERE id = $1", world.lola)
        stranger = await (await site.browser(world.lola)).get(f"{back.path}?code=x&state=unknown")
        assert stranger.status == 422
        assert (await berta.get(f"{back.path}?{back.query}")).status == 303
        secrets = (await stored(hub, line.id)).line(hub.crypto).secrets
        assert secrets["oauth_refresh_token"] in provider.refresh_tokens
        assert secrets["smtp_password"] == SECRET
        assert (await berta.get(f"{back.path}?{back.query}")).status == 422, "good once"
        refused = await (await berta.post(f"/admin/channels/{line.id}/sign-in")).text()
        state = parse_qs(
            urlsplit(re.findall(r'href="(http://127[^"]+)"', refused)[0]).query.replace("&amp;", "&")
        )
        answer = await berta.get(f"{back.path}?error=access_denied&state={state['state'][0]}")
        assert answer.status == 422
        assert "access_denied" in await answer.text()


async def test_only_administrators_connect_lines_and_no_kind_is_unknown_to_the_page(
    site: Web, world: World
) -> None:
    lola, berta = await site.browser(world.lola), await site.browser(world.berta)
    for path in ("/admin/channels", "/admin/channels/new", "/admin/channels/new/sms"):
        assert (await lola.get(path)).status == 403
    kinds = re.findall(r"/admin/channels/new/([a-z]+)", await berta.text("/admin/channels/new"))
    assert len(set(kinds)) >= 9
    for kind in set(kinds):
        assert (
            'type="password" value=""' in (page := await berta.text(f"/admin/channels/new/{kind}"))
            or "password" not in page
        )
    assert (await berta.get("/admin/channels/new/pigeon")).status == 404
