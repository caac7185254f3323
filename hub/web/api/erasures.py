"""Erasing a person over the API: what it will do, having it done, and the statements."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from hub.agents.roles import must
from hub.customers import contacts, erasures
from hub.customers.erasures import Erasure
from hub.insight import erasing, held
from hub.web.api.endpoints import Call, Endpoint, Page, Paging, limit_of, number_cursor
from hub.web.api.shapes import Ref, Shape, ref


class Erase(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /contacts/{id}/erase; `confirm` repeats the contact's number: there is no way back."""

    confirm: int


class ForeseenShape(Shape, frozen=True, kw_only=True):
    """What erasing will do: how many of what go; `elsewhere`: messages of others that name them and stay."""

    contact: Ref
    counts: dict[str, int]
    elsewhere: int


class ErasureShape(Shape, frozen=True, kw_only=True):
    """One erasure. `state`: under_way, files (no row is left, files still go) or done; `contact`: their number once."""

    id: int
    contact: int
    state: str
    agent: Ref | None
    counts: dict[str, int]
    asked_at: datetime
    gone_at: datetime | None
    done_at: datetime | None


async def foresee(call: Call) -> ForeseenShape:
    """Before it is done."""
    must(call.person, "erase")
    async with call.transaction() as tx:
        found = await erasing.foresee(tx, call.id)
    return ForeseenShape(
        contact=Ref(found.contact_id, found.name), counts=found.counts, elsewhere=found.elsewhere
    )


async def hand_out(call: Call) -> dict[str, list[dict[str, Any]]]:
    """Everything that is held about a person, by part."""
    must(call.person, "erase")
    async with call.transaction() as tx:
        return await held.held(tx, call.id)


async def erase(call: Call) -> ErasureShape:
    """From now on; a worker does it. Asked twice it is one. Raises NotFound, BadInput."""
    must(call.person, "erase")
    async with call.transaction() as tx:
        root, *_others = await contacts.merged(tx, call.id)
        erasures.confirmed(str(call.body.confirm), root)
        return _shape(await erasures.ask(tx, call.hub.crypto, call.id, agent_id=call.person.id))


async def read_erasure(call: Call) -> ErasureShape:
    """The statement."""
    must(call.person, "erase")
    async with call.transaction() as tx:
        return _shape(await erasures.load(tx, call.id))


async def list_erasures(call: Call) -> Page[ErasureShape]:
    """Newest first."""
    must(call.person, "erase")
    most = limit_of(call.query)
    async with call.transaction() as tx:
        found = await erasures.listed(tx, before=number_cursor(call.query) or None, most=most + 1)
    more = str(found[most - 1].id) if len(found) > most else None
    return Page([_shape(one) for one in found[:most]], more)


def _shape(one: Erasure) -> ErasureShape:
    return ErasureShape(
        id=one.id,
        contact=one.contact_id,
        state="done" if one.done_at else "files" if one.gone_at else "under_way",
        agent=ref(one.agent_id, one.agent_name),
        counts=one.counts,
        asked_at=one.asked_at,
        gone_at=one.gone_at,
        done_at=one.done_at,
    )


ENDPOINTS = [
    Endpoint(
        method="GET",
        path="/contacts/{id}/erase",
        summary="What erasing a person will do",
        handler=foresee,
        answer=ForeseenShape,
    ),
    Endpoint(
        method="GET",
        path="/contacts/{id}/held",
        summary="Everything that is held about a person",
        handler=hand_out,
        answer=dict[str, list[dict[str, Any]]],
    ),
    Endpoint(
        method="POST",
        path="/contacts/{id}/erase",
        summary="Erase a person for good",
        handler=erase,
        body=Erase,
        answer=ErasureShape,
        status=202,
    ),
    Endpoint(
        method="GET",
        path="/erasures",
        summary="Every erasure, newest first",
        handler=list_erasures,
        query=Paging,
        answer=Page[ErasureShape],
    ),
    Endpoint(
        method="GET",
        path="/erasures/{id}",
        summary="The statement of one erasure",
        handler=read_erasure,
        answer=ErasureShape,
    ),
]
