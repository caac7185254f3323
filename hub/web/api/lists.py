"""Lists of people over the API: files of rows, tried before they are taken in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from hub.agents.roles import must
from hub.campaigns import list_importing, lists
from hub.campaigns.list_columns import Meaning, Plan, guess
from hub.campaigns.list_importing import Importing
from hub.campaigns.list_rows import Taken
from hub.campaigns.list_trying import dry_run
from hub.campaigns.lists import ContactList
from hub.customers import importing_files
from hub.customers.importing import RowError
from hub.plumbing.errors import NotFound
from hub.plumbing.texts import _
from hub.web.api.endpoints import Call, Endpoint, Page, Paging, limit_of, number_cursor
from hub.web.api.shapes import Ref, Shape

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


class RowCounts(Shape, frozen=True, kw_only=True):
    """Rows: `done` of people, `new` of them unknown before, `wrong` the others; `errors`: of the first of these.

    Addresses: `agreed` newly to campaigns, `kept_out` said no before and stay out.
    """

    done: int
    new: int
    wrong: int
    agreed: int
    kept_out: int
    errors: list[RowError]


class TakenShape(RowCounts, frozen=True, kw_only=True):
    """What the rows did, or would do (`dry_run`). `columns`: what each heading was taken for."""

    dry_run: bool
    columns: dict[str, Meaning]


class NewList(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /lists."""

    name: str


class Given(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file: `csv` with its headings. `columns`: heading → meaning, guessed without it.

    `everybody` wants campaigns, by the `proof` you have.
    """

    csv: str
    columns: dict[str, Meaning] | None = None
    everybody: bool = False
    proof: str = ""

    def read(self) -> tuple[bytes, Plan]:
        """The file, and what its columns mean. Raises BadInput."""
        raw = self.csv.encode()
        columns = self.columns if self.columns is not None else guess(importing_files.sheet(raw)[0]).columns
        return raw, Plan(columns=columns, everybody=self.everybody, proof=self.proof)


class Rows(Given, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /lists/{id}/rows: at most 2,000 of them."""

    dry_run: bool = False


class Import(Given, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /lists/{id}/imports: up to 1,000,000 rows and 40 MB; a worker takes it in. `name`: of the file.

    /lists/{id}/rows tries such a file (`dry_run`) in parts.
    """

    name: str = ""


class ImportShape(RowCounts, frozen=True, kw_only=True):
    """A file on its way `into` a list: of its `rows`, `done` are in and `wrong` not; `finished_at` None: it goes on.

    `why`: what ended it early.
    """

    id: int
    into: Ref
    name: str
    rows: int
    why: str
    created_by: str | None
    created_at: datetime
    finished_at: datetime | None


async def add_import(call: Call) -> ImportShape:
    """Keeps the file, answers at once; a repeated row changes nothing more."""
    must(call.person, "run_campaigns")
    wanted: Import = call.body
    raw, plan = wanted.read()
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


async def take_out(call: Call) -> ListShape:
    """That person, whoever was merged into them too; the files that name them may bring them back."""
    must(call.person, "run_campaigns")
    list_id, contact_id = call.ids
    async with call.transaction() as tx:
        await lists.load(tx, list_id)
        if not await lists.leave(tx, list_id, [contact_id], agent_id=call.person.id):
            raise NotFound(_("This person is not in this list."))
        return _shape(await lists.load(tx, list_id))


async def add_rows(call: Call) -> TakenShape:
    """In transactions of its own; a wrong row takes no other along, the same rows again change nothing more."""
    must(call.person, "run_campaigns")
    wanted: Rows = call.body
    raw, plan = wanted.read()
    if wanted.dry_run:
        taken = await dry_run(call.hub, raw, plan, most=MOST_ROWS)
    else:
        taken = await lists.take_in(call.hub, call.id, raw, plan, agent_id=call.person.id, most=MOST_ROWS)
    return TakenShape(
        dry_run=wanted.dry_run,
        columns=plan.columns,
        **_counts(taken),
    )


def _import(one: Importing) -> ImportShape:
    return ImportShape(
        id=one.id,
        into=Ref(one.list_id, one.list_name),
        name=one.name,
        rows=one.rows,
        why=one.why,
        created_by=one.agent_name,
        created_at=one.created_at,
        finished_at=one.finished_at,
        **_counts(one),
    )


def _counts(one: Taken | Importing) -> dict[str, Any]:
    """The fields of RowCounts, which both have under the same names."""
    return {name: getattr(one, name) for name in RowCounts.__struct_fields__}


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
        method="DELETE",
        path="/lists/{id}/people/{contact_id}",
        summary="Take a person out of a list",
        handler=take_out,
        answer=ListShape,
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
