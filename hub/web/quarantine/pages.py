"""The quarantine: why something could not be read, its raw bytes, and trying again."""

from __future__ import annotations

from aiohttp import web
from aiohttp.web import RouteDef, get, post

from hub.agents.roles import must
from hub.channels import arrivals
from hub.channels.arrivals import Kept
from hub.plumbing.texts import _
from hub.web import shell
from hub.web.forms import number_of
from hub.web.requests import hub_of, id_of, inbound_of, person_of
from hub.web.views import View

PAGE = 50


class QuarantinePage(View, frozen=True, kw_only=True):
    """GET /quarantine. `done`: what became of the one just tried again."""

    kept: list[Kept]
    more: str
    done: str = ""


async def show(request: web.Request) -> web.StreamResponse:
    """GET /quarantine?before=."""
    return await _page(request)


async def retry(request: web.Request) -> web.StreamResponse:
    """POST /quarantine/{id}/retry: once more, with today's parser."""
    must(person_of(request), "retry_quarantine")
    outcome = await inbound_of(request).retry(id_of(request))
    if outcome.conversation_id:
        raise web.HTTPSeeOther(f"/c/{outcome.conversation_id}")
    words = {
        "unreadable": _("Still unreadable: %(why)s", why=outcome.reason),
        "duplicate": _("It had been stored before."),
        "ignored": _("Understood, and of no use: %(why)s", why=outcome.reason),
    }
    return await _page(request, words.get(outcome.state, _("Stored.")))


async def raw(request: web.Request) -> web.StreamResponse:
    """GET /quarantine/{id}/raw: the bytes as they came, never shown as a page."""
    must(person_of(request), "see_quarantine")
    async with hub_of(request).transaction() as tx:
        kept = await arrivals.load(tx, id_of(request))
    body = await hub_of(request).files.get(kept.raw_file) if kept.raw_file else kept.raw or b""
    return web.Response(
        body=body,
        content_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="arrival-{kept.id}.eml"'},
    )


ROUTES: list[RouteDef] = [
    get("/quarantine", show),
    post(r"/quarantine/{id:\d{1,18}}/retry", retry),
    get(r"/quarantine/{id:\d{1,18}}/raw", raw),
]


async def _page(request: web.Request, done: str = "") -> web.StreamResponse:
    must(person_of(request), "see_quarantine")
    async with hub_of(request).transaction() as tx:
        kept = await arrivals.listed(tx, "unreadable", before=number_of(request, "before"), most=PAGE + 1)
    more = f"/quarantine?before={kept[PAGE - 1].id}" if len(kept) > PAGE else ""
    page = QuarantinePage(kept=kept[:PAGE], more=more, done=done)
    return await shell.page(request, "quarantine/page.html", page, current="quarantine")
