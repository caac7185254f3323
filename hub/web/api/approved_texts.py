"""Approved texts over the API: what a channel's provider allows when free text may not leave."""

from __future__ import annotations

import msgspec

from hub.agents.roles import must
from hub.channels import connections
from hub.conversations import approved
from hub.conversations.approved import ApprovedText
from hub.web.api.endpoints import Call, Endpoint, Page
from hub.web.api.shapes import Ref, Shape


class ApprovedTextShape(Shape, frozen=True, kw_only=True):
    """One wording; `variables` are the names of its blanks, `provider_id` the provider's name of it."""

    id: int
    channel: Ref
    name: str
    language: str
    body: str
    variables: list[str]
    provider_id: str
    active: bool


class ApprovedTextsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """GET /approved_texts: of one channel, also those no longer in use."""

    channel: int | None = None
    all: bool = False


class NewApprovedText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /approved_texts. Blanks of `body` are written {{1}}, {{2}}… as the provider has them."""

    channel: int
    name: str
    language: str
    body: str
    provider_id: str


class ApprovedTextPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """PATCH /approved_texts/{id}: whether it is offered."""

    active: bool


async def list_approved_texts(call: Call) -> Page[ApprovedTextShape]:
    """All of them: there are few."""
    asked: ApprovedTextsQuery = call.query
    async with call.transaction() as tx:
        found = await approved.listed(tx, channel_id=asked.channel, active=not asked.all)
    return Page([shape_of(one) for one in found], None)


async def add_approved_text(call: Call) -> ApprovedTextShape:
    """Raises BadInput, Conflict for a second one of that name and language, NotFound for the channel."""
    must(call.person, "manage_channels")
    wanted: NewApprovedText = call.body
    async with call.transaction() as tx:
        channel = await connections.load(tx, wanted.channel)
        made = await approved.add(
            tx,
            channel,
            name=wanted.name,
            language=wanted.language,
            body=wanted.body,
            provider_id=wanted.provider_id,
        )
    return shape_of(made)


async def change_approved_text(call: Call) -> ApprovedTextShape:
    """Offer it again, or no longer."""
    must(call.person, "manage_channels")
    wanted: ApprovedTextPatch = call.body
    async with call.transaction() as tx:
        return shape_of(await approved.use(tx, call.id, active=wanted.active))


def shape_of(one: ApprovedText) -> ApprovedTextShape:
    """One wording as the API shows it."""
    return ApprovedTextShape(
        id=one.id,
        channel=Ref(one.channel_id, one.channel_name),
        name=one.name,
        language=one.language,
        body=one.body,
        variables=one.variables,
        provider_id=one.provider_id,
        active=one.active,
    )


ENDPOINTS = [
    Endpoint(
        method="GET",
        path="/approved_texts",
        summary="Wordings the channels' providers approved",
        handler=list_approved_texts,
        query=ApprovedTextsQuery,
        answer=Page[ApprovedTextShape],
    ),
    Endpoint(
        method="POST",
        path="/approved_texts",
        summary="Keep a wording the provider approved",
        handler=add_approved_text,
        body=NewApprovedText,
        answer=ApprovedTextShape,
        status=201,
    ),
    Endpoint(
        method="PATCH",
        path="/approved_texts/{id}",
        summary="Offer it, or no longer",
        handler=change_approved_text,
        body=ApprovedTextPatch,
        answer=ApprovedTextShape,
    ),
]
