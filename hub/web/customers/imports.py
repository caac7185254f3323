"""Imports: a CSV file of customers, or of what they bought; the right rows go in, the wrong ones are named."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from aiohttp import web

from hub.agents.roles import must
from hub.customers import importing, importing_purchases
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import N_, _
from hub.web import shell
from hub.web.customers.views import ImportPage
from hub.web.requests import hub_of, person_of

WHAT = {
    "accounts": (importing.import_accounts, importing.ACCOUNT_COLUMNS),
    "contacts": (importing.import_contacts, importing.CONTACT_COLUMNS),
    "products": (importing_purchases.import_products, importing_purchases.PRODUCT_COLUMNS),
    "purchases": (importing_purchases.import_purchases, importing_purchases.PURCHASE_COLUMNS),
    "payments": (importing_purchases.import_payments, importing_purchases.PAYMENT_COLUMNS),
}
NAMES = {
    "accounts": N_("Accounts"),
    "contacts": N_("Contacts"),
    "products": N_("Products"),
    "purchases": N_("Purchases"),
    "payments": N_("Payments"),
}


async def show(request: web.Request) -> web.StreamResponse:
    """GET /{what}/import."""
    must(person_of(request), "import")
    what = request.match_info["what"]
    return await _page(request, _import_page(what))


async def post(request: web.Request) -> web.StreamResponse:
    """POST /{what}/import: a form with the field `file`."""
    must(person_of(request), "import")
    what = request.match_info["what"]
    work = WHAT[what][0]
    given = (await request.post()).get("file")
    if not isinstance(given, web.FileField):
        return await _page(request, _import_page(what, error=_("Choose a CSV file.")))
    with tempfile.NamedTemporaryFile(suffix=".csv") as kept:
        kept.write(given.file.read())
        kept.flush()
        try:
            done = await work(hub_of(request), Path(kept.name))
        except BadInput as error:
            return await _page(request, _import_page(what, error=error.message))
    return await _page(request, _import_page(what, done=done.done, wrong=done.errors[:500]))


def _import_page(what: str, **found: Any) -> ImportPage:
    names = {key: _(name) for key, name in NAMES.items()}
    return ImportPage(what=what, kinds=names, columns=WHAT[what][1], **found)


async def _page(request: web.Request, page: ImportPage) -> web.StreamResponse:
    current = "accounts" if page.what == "accounts" else "contacts"
    return await shell.page(request, "customers/import.html", page, current=current)
