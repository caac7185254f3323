"""/campaigns/interests: what campaigns are about, in both languages; customers say no to one and keep the others."""

from __future__ import annotations

import msgspec
from aiohttp import web
from aiohttp.web import RouteDef, get, post

from hub.agents.roles import must
from hub.customers import interests
from hub.customers.interests import Interest
from hub.plumbing.errors import BadInput
from hub.web import shell
from hub.web.forms import form_of
from hub.web.requests import hub_of, id_of, person_of
from hub.web.views import View


class InterestForm(msgspec.Struct):
    """POST /campaigns/interests, /campaigns/interests/{id}."""

    name_es: str = ""
    name_en: str = ""
    active: bool = False


class InterestsPage(View, frozen=True, kw_only=True):
    """GET /campaigns/interests. `wrong`: of which row `errors` speak; 0: of the new one, -1: of none."""

    interests: list[Interest]
    typed: InterestForm = msgspec.field(default_factory=InterestForm)
    errors: dict[str, str] = msgspec.field(default_factory=dict)
    wrong: int = -1


async def show(request: web.Request) -> web.StreamResponse:
    """GET /campaigns/interests."""
    return await _page(request)


async def add(request: web.Request) -> web.StreamResponse:
    """POST /campaigns/interests."""
    me = person_of(request)
    must(me, "run_campaigns")
    form = await form_of(request, InterestForm)
    try:
        async with hub_of(request).transaction() as tx:
            await interests.create(tx, form.name_es, form.name_en, agent_id=me.id)
    except BadInput as error:
        return await _page(request, form, {error.field: error.message})
    raise web.HTTPSeeOther("/campaigns/interests")


async def change(request: web.Request) -> web.StreamResponse:
    """POST /campaigns/interests/{id}. Raises NotFound."""
    me = person_of(request)
    must(me, "run_campaigns")
    form = await form_of(request, InterestForm)
    try:
        async with hub_of(request).transaction() as tx:
            await interests.change(
                tx,
                id_of(request),
                name_es=form.name_es,
                name_en=form.name_en,
                active=form.active,
                agent_id=me.id,
            )
    except BadInput as error:
        return await _page(request, form, {error.field: error.message}, id_of(request))
    raise web.HTTPSeeOther("/campaigns/interests")


ROUTES: list[RouteDef] = [
    get("/campaigns/interests", show),
    post("/campaigns/interests", add),
    post(r"/campaigns/interests/{id:\d{1,18}}", change),
]


async def _page(
    request: web.Request,
    typed: InterestForm | None = None,
    errors: dict[str, str] | None = None,
    wrong: int = 0,
) -> web.StreamResponse:
    must(person_of(request), "run_campaigns")
    async with hub_of(request).transaction() as tx:
        known = await interests.listed(tx)
    told = InterestsPage(
        interests=known, typed=typed or InterestForm(), errors=errors or {}, wrong=wrong if errors else -1
    )
    return await shell.page(
        request, "interests/page.html", told, current="campaigns", status=422 if errors else 200
    )
