"""Signing in: what the page shows, what the cookie is like, what is refused."""

from __future__ import annotations

from hub.agents import passwords, people
from hub.plumbing.hub import Hub
from tests.web.browsing import Web
from tests.world import World

PASSWORD = "correct horse battery"


async def with_password(hub: Hub, agent_id: int, password: str = PASSWORD) -> None:
    async with hub.transaction() as tx:
        await people.set_password(tx, agent_id, await passwords.hashed(password))


async def test_somebody_not_signed_in_is_asked_to_and_comes_back(site: Web, hub: Hub, world: World) -> None:
    await with_password(hub, world.ana)
    browser = await site.browser()

    answer = await browser.get("/me?tab=look")
    assert (answer.status, answer.headers["Location"]) == (303, "/login?next=/me?tab%3Dlook")
    page = await browser.text(answer.headers["Location"])
    assert 'name="next" value="/me?tab=look"' in page

    form = {"email": "ANA@dialogo.test ", "password": PASSWORD, "next": "/me?tab=look"}
    answer = await browser.post("/login", form)
    assert (answer.status, answer.headers["Location"]) == (303, "/me?tab=look")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


async def test_a_wrong_password_and_an_unknown_address_get_the_same_words(
    site: Web, hub: Hub, world: World
) -> None:
    await with_password(hub, world.ana)
    browser = await site.browser()
    for email in ("ana@dialogo.test", "nobody@dialogo.test"):
        answer = await browser.post("/login", {"email": email, "password": "something wrong"})
        assert answer.status == 401
        assert "no corresponden" in await answer.text()
    assert browser.cookie == ""


async def test_the_first_run_page_makes_one_admin_and_is_gone(site: Web, hub: Hub, world: World) -> None:
    await hub.pool.execute("UPDATE agent SET role = 'agent' WHERE role = 'admin'")
    browser = await site.browser()
    assert (await browser.get("/login")).headers["Location"] == "/first-run"

    short = {"name": "Clara", "email": "clara@dialogo.test", "password": "short"}
    answer = await browser.post("/first-run", short)
    assert answer.status == 422
    assert "10" in await answer.text()

    answer = await browser.post("/first-run", {**short, "password": PASSWORD, "role": "agent"})
    assert answer.status == 303
    assert browser.cookie
    assert await hub.pool.fetchval("SELECT role FROM agent WHERE email = 'clara@dialogo.test'") == "admin"
    assert (await (await site.browser()).get("/first-run")).status == 404


async def test_demo_buttons_open_only_a_demo(site: Web, hub: Hub, world: World) -> None:
    browser = await site.browser()
    answer = await browser.post("/login", {"demo": "admin"})
    assert answer.status == 403
    assert browser.cookie == ""
