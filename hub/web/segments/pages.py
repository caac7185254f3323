"""/segments: the saved audiences, building one with its people counted meanwhile, and the versions there were."""

from __future__ import annotations

from urllib.parse import urlencode

from aiohttp import web
from aiohttp.web import RouteDef, get, post

from hub.agents.roles import must
from hub.campaigns import segments
from hub.campaigns.segments import Segment
from hub.plumbing.errors import BadInput, Conflict
from hub.plumbing.texts import N_, _
from hub.web import render, shell
from hub.web.forms import form_of, number_of, posted
from hub.web.requests import hub_of, id_of, person_of
from hub.web.segments import drawing, rows
from hub.web.segments.rows import Read, Typed, Typeds
from hub.web.segments.views import NameForm, SegmentPage, SegmentsPage, VersionView

PAGE = 50
DONE = {"saved": N_("Saved")}


async def show_all(request: web.Request) -> web.StreamResponse:
    """GET /segments?q=&after=."""
    must(person_of(request), "run_campaigns")
    q = request.query.get("q", "")[:100]
    async with hub_of(request).transaction() as tx:
        found = await segments.listed(tx, text=q, after=number_of(request, "after") or 0, most=PAGE + 1)
        words = {one.id: await drawing.in_words(tx, one.definition) for one in found[:PAGE]}
    more = f"/segments?{urlencode({'q': q, 'after': found[PAGE - 1].id})}" if len(found) > PAGE else ""
    page = SegmentsPage(segments=found[:PAGE], words=words, q=q, more=more)
    return await shell.page(request, "segments/list.html", page, current="segments")


async def begin(request: web.Request) -> web.StreamResponse:
    """GET /segments/new?list=: empty, or with everybody of a list."""
    must(person_of(request), "run_campaigns")
    wanted = number_of(request, "list")
    row = Typed(field="list", op="is", values={"list": [str(wanted)]}) if wanted else Typed()
    return await _page(request, None, "", [[row]])


async def add(request: web.Request) -> web.StreamResponse:
    """POST /segments: save it, or draw the builder again after one of its buttons."""
    person = person_of(request)
    must(person, "run_campaigns")
    form, groups = await form_of(request, NameForm), rows.typed(await posted(request))
    if form.act or _is_fragment(request):
        return await _reshaped(request, None, form, groups)
    asked = rows.read(groups)
    if asked.errors:
        return await _page(request, None, form.name, groups, asked.errors)
    try:
        async with hub_of(request).transaction() as tx:
            made = await segments.create(tx, name=form.name, definition=asked.definition, agent_id=person.id)
    except (BadInput, Conflict) as error:
        return await _page(request, None, form.name, groups, wrong={error.field: error.message})
    raise web.HTTPSeeOther(f"/segments/{made.id}?done=saved")


async def show(request: web.Request) -> web.StreamResponse:
    """GET /segments/{id}?version=: as it is, or as it was."""
    must(person_of(request), "run_campaigns")
    looking = number_of(request, "version") or 0
    async with hub_of(request).transaction() as tx:
        segment = await segments.load(tx, id_of(request))
        definition = await segments.version(tx, segment.id, looking) if looking else segment.definition
    return await _page(request, segment, segment.name, rows.shown(definition), looking=looking)


async def change(request: web.Request) -> web.StreamResponse:
    """POST /segments/{id}: save it, or draw the builder again after one of its buttons."""
    person = person_of(request)
    must(person, "run_campaigns")
    form, groups = await form_of(request, NameForm), rows.typed(await posted(request))
    async with hub_of(request).transaction() as tx:
        segment = await segments.load(tx, id_of(request))
    if form.act or _is_fragment(request):
        return await _reshaped(request, segment, form, groups)
    asked = rows.read(groups)
    if asked.errors:
        return await _page(request, segment, form.name, groups, asked.errors, read=form.version)
    try:
        async with hub_of(request).transaction() as tx:
            await segments.change(
                tx,
                segment.id,
                name=form.name,
                definition=asked.definition,
                version=form.version or None,
                agent_id=person.id,
            )
    except (BadInput, Conflict) as error:
        read = 0 if error.field == "version" else form.version
        return await _page(request, segment, form.name, groups, wrong={error.field: error.message}, read=read)
    raise web.HTTPSeeOther(f"/segments/{segment.id}?done=saved")


