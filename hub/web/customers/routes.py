"""The addresses of this room."""

from __future__ import annotations

from aiohttp.web import RouteDef, get, post

from hub.web.customers import account_pages, contact_pages, erasing_pages, imports, merges, wishes

WHAT = "|".join(imports.WHAT)

ROUTES: list[RouteDef] = [
    get(f"/{{what:{WHAT}}}/import", imports.show),
    post(f"/{{what:{WHAT}}}/import", imports.post),
    get("/accounts", account_pages.show_all),
    post("/accounts", account_pages.add),
    get(r"/accounts/{id:\d{1,18}}", account_pages.show),
    post(r"/accounts/{id:\d{1,18}}", account_pages.change),
    post(r"/accounts/{id:\d{1,18}}/domains", account_pages.add_domain),
    post(r"/accounts/{id:\d{1,18}}/domains/remove", account_pages.remove_domain),
    get("/contacts", contact_pages.show_all),
    get(r"/contacts/{id:\d{1,18}}", contact_pages.show),
    post(r"/contacts/{id:\d{1,18}}", contact_pages.change),
    post(r"/contacts/{id:\d{1,18}}/addresses", contact_pages.add_address),
    post(r"/contacts/{id:\d{1,18}}/consents", wishes.write_down),
    post(r"/contacts/{id:\d{1,18}}/merge", merges.merge),
    get(r"/contacts/{id:\d{1,18}}/erase", erasing_pages.ask),
    post(r"/contacts/{id:\d{1,18}}/erase", erasing_pages.erase),
    get(r"/contacts/{id:\d{1,18}}/held.json", erasing_pages.hand_out),
    get("/erasures", erasing_pages.show_all),
    get(r"/erasures/{id:\d{1,18}}", erasing_pages.show),
    get("/merges", merges.show),
    post(r"/merges/{id:\d{1,18}}/undo", merges.undo),
]
