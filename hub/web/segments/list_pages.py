"""/segments/lists: files of people. Uploaded, their columns named, tried row by row, and only then taken in."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path

import msgspec
from aiohttp import web
from aiohttp.web import RouteDef, get, post

from hub.agents.roles import Person, must
from hub.campaigns import list_columns, list_importing, lists
from hub.campaigns.list_columns import WORDS, Plan, guess
from hub.campaigns.list_importing import Importing
from hub.campaigns.list_rows import Taken
from hub.campaigns.list_trying import LOOKED_AT, dry_run, look_at
from hub.campaigns.lists import ContactList
from hub.customers import importing_files
from hub.customers.importing_files import Row
from hub.plumbing.errors import BadInput, Conflict, NotFound
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _
from hub.web import render, shell
from hub.web.campaigns.opened import whole
from hub.web.forms import Form, converted, form_of, posted
from hub.web.requests import hub_of, id_of, person_of
from hub.web.segments.views import Options
from hub.web.views import View

KEPT_SECONDS = 3600
SHOWN = 200
IMPORTS_SHOWN = 10


class ListsPage(View, frozen=True, kw_only=True):
    """GET /segments/lists."""

    lists: list[ContactList]
    imports: list[Importing]
    choices: Options
    name: str = ""
    chosen: str = ""
    error: str = ""


class ColumnView(View, frozen=True, kw_only=True):
    """One column of the file: its heading, what it is taken for, and what stands in it first."""

    n: int
    heading: str
    meaning: str
    example: str


class FilePage(View, frozen=True, kw_only=True):
    """GET and POST /segments/lists/{token}: `taken` is what the file would do, or, `done`, what it did.

    `looked_at`: of a large file only so many rows were tried; 0: all.
    """

    token: str
    name: str
    columns: list[ColumnView]
    meanings: Options
    everybody: bool
    proof: str
    taken: Taken | None
    errors: dict[str, str] = msgspec.field(default_factory=dict)
    done: int = 0
    looked_at: int = 0


class ImportPage(View, frozen=True, kw_only=True):
    """GET /segments/lists/imports/{id}."""

    one: Importing
    percent: int
    meanings: Options


class Uploaded(msgspec.Struct):
    """A file that waits to be taken in: its key in the files, and the list it is for (0: a new one, `name`)."""

    key: str
    name: str
    list_id: int


class UploadForm(msgspec.Struct):
    """POST /segments/lists, beside its `file`."""

    name: str = ""
    list_id: str = ""


class PlanForm(msgspec.Struct):
    """POST /segments/lists/{token}, beside `m.N`, the meaning of each column; `act`: try or take."""

    everybody: bool = False
    proof: str = ""
    act: str = "try"


async def show_all(request: web.Request) -> web.StreamResponse:
    """GET /segments/lists."""
    must(person_of(request), "run_campaigns")
    return await _all(request, UploadForm())


async def upload(request: web.Request) -> web.StreamResponse:
    """POST /segments/lists: the file is kept for an hour, and its columns are looked at next."""
    person = person_of(request)
    must(person, "run_campaigns")
    form, given = await form_of(request, UploadForm), (await posted(request)).get("file")
    if not isinstance(given, web.FileField):
        return await _all(request, form, _("Choose a CSV file."))
    hub = hub_of(request)
    key = await hub.files.put(given.file.read())
    try:
        await _looked_into(hub.files.path(key))
    except BadInput as error:
        return await _all(request, form, error.message)
    name = form.name.strip() or given.filename.rpartition(".")[0]
    waiting = Uploaded(key=key, name=name[:200], list_id=whole(form.list_id) or 0)
    token = secrets.token_urlsafe(16)
    await _keep(hub, person, token, waiting)
    raise web.HTTPSeeOther(f"/segments/lists/{token}")


async def show(request: web.Request) -> web.StreamResponse:
    """GET /segments/lists/{token}: the columns as we understand them, and what would happen."""
    waiting, raw = await _waiting(request)
    return await _tried(request, waiting, raw, guess((await _looked_into(raw))[0]))


async def take(request: web.Request) -> web.StreamResponse:
    """POST /segments/lists/{token}: tried again with other columns, or taken in."""
    person, hub = person_of(request), hub_of(request)
    waiting, raw = await _waiting(request)
    form = await form_of(request, PlanForm)
    headings, _first = await _looked_into(raw)
    plan = _plan(headings, await posted(request), form)
    if form.act != "take":
        return await _tried(request, waiting, raw, plan)
    try:
        list_columns.checked(headings, plan)
        if not waiting.list_id:
            async with hub.transaction() as tx:
                waiting.list_id = (await lists.create(tx, waiting.name, agent_id=person.id)).id
            await _keep(hub, person, request.match_info["token"], waiting)  # the next try finds it
        if lists.is_large(raw):
            begun = await list_importing.begin(
                hub, waiting.list_id, raw, plan, name=waiting.name, agent_id=person.id
            )
            raise web.HTTPSeeOther(f"/segments/lists/imports/{begun.id}")
        taken = await lists.take_in(hub, waiting.list_id, raw, plan, agent_id=person.id)
    except (BadInput, Conflict) as error:
        return await _page(request, waiting, raw, plan, None, {error.field: error.message})
    return await _page(request, waiting, raw, plan, taken, done=waiting.list_id)


async def show_import(request: web.Request) -> web.StreamResponse:
    """GET /segments/lists/imports/{id}: how far a large file is, and what is wrong with its rows."""
    must(person_of(request), "run_campaigns")
    return await shell.page(request, "segments/import.html", await _import(request), current="segments")


async def import_far(request: web.Request) -> web.StreamResponse:
    """GET /segments/lists/imports/{id}/far: the same numbers, as a partial that is fetched again while it lasts."""
    person = person_of(request)
    must(person, "run_campaigns")
    view = await _import(request)
    return shell.html(render.partial("segments/_import.html", view, person.language, person.time_zone))


ROUTES: list[RouteDef] = [
    get("/segments/lists", show_all),
    post("/segments/lists", upload),
    get(r"/segments/lists/imports/{id:\d{1,18}}", show_import),
    get(r"/segments/lists/imports/{id:\d{1,18}}/far", import_far),
    get("/segments/lists/{token}", show),
    post("/segments/lists/{token}", take),
]


async def _import(request: web.Request) -> ImportPage:
    async with hub_of(request).transaction() as tx:
        one = await list_importing.load(tx, id_of(request))
    return ImportPage(one=one, percent=int(100 * one.seen / one.rows), meanings=_meanings())


def _meanings() -> Options:
    return [(key, _(name)) for key, name in WORDS.items()]


async def _waiting(request: web.Request) -> tuple[Uploaded, Path]:
    """Raises NotFound for a file that waited too long, or is somebody else's."""
    person, hub = person_of(request), hub_of(request)
    must(person, "run_campaigns")
    kept = await hub.redis.get(_key(hub, person, request.match_info["token"]))
    if kept is None:
        raise NotFound(_("This file is no longer here: bring it again."))
    waiting = msgspec.json.decode(kept, type=Uploaded)
    return waiting, hub.files.path(waiting.key)