async def count(request: web.Request) -> web.StreamResponse:
    """POST /segments/count: the audience of the rows as they are typed, as a partial."""
    must(person_of(request), "run_campaigns")
    return await _counted(request, rows.read(rows.typed(await posted(request))))


async def reach(request: web.Request) -> web.StreamResponse:
    """GET /segments/{id}/reach: how many of a saved one may be written to, as a partial for the list."""
    must(person_of(request), "run_campaigns")
    async with hub_of(request).transaction() as tx:
        definition = (await segments.load(tx, id_of(request))).definition
    return await _counted(request, Read(definition=definition, errors={}), "segments/_reach.html")


ROUTES: list[RouteDef] = [
    get("/segments", show_all),
    post("/segments", add),
    get("/segments/new", begin),
    post("/segments/count", count),
    get(r"/segments/{id:\d{1,18}}", show),
    post(r"/segments/{id:\d{1,18}}", change),
    get(r"/segments/{id:\d{1,18}}/reach", reach),
]


async def _reshaped(
    request: web.Request, segment: Segment | None, form: NameForm, groups: Typeds
) -> web.StreamResponse:
    """The builder after a button; the row that came gets the focus. Nothing is saved."""
    before = sum(map(len, groups))
    groups = rows.changed(groups, form.act)
    fresh = None
    if sum(map(len, groups)) > before:
        g = int(form.act.partition(":")[2] or len(groups) - 1)
        fresh = (g, len(groups[g]) - 1)
    if not _is_fragment(request):
        return await _page(request, segment, form.name, groups, read=form.version)
    async with hub_of(request).transaction() as tx:
        view = await drawing.builder(tx, groups, {}, fresh=fresh)
    person = person_of(request)
    return shell.html(render.partial("segments/_builder.html", view, person.language, person.time_zone))


async def _counted(
    request: web.Request, asked: Read, template: str = "segments/_audience.html"
) -> web.StreamResponse:
    person = person_of(request)
    view = await drawing.reached(hub_of(request), asked)
    return shell.html(render.partial(template, view, person.language, person.time_zone))


async def _page(
    request: web.Request,
    segment: Segment | None,
    name: str,
    groups: Typeds,
    errors: dict[tuple[int, int], str] | None = None,
    wrong: dict[str, str] | None = None,
    *,
    looking: int = 0,
    read: int = 0,
) -> web.StreamResponse:
    """`read`: the version the form had read; 0: the newest."""
    asked = rows.read(groups)
    versions: list[VersionView] = []
    theirs = ""
    async with hub_of(request).transaction() as tx:
        builder = await drawing.builder(tx, groups, errors or {})
        if segment is not None and "version" in (wrong or {}):
            theirs = await drawing.in_words(tx, segment.definition)
        if segment is not None:
            versions = [
                VersionView(version=one.version, at=one.at, by=one.agent_name or "")
                for one in await segments.versions(tx, segment.id)
            ]
    page = SegmentPage(
        id=segment.id if segment else 0,
        name=name,
        version=segment.version if segment else 0,
        read=read or (segment.version if segment else 0),
        builder=builder,
        audience=await drawing.reached(hub_of(request), asked),
        versions=versions,
        looking=looking,
        theirs=theirs,
        errors=wrong or {},
        done=_(DONE.get(request.query.get("done", ""), "")) if request.query.get("done") in DONE else "",
    )
    status = 422 if errors or wrong else 200
    return await shell.page(request, "segments/page.html", page, current="segments", status=status)


def _is_fragment(request: web.Request) -> bool:
    return request.headers.get("X-Fragment") == "shape"
