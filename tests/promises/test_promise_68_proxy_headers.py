"""Proxy headers count only from our proxy; no shared cache may keep anybody's page."""

from __future__ import annotations

import msgspec
import pytest

from hub.web.routes import TABLE
from tests.web.browsing import Web
from tests.web.test_login import PASSWORD, with_password
from tests.world import World

FORGED = {
    "X-Forwarded-For": "203.0.113.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "CF-Connecting-IP": "<script>alert(1)</script>",
    "X-Real-IP": "203.0.113.7",
    "X-Remote-User": "berta@dialogo.test",
    "Remote-User": "berta@dialogo.test",
}


async def peer_after_login(site: Web, headers: dict[str, str]) -> str:
    visitor = await site.browser()
    form = {"email": "ana@dialogo.test", "password": PASSWORD}
    assert (await visitor.post("/login", form, headers=headers)).status == 303
    peer: str = await site.hub.pool.fetchval("SELECT peer FROM session ORDER BY id DESC LIMIT 1")
    return peer


async def test_promise_68_proxy_headers(site: Web, world: World) -> None:
    await with_password(site.hub, world.ana)
    assert await peer_after_login(site, FORGED) == "127.0.0.1"
    nobody = await site.browser()
    assert (await nobody.get("/me", headers=FORGED)).status == 303
    assert "<script>alert" not in await (await nobody.get("/login", headers=FORGED)).text()
    assert (await nobody.get("/metrics")).status == 200
    assert (await nobody.get("/metrics", headers=FORGED)).status == 403


@pytest.mark.parametrize(
    ("said", "believed"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("10.9.9.9, 203.0.113.7", "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7, 10.1.2.3", "203.0.113.7"),
        ("<script>, 203.0.113.7", "203.0.113.7"),
        ("203.0.113.7, <script>", "127.0.0.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("", "127.0.0.1"),
    ],
)
async def test_our_proxy_is_believed_as_far_as_it_can_know(
    site: Web, world: World, said: str, believed: str
) -> None:
    """From the right: what our proxies added counts, what the visitor wrote in front of it does not."""
    site.hub.settings = msgspec.structs.replace(site.hub.settings, trusted_proxies="127.0.0.0/8, 10.0.0.0/8")
    await with_password(site.hub, world.ana)
    assert await peer_after_login(site, {"X-Forwarded-For": said}) == believed


async def test_no_page_may_be_kept_by_a_shared_cache(site: Web, world: World) -> None:
    berta, nobody = await site.browser(world.berta), await site.browser()
    paths = sorted({route.path for route in TABLE if route.method == "GET" and "{" not in route.path})
    for path in [*paths, "/nowhere", "/inbox/mine", "/inbox/all", "/c/1"]:
        if path == "/ws" or path.startswith("/static/"):  # the same for everybody
            continue
        for browser in (berta, nobody):
            answer = await browser.get(path)
            kept = answer.headers["Cache-Control"]
            assert "no-store" in kept or "private" in kept, (path, kept)
            assert "public" not in kept


async def test_every_answer_carries_the_strict_headers(site: Web, world: World) -> None:
    ana = await site.browser(world.ana)
    for path in ("/login", "/me", "/nowhere", "/healthz", "/"):
        answer = await ana.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Server"] == "Dialogo"


async def test_behind_https_cookies_never_travel_in_the_clear(site: Web, world: World) -> None:
    await with_password(site.hub, world.ana)
    site.hub.settings = msgspec.structs.replace(site.hub.settings, public_url="https://hub.example")
    visitor = await site.browser()
    answer = await visitor.post("/login", {"email": "ana@dialogo.test", "password": PASSWORD})
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-hub=")
    assert "Secure" in cookie
    assert "Domain" not in cookie
    assert "max-age" in answer.headers["Strict-Transport-Security"]
