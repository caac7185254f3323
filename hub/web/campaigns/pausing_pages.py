"""/campaigns/{id}/contacts/{contact}/follow-ups: pausing a campaign for one person, and letting it go on."""

from __future__ import annotations

from urllib.parse import urlencode

import msgspec
from aiohttp import web

from hub.campaigns import sequencing
from hub.web.campaigns import opened
from hub.web.forms import form_of
from hub.web.requests import hub_of, id_of


class PauseForm(msgspec.Struct):
    """`paused`: or let go on. `back`: "contact" or the group of the list of people it was pressed in."""

    paused: bool = False
    why: str = ""
    back: str = ""


async def turn(request: web.Request) -> web.StreamResponse:
    """POST: then back to where it was pressed, where it can be taken back."""
    person = opened.marketer(request)
    form = await form_of(request, PauseForm)
    contact_id = id_of(request, "contact")
    do = sequencing.pause_person if form.paused else sequencing.resume_person
    async with hub_of(request).transaction() as tx:
        await do(tx, id_of(request), contact_id, person.id, form.why)
    if form.back == "contact":
        raise web.HTTPSeeOther(f"/contacts/{contact_id}#campaigns")
    told = urlencode({"which": form.back[:20], "paused" if form.paused else "going_on": contact_id})
    raise web.HTTPSeeOther(f"/campaigns/{id_of(request)}/report?{told}#people")