async def _keep(hub: Hub, person: Person, token: str, waiting: Uploaded) -> None:
    await hub.redis.set(_key(hub, person, token), msgspec.json.encode(waiting), ex=KEPT_SECONDS)


async def _tried(request: web.Request, waiting: Uploaded, raw: Path, plan: Plan) -> web.StreamResponse:
    try:
        taken = await (look_at if lists.is_large(raw) else dry_run)(hub_of(request), raw, plan)
    except BadInput as error:
        return await _page(request, waiting, raw, plan, None, {error.field: error.message})
    return await _page(request, waiting, raw, plan, taken)


async def _looked_into(raw: Path) -> tuple[list[str], Row]:
    """The headings and the first row; a large file is walked for its encoding meanwhile. Raises BadInput."""

    def read() -> tuple[list[str], Row]:
        headings, rows = importing_files.sheet(raw)
        return headings, next(rows, (0, {}))[1]

    return await asyncio.to_thread(read)


async def _page(
    request: web.Request,
    waiting: Uploaded,
    raw: Path,
    plan: Plan,
    taken: Taken | None,
    errors: dict[str, str] | None = None,
    *,
    done: int = 0,
) -> web.StreamResponse:
    headings, first = await _looked_into(raw)
    page = FilePage(
        token=request.match_info["token"],
        name=waiting.name,
        columns=[
            ColumnView(n=n, heading=one, meaning=plan.columns.get(one, ""), example=first.get(one, "")[:80])
            for n, one in enumerate(headings)
            if one
        ],
        meanings=_meanings(),
        everybody=plan.everybody,
        proof=plan.proof,
        taken=taken,
        errors=errors or {},
        done=done,
        looked_at=LOOKED_AT if lists.is_large(raw) else 0,
    )
    status = 422 if errors and request.method == "POST" else 200
    return await shell.page(request, "segments/file.html", page, current="segments", status=status)


def _plan(headings: list[str], given: Form, form: PlanForm) -> Plan:
    """Raises BadInput for a meaning there is not."""
    columns = {name: str(given.get(f"m.{n}", "")) for n, name in enumerate(headings) if name}
    return converted({"columns": columns, "everybody": form.everybody, "proof": form.proof.strip()}, Plan)


async def _all(request: web.Request, form: UploadForm, error: str = "") -> web.StreamResponse:
    async with hub_of(request).transaction() as tx:
        found = await lists.listed(tx, most=SHOWN)
        imports = await list_importing.listed(tx, most=IMPORTS_SHOWN)
    page = ListsPage(
        lists=found,
        imports=imports,
        choices=[("", _("A new list")), *((str(one.id), one.name) for one in found)],
        name=form.name,
        chosen=form.list_id,
        error=error,
    )
    status = 422 if error else 200
    return await shell.page(request, "segments/lists.html", page, current="segments", status=status)


def _key(hub: Hub, person: Person, token: str) -> str:
    return f"{hub.prefix}list:{person.id}:{token}"
