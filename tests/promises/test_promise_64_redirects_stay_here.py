"""Nobody is sent to another site by a link or a form of ours."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from hub.campaigns import campaigns, tracking
from tests.campaigns.planning import planned
from tests.web.browsing import Web
from tests.web.test_login import PASSWORD, with_password
from tests.world import World

SHOP = "https://shop.example/otoño?a=1&b=%20x#y"
ELSEWHERE = (
    "//evil.example",
    "///evil.example",
    "\\\\evil.example",
    "/\\evil.example",
    "https://evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "/\t/evil.example",
    "/\n//evil.example",
    "/x\r\nSet-Cookie: a=b",
    "evil.example",
    " //evil.example",
    "data:text/html,x",
)


@pytest.mark.parametrize("target", ELSEWHERE)
async def test_promise_64_redirects_stay_here(site: Web, world: World, target: str) -> None:
    await with_password(site.hub, world.ana)
    ana = await site.browser(world.ana)
    visitor = await site.browser()
    answers = [
        await visitor.post("/login", {"email": "ana@dialogo.test", "password": PASSWORD, "next": target}),
        await visitor.get(f"/login?next={quote(target)}"),
        await ana.post("/me/preferences", {"theme": "dark", "next": target}),
        await ana.post("/me/presence", {"here": "1"}, headers={"Referer": quote(target, safe=":/\\")}),
    ]
    for answer in answers:
        assert answer.status == 303
        where = answer.headers["Location"]
        assert where.startswith("/"), where
        assert not where.startswith(("//", "/\\")), where
        assert "evil" not in where.partition("?")[0].split("/")[1], where
        assert "Set-Cookie: a=b" not in str(answer.headers)


async def test_a_lying_host_header_changes_no_link(site: Web, world: World) -> None:
    berta = await site.browser(world.berta)
    lie = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    answer = await berta.post(f"/admin/agents/{world.ana}/invite", headers=lie)
    text = await answer.text()
    assert f"{site.hub.settings.base_url}/invitation/" in text
    assert "evil.example" not in text
    answer = await (await site.browser()).get("/me", headers=lie)
    assert answer.headers["Location"].startswith("/login")


async def test_nobody_is_sent_elsewhere_by_a_link_of_a_campaign(site: Web, world: World) -> None:
    """Promise 64 for campaigns: whatever is added to the address, and however the name is changed."""
    hub = site.hub
    async with hub.transaction() as tx:
        campaign_id, recipients = await planned(tx, world)
        await tracking.keep_links(tx, campaign_id, 1, [SHOP, "https://shop.example/2"])
    marta = recipients[world.marta_address]
    url = tracking.link_url("", hub.crypto, marta, 1)
    nobody = await site.browser()
    stays = "https://shop.example/oto%C3%B1o?a=1&b=%20x#y"
    for more in ({}, *({"dest": one, "next": one, "url": one} for one in ELSEWHERE)):
        answer = await nobody.get(url, params=more)
        assert (answer.status, answer.headers["Location"]) == (302, stays)
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in answer.headers
    head = await nobody.client.head(tracking.link_url("", hub.crypto, marta, 2), allow_redirects=False)
    assert head.status == 302
    for forged in (
        url[:10] + ("a" if url[10] != "a" else "b") + url[11:],
        f"/l/{hub.crypto.sign('unsubscribe', marta * 1000 + 1)}",
        f"/l/{hub.crypto.sign(tracking.LINK, marta * 1000 + 9)}",
    ):
        assert (await nobody.get(forged)).status == 404
    picture = await nobody.get(tracking.open_url("", hub.crypto, marta))
    assert (picture.status, picture.headers["Content-Type"]) == (200, "image/gif")
    async with hub.transaction() as tx:
        campaign = await campaigns.load(tx, campaign_id)
        first, second = await tracking.followed(tx, campaign)
        assert (first.people, first.times, first.machine_times) == (1, len(ELSEWHERE) + 1, 0)
        assert (second.people, second.machine_times) == (0, 1)
        assert await tracking.opened(tx, campaign) == 0
