"""/notices, behind the bell: what somebody was told, newest first."""

from __future__ import annotations

from aiohttp import web
from aiohttp.web import RouteDef, get, post

from hub.notifications import notifier
from hub.notifications.notifier import Notice
from hub.web import shell
from hub.web.forms import number_of
from hub.web.notices import words
from hub.web.requests import hub_of, id_of, person_of
from hub.web.views import View

PAGE = 50


class NoticeView(View, frozen=True, kw_only=True):
    """One notice in words; `place` is where it leads, "" for nowhere."""

    one: Notice
    said: str
    place: str


class NoticesPage(View, frozen=True, kw_only=True):
    """GET /notices. `newest`: the id up to which "all seen" means; 0 when nothing is new."""

    found: list[NoticeView]
    newest: int
    more: str


async def show(request: web.Request) -> web.StreamResponse:
    """GET /notices?before=."""
    person = person_of(request)
    cursor = await shell.live_cursor(request)
    async with hub_of(request).transaction() as tx:
        found = await notifier.latest(tx, person.id, before=number_of(request, "before"), most=PAGE + 1)
    page = NoticesPage(
        found=[NoticeView(one=one, said=words.words(one), place=words.place(one)) for one in found[:PAGE]],
        newest=max((one.id for one in found[:PAGE] if one.seen_at is None), default=0),
        more=f"/notices?before={found[PAGE - 1].id}" if len(found) > PAGE else "",
    )
    return await shell.page(request, "notices/page.html", page, current="notices", cursor=cursor)


async def seen(request: web.Request) -> web.StreamResponse:
    """POST /notices/{id}/seen: that one and all before it."""
    person = person_of(request)
    async with hub_of(request).transaction() as tx:
        await notifier.see(tx, person.id, up_to=id_of(request))
    raise web.HTTPSeeOther("/notices")


ROUTES: list[RouteDef] = [
    get("/notices", show),
    post(r"/notices/{id:\d{1,18}}/seen", seen),
]
