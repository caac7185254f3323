"""Lists of people over the API: files of rows, tried before they are taken in."""

from __future__ import annotations

from datetime import datetime

import msgspec

from hub.agents.roles import must
from hub.campaigns import list_importing, lists
from hub.campaigns.list_columns import Meaning, Plan, guess
from hub.campaigns.list_importing import Importing
from hub.campaigns.list_trying import dry_run
from hub.campaigns.lists import ContactList
from hub.customers import importing
from hub.plumbing.errors import NotFound
from hub.plumbing.texts import _
from hub.web.api.endpoints import Call, Endpoint, Page, Paging, limit_of, number_cursor
from hub.web.api.shapes import Ref, Shape, ref

MOST_ROWS = 2000
"""In one request; of a longer file a worker takes care (imports)."""


class ListShape(Shape, frozen=True, kw_only=True):
    """A list; `columns` are what its files say of its people beside what a contact has."""

    id: int
    name: str
    columns: list[str]
    people: int
    created_by: str | None
    changed_at: datetime


class RowErrorShape(Shape, frozen=True, kw_only=True):
    """What is wrong with one row; `row` counts from 1 at the headings."""

    row: int
    field: str
    message: str


class TakenShape(Shape, frozen=True, kw_only=True):
    """What the rows did, or would do (`dry_run`).

    `done` rows of people, `new` of them unknown before, `wrong` the others. Addresses: `agreed` newly to campaigns,
    `kept_out` said no before and stay out. `columns`: what each heading was taken for.
    """

    dry_run: bool
    columns: dict[str, Meaning]
    done: int
    new: int
    wrong: int
    agreed: int
    kept_out: int
    errors: list[RowErrorShape]


