"""Products, purchases and payments over the API, and on the pages of who bought."""

from __future__ import annotations

from typing import Any

from tests.web.browsing import Web
from tests.web.conftest import site  # noqa: F401
from tests.world import World


async def test_what_was_bought_is_given_changed_and_seen(api_of: Any, site: Web, world: World) -> None:  # noqa: F811
    ana = await api_of(world.ana)
    status, product = await ana.post("/products", {"name": "Lámpara Alba", "price": "99.50"})
    assert (status, product["price"], product["currency"]) == (201, "99.50", "EUR")
    new = {"product": product["id"], "amount": 199, "bought_at": "2026-09-12T10:00:00Z", "external_id": "P-1"}
    status, error = await ana.post("/purchases", new)
    assert (status, error["error"]["field"]) == (422, "contact")
    status, made = await ana.post("/purchases", new | {"contact": world.marta})
    assert (status, made["amount"], made["account"]["name"]) == (201, "199.00", "Acme")
    assert (await ana.post("/purchases", new | {"contact": world.marta}))[0] == 409
    for field, wrong in (("product", 10**9), ("contact", 10**9), ("amount", "NaN"), ("amount", -1)):
        status, error = await ana.post("/purchases", new | {"contact": world.marta, field: wrong})
        assert (status, error["error"]["field"]) == (422, field), (field, wrong)
    status, changed = await ana.patch(f"/purchases/{made['id']}", {"state": "renewed"})
    assert (status, changed["state"], changed["amount"]) == (200, "renewed", "199.00")
    status, paid = await ana.post(
        "/payments", {"purchase": made["id"], "amount": "199", "method": "transfer", "due_on": "2026-10-01"}
    )
    assert (status, paid["paid_on"], paid["late"] > 0) == (201, None, True)
    _status, owed = await ana.get("/payments?overdue=true")
    assert [one["id"] for one in owed["items"]] == [paid["id"]]
    for filters in (f"contact={world.marta}", f"account={world.acme}", "external_id=P-1", "state=renewed"):
        _status, page = await ana.get(f"/purchases?{filters}")
        assert [one["id"] for one in page["items"]] == [made["id"]], filters
    _status, page = await ana.get(f"/purchases?contact={world.jorge}")
    assert page == {"items": [], "next": None}
    _status, page = await ana.get("/products?q=LAMPARA")
    assert [one["id"] for one in page["items"]] == [product["id"]]
    browser = await site.browser(world.ana)
    for address in (f"/contacts/{world.marta}", f"/accounts/{world.acme}"):
        text = await browser.text(address)
        assert "Lámpara Alba" in text
        assert "días de retraso" in text


async def test_leads_import_purchases_on_a_page_and_agents_do_not(site: Web, world: World) -> None:  # noqa: F811
    lola = await site.browser(world.lola)
    assert "external_id, contact, account, product" in await lola.text("/purchases/import")
    assert (await (await site.browser(world.ana)).get("/payments/import")).status == 403
