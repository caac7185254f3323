"""Segments over the API: saved audiences, and how many people a definition reaches, saved or not."""

from __future__ import annotations

from datetime import datetime

import msgspec

from hub.agents.roles import must
from hub.campaigns import audience, segments
from hub.campaigns.audience import Counted, Sampled
from hub.campaigns.conditions import Definition
from hub.campaigns.segments import Segment
from hub.web.api.endpoints import Call, Endpoint, Page, Paging, limit_of, number_cursor
from hub.web.api.shapes import Shape


class SegmentShape(Shape, frozen=True, kw_only=True):
    """A saved audience: whoever fits one of the groups; all conditions of a group must hold."""

    id: int
    name: str
    definition: Definition
    version: int
    changed_by: str | None
    changed_at: datetime


class AudienceShape(Shape, frozen=True, kw_only=True):
    """How many fit, who of them may get marketing and where, why not the others, and some of the people."""

    counted: Counted
    sample: list[Sampled]


class SegmentsQuery(Paging, frozen=True, kw_only=True):
    """GET /segments: whose name holds `q`."""

    q: str = ""


class NewSegment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /segments."""

    name: str
    definition: Definition


class SegmentChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """PATCH /segments/{id}; another definition is a new version. `version`: the one that was read.

    Where that is given, and somebody else stored another one since, nothing changes (409).
    """

    name: str | None = None
    definition: Definition | None = None
    version: int | None = None


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /segments/count: a definition that need not be saved."""

    definition: Definition


async def list_segments(call: Call) -> Page[SegmentShape]:
    """Saved audiences, by id."""
    must(call.person, "run_campaigns")
    asked: SegmentsQuery = call.query
    most = limit_of(asked)
    async with call.transaction() as tx:
        found = await segments.listed(tx, text=asked.q, after=number_cursor(asked), most=most + 1)
    more = str(found[most - 1].id) if len(found) > most else None
    return Page([_shape(one) for one in found[:most]], more)


async def read_segment(call: Call) -> SegmentShape:
    """One saved audience."""
    must(call.person, "run_campaigns")
    async with call.transaction() as tx:
        return _shape(await segments.load(tx, call.id))


async def read_segment_audience(call: Call) -> AudienceShape:
    """Who is in it now."""
    must(call.person, "run_campaigns")
    async with call.transaction() as tx:
        definition = (await segments.load(tx, call.id)).definition
    return await _audience(call, definition)


async def count_audience(call: Call) -> AudienceShape:
    """Who would be in it; nothing is saved."""
    must(call.person, "run_campaigns")
    asked: Asked = call.body
    return await _audience(call, asked.definition)


async def add_segment(call: Call) -> SegmentShape:
    """A new saved audience."""
    must(call.person, "run_campaigns")
    wanted: NewSegment = call.body
    async with call.transaction() as tx:
        return _shape(
            await segments.create(tx, name=wanted.name, definition=wanted.definition, agent_id=call.person.id)
        )


async def change_segment(call: Call) -> SegmentShape:
    """Only what is given changes."""
    must(call.person, "run_campaigns")
    wanted: SegmentChange = call.body
    async with call.transaction() as tx:
        changed = await segments.change(
            tx,
            call.id,
            name=wanted.name,
            definition=wanted.definition,
            version=wanted.version,
            agent_id=call.person.id,
        )
    return _shape(changed)


async def _audience(call: Call, definition: Definition) -> AudienceShape:
    """In a transaction of its own, whose limits end with it."""
    async with call.transaction() as tx:
        counted, some = await audience.survey(tx, definition)
        return AudienceShape(counted=counted, sample=some)


def _shape(one: Segment) -> SegmentShape:
    return SegmentShape(
        id=one.id,
        name=one.name,
        definition=one.definition,
        version=one.version,
        changed_by=one.agent_name,
        changed_at=one.changed_at,
    )


ENDPOINTS = [
    Endpoint(
        method="GET",
        path="/segments",
        summary="All segments",
        handler=list_segments,
        query=SegmentsQuery,
        answer=Page[SegmentShape],
    ),
    Endpoint(
        method="GET", path="/segments/{id}", summary="One segment", handler=read_segment, answer=SegmentShape
    ),
    Endpoint(
        method="GET",
        path="/segments/{id}/audience",
        summary="How many people a segment reaches now",
        handler=read_segment_audience,
        answer=AudienceShape,
    ),
    Endpoint(
        method="POST",
        path="/segments/count",
        summary="How many people a definition would reach",
        handler=count_audience,
        body=Asked,
        answer=AudienceShape,
    ),
    Endpoint(
        method="POST",
        path="/segments",
        summary="Save a segment",
        handler=add_segment,
        body=NewSegment,
        answer=SegmentShape,
        status=201,
    ),
    Endpoint(
        method="PATCH",
        path="/segments/{id}",
        summary="Change a segment",
        handler=change_segment,
        body=SegmentChange,
        answer=SegmentShape,
    ),
]
