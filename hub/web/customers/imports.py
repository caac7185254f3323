"""Imports: a CSV file of accounts or contacts; the right rows go in, the wrong ones are named."""

from __future__ import annotations

import tempfile
from pathlib import Path

from aiohttp import web

from hub.agents.roles import must
from hub.customers import importing
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import _
from hub.web import shell
from hub.web.customers.views import ImportPage
from hub.web.requests import hub_of, person_of

WHAT = {
    "accounts": (importing.import_accounts, importing.ACCOUNT_COLUMNS),
    "contacts": (importing.import_contacts, importing.CONTACT_COLUMNS),
}


async def show(request: web.Request) -> web.StreamResponse:
    """GET /{accounts,contacts}/import."""
    must(person_of(request), "import")
    what = request.match_info["what"]
    return await _page(request, ImportPage(what=what, columns=WHAT[what][1]))


async def post(request: web.Request) -> web.StreamResponse:
    """POST /{accounts,contacts}/import: a form with the field `file`."""
    must(person_of(request), "import")
    what = request.match_info["what"]
    work, columns = WHAT[what]
    given = (await request.post()).get("file")
    if not isinstance(given, web.FileField):
        return await _page(request, ImportPage(what=what, columns=columns, error=_("Choose a CSV file.")))
    with tempfile.NamedTemporaryFile(suffix=".csv") as kept:
        kept.write(given.file.read())
        kept.flush()
        try:
            done = await work(hub_of(request), Path(kept.name))
        except BadInput as error:
            return await _page(request, ImportPage(what=what, columns=columns, error=error.message))
    return await _page(
        request, ImportPage(what=what, columns=columns, done=done.done, wrong=done.errors[:500])
    )


async def _page(request: web.Request, page: ImportPage) -> web.StreamResponse:
    return await shell.page(request, "customers/import.html", page, current=page.what)
