"""The preference page: no login, no cookie, no script, in the person's language, and no more of them than a mask."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta

import pytest

from hub.customers import interests, preferences
from hub.customers.contact_hours import Hours
from hub.customers.preferences import unsubscribe_url
from hub.plumbing import clock, limits
from hub.web.portal import strangers, told
from tests.campaigns.planning import planned
from tests.web.browsing import Web
from tests.world import World


@pytest.fixture(autouse=True)
def one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No window of a limit ends in the middle of a test."""
    moment = clock.now()
    monkeypatch.setattr(limits, "now", lambda: moment)


async def test_a_customer_chooses_on_a_page_without_anything_of_ours(site: Web, world: World) -> None:
    hub = site.hub
    async with hub.transaction() as tx:
        _campaign, recipients = await planned(tx, world)
        news = await interests.create(tx, "Novedades", "News", agent_id=world.mario)
        await interests.create(tx, "Ofertas", "Offers", agent_id=world.mario)
    url = unsubscribe_url("", hub.crypto, world.marta_address, recipients[world.marta_address])
    nobody = await site.browser()

    answer = await nobody.get(url)
    text = await answer.text()
    assert '<html lang="es">' in text
    assert "m•••@a•••.test" in text
    assert not re.search(r"marta|ruiz|acme|otoño|script", text, re.IGNORECASE)
    assert "Set-Cookie" not in answer.headers
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src" not in policy
    assert "default-src 'none'" in policy
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert "Stop everything" in await nobody.text(f"{url}?lang=en")

    form = {"do": "save", "way": str(world.marta_address), "interest": str(news.id)}
    done = await nobody.post(url, form | {"starts": "9", "ends": "24", "day": "4"})
    assert done.status == 303
    text = await nobody.text(done.headers["Location"])
    assert "guardadas" in text
    assert '<option value="9" selected>' in text
    assert text.count(" checked") == 3  # the mail, the news, Friday
    ana = await (await site.browser(world.ana)).text(f"/contacts/{world.marta}")
    assert "Ofertas: No" in ana
    assert "09:00 a 24:00 los días Vie" in ana
    wrong = await nobody.post(f"{url}?lang=en", form | {"starts": "12", "ends": "12"})
    assert (wrong.status, "before the last" in await wrong.text()) == (422, True)
    for field in ("starts", "way", "interest", "day"):
        assert (await nobody.post(url, form | {field: "1e9"})).status == 422

    assert (await nobody.post(url, {"do": "stop"})).status == 303
    assert "No recibe campañas" in await nobody.text(url)
    assert (await nobody.post(url, {"do": "start"})).status == 303
    async with hub.transaction() as tx:
        found = await preferences.load(tx, world.marta_address)
        assert found is not None
        assert found.own.wanted
        assert found.hours == Hours(starts=time(9), ends=time(23, 59), days=(4,))
    statuses = [(await nobody.post(url, {"do": "start"})).status for _ in range(30)]
    assert statuses[-1] == 429, "who plays with it writes no endless ledger"
    assert (await nobody.post(url, {"do": "stop"})).status == 303, "but no limit stands before a no"
    one_click = {"List-Unsubscribe": "One-Click"}
    assert {(await nobody.post(url, one_click)).status for _ in range(40)} == {200}
    large = await nobody.client.post(url, data=b"x" * 2_000_000, allow_redirects=False)
    assert large.status == 413


async def test_only_what_was_pressed_is_told_as_done(
    site: Web, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`?done=stopped` in a mail or a chat would make people believe they had ended it."""
    crypto, nobody = site.hub.crypto, await site.browser()
    async with site.hub.transaction() as tx:
        await planned(tx, world)
    url = unsubscribe_url("", crypto, world.marta_address)
    other = told.mark(crypto, world.jorge_address, "stopped")
    for bare in ("stopped", "saved", other, told.mark(crypto, world.marta_address, "stopped")):
        page = await nobody.text(f"{url}?done={bare}")
        assert 'role="status"' not in page, (
            "a mark of before an own no tells nothing while campaigns still come"
        )
    done = await nobody.post(url, {"do": "stop"})
    assert "Hecho." in await nobody.text(done.headers["Location"])
    with monkeypatch.context() as then:
        then.setattr(clock, "now", lambda: datetime.now(UTC) - timedelta(minutes=told.MINUTES + 2))
        late = told.mark(crypto, world.marta_address, "stopped")
    assert 'role="status"' not in await nobody.text(f"{url}?done={late}")


async def test_whoever_guesses_names_is_slowed_down_and_nobody_else(site: Web, world: World) -> None:
    nobody = await site.browser()
    url = unsubscribe_url("", site.hub.crypto, world.marta_address)
    tried = [
        (await nobody.get(f"/{'ul'[n % 2]}/{'a' * (20 + n % 30)}")).status
        for n in range(strangers.MOST_WRONG + 1)
    ]
    assert (set(tried[:-1]), tried[-1]) == ({404}, 429)
    assert (await nobody.get(url)).status == 200
    assert (await nobody.post(url, {"List-Unsubscribe": "One-Click"})).status == 200


async def test_marketers_keep_the_interests_and_see_the_senders(site: Web, world: World) -> None:
    mario, ana = await site.browser(world.mario), await site.browser(world.ana)
    for path in ("/campaigns/interests", "/admin/senders"):
        assert (await ana.get(path)).status == 403
    words = {"name_es": "Novedades", "name_en": "News"}
    assert (await mario.post("/campaigns/interests", words)).status == 303
    assert (await mario.post("/campaigns/interests", {"name_es": "Ofertas"})).status == 422
    assert (await mario.post("/campaigns/interests/1", words | {"name_en": "Novelties"})).status == 303
    text = await mario.text("/campaigns/interests")
    assert "Novelties" in text
    assert "Apagado" in text, "no longer in use: the box was not ticked"
    assert (await mario.post("/campaigns/interests/99", words)).status == 404
    text = await mario.text("/admin/senders")
    assert "help@dialogo.test" in text
    assert "solo para pruebas" in text
