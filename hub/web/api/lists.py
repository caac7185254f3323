"""Lists of people over the API: files of rows, tried before they are taken in."""

from __future__ import annotations

from datetime import datetime

import msgspec

from hub.agents.roles import must
from hub.campaigns import lists
from hub.campaigns.list_columns import Meaning, Plan, guess
from hub.campaigns.list_trying import dry_run
from hub.campaigns.lists import ContactList
from hub.customers import importing
from hub.web.api.endpoints import Call, Endpoint, Page, Paging, limit_of, number_cursor
from hub.web.api.shapes import Shape

MOST_ROWS = 2000
"""In one request; a longer file is sent in parts."""


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
]