class NewList(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /lists."""

    name: str


class Rows(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /lists/{id}/rows: `csv` with its headings, at most 2,000 rows.

    `columns`: heading → meaning, guessed without it. `everybody` wants campaigns, by the `proof` you have.
    """

    csv: str
    columns: dict[str, Meaning] | None = None
    everybody: bool = False
    proof: str = ""
    dry_run: bool = False


class ImportShape(Shape, frozen=True, kw_only=True):
    """A file on its way `into` a list: of its `rows`, `done` are in and `wrong` not; `finished_at` None: it goes on.

    `new`, `agreed`, `kept_out`, `errors`: as of TakenShape. `why`: what ended it early.
    """

    id: int
    into: Ref | None
    name: str
    rows: int
    done: int
    new: int
    wrong: int
    agreed: int
    kept_out: int
    errors: list[RowErrorShape]
    why: str
    created_by: str | None
    created_at: datetime
    finished_at: datetime | None


class Import(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /lists/{id}/imports: `csv` with its headings, up to 1,000,000 rows and 40 MB; a worker takes it in.

    The other fields as of /lists/{id}/rows, which tries such a file (`dry_run`) in parts. `name`: of the file.
    """

    csv: str
    name: str = ""
    columns: dict[str, Meaning] | None = None
    everybody: bool = False
    proof: str = ""


async def add_import(call: Call) -> ImportShape:
    """Keeps the file, answers at once; a repeated row changes nothing more."""
    must(call.person, "run_campaigns")
    wanted: Import = call.body
    raw = wanted.csv.encode()
    columns = wanted.columns if wanted.columns is not None else guess(importing.sheet(raw)[0]).columns
    plan = Plan(columns=columns, everybody=wanted.everybody, proof=wanted.proof)
    return _import(
        await list_importing.begin(
            call.hub, call.id, raw, plan, name=wanted.name or "import.csv", agent_id=call.person.id
        )
    )


async def list_imports(call: Call) -> Page[ImportShape]:
    """Of one list, the newest first."""
    must(call.person, "run_campaigns")
    most = limit_of(call.query)
    async with call.transaction() as tx:
        await lists.load(tx, call.id)
        before = number_cursor(call.query) or None
        found = await list_importing.listed(tx, call.id, before=before, most=most + 1)
    more = str(found[most - 1].id) if len(found) > most else None
    return Page([_import(one) for one in found[:most]], more)


async def read_import(call: Call) -> ImportShape:
    """How far it is."""
    must(call.person, "run_campaigns")
    list_id, import_id = call.ids
    async with call.transaction() as tx:
        found = await list_importing.load(tx, import_id)
    if found.list_id != list_id:
        raise NotFound(_("There is no such import."))
    return _import(found)


async def list_lists(call: Call) -> Page[ListShape]:
    """All lists, by id."""
    must(call.person, "run_campaigns")
    most = limit_of(call.query)
    async with call.transaction() as tx:
        found = await lists.listed(tx, after=number_cursor(call.query), most=most + 1)
    more = str(found[most - 1].id) if len(found) > most else None
    return Page([_shape(one) for one in found[:most]], more)


async def read_list(call: Call) -> ListShape:
    """One list."""
    must(call.person, "run_campaigns")
    async with call.transaction() as tx:
        return _shape(await lists.load(tx, call.id))


async def add_list(call: Call) -> ListShape:
    """An empty list."""
    must(call.person, "run_campaigns")
    wanted: NewList = call.body
    async with call.transaction() as tx:
        return _shape(await lists.create(tx, wanted.name, agent_id=call.person.id))


async def add_rows(call: Call) -> TakenShape:
    """In transactions of its own, row by row; the same rows again change nothing more."""
    must(call.person, "run_campaigns")
    wanted: Rows = call.body
    raw = wanted.csv.encode()
    columns = wanted.columns if wanted.columns is not None else guess(importing.sheet(raw)[0]).columns
    plan = Plan(columns=columns, everybody=wanted.everybody, proof=wanted.proof)
    if wanted.dry_run:
        taken = await dry_run(call.hub, raw, plan, most=MOST_ROWS)
    else:
        taken = await lists.take_in(call.hub, call.id, raw, plan, agent_id=call.person.id, most=MOST_ROWS)
    return TakenShape(
        dry_run=wanted.dry_run,
        columns=columns,
        done=taken.done,
        new=taken.new,
        wrong=taken.wrong,
        agreed=taken.agreed,
        kept_out=taken.kept_out,
        errors=[RowErrorShape(row=one.row, field=one.field, message=one.message) for one in taken.errors],
    )


def _import(one: Importing) -> ImportShape:
    return ImportShape(
        id=one.id,
        into=ref(one.list_id, one.list_name),
        name=one.name,
        rows=one.rows,
        done=one.done,
        new=one.new,
        wrong=one.wrong,
        agreed=one.agreed,
        kept_out=one.kept_out,
        errors=[
            RowErrorShape(row=wrong.row, field=wrong.field, message=wrong.message) for wrong in one.errors
        ],
        why=one.why,
        created_by=one.agent_name,
        created_at=one.created_at,
        finished_at=one.finished_at,
    )


def _shape(one: ContactList) -> ListShape:
    return ListShape(
        id=one.id,
        name=one.name,
        columns=one.columns,
        people=one.people,
        created_by=one.agent_name,
        changed_at=one.changed_at,
    )


ENDPOINTS = [
    Endpoint(
        method="GET",
        path="/lists",
        summary="All lists of people",
        handler=list_lists,
        query=Paging,
        answer=Page[ListShape],
    ),
    Endpoint(method="GET", path="/lists/{id}", summary="One list", handler=read_list, answer=ListShape),
    Endpoint(
        method="POST",
        path="/lists",
        summary="Make an empty list",
        handler=add_list,
        body=NewList,
        answer=ListShape,
        status=201,
    ),
    Endpoint(
        method="POST",
        path="/lists/{id}/rows",
        summary="Try the rows of a file, or take them in",
        handler=add_rows,
        body=Rows,
        answer=TakenShape,
    ),
    Endpoint(
        method="POST",
        path="/lists/{id}/imports",
        summary="Let a worker take in a large file",
        handler=add_import,
        body=Import,
        answer=ImportShape,
        status=201,
        commits=True,
    ),
    Endpoint(
        method="GET",
        path="/lists/{id}/imports",
        summary="The files a list came from",
        handler=list_imports,
        query=Paging,
        answer=Page[ImportShape],
    ),
    Endpoint(
        method="GET",
        path="/lists/{id}/imports/{import_id}",
        summary="How far a file is",
        handler=read_import,
        answer=ImportShape,
    ),
]
