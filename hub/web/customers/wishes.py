"""What a person wants to hear from us: an agent writes a wish down, with how they know."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hub.customers import consent
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import _
from hub.web.customers import contact_pages
from hub.web.forms import form_of
from hub.web.requests import hub_of, id_of, person_of

MOST_ID = 2**63 - 1


class WishForm(msgspec.Struct):
    """POST /contacts/{id}/consents. `wish` is yes or no."""

    address_id: str = ""
    purpose: str = ""
    wish: str = ""
    reason: str = ""


async def write_down(request: web.Request) -> web.StreamResponse:
    """POST /contacts/{id}/consents."""
    person = person_of(request)
    form = await form_of(request, WishForm)
    try:
        address_id = int(form.address_id) if form.address_id.isascii() and form.address_id.isdigit() else 0
        if form.wish not in ("yes", "no") or not 0 < address_id <= MOST_ID:
            raise BadInput(_("Choose what the wish is about."), field="purpose")
        async with hub_of(request).transaction() as tx:
            await consent.write_down(
                tx,
                id_of(request),
                address_id,
                form.purpose,
                granted=form.wish == "yes",
                reason=form.reason,
                agent_id=person.id,
            )
    except BadInput as error:
        return await contact_pages.page_of(request, {error.field: error.message}, form)
    raise web.HTTPSeeOther(f"/contacts/{id_of(request)}")
