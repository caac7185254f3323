"""The preference page: no login, no cookie, no script, in the person's language, and no more of them than a mask."""

from __future__ import annotations

import re
from datetime import time

from hub.customers import interests, preferences
from hub.customers.contact_hours import Hours
from hub.customers.preferences import unsubscribe_url
from tests.campaigns.planning import planned
from tests.web.browsing import Web
from tests.world import World


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
    assert done.headers["Location"].startswith(f"{url}?done=saved")
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
    large = await nobody.client.post(url, data=b"x" * 2_000_000, allow_redirects=False)
    assert large.status == 413


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
