"""What a line's provider is asked over the API: that it calls us, and which texts it approved."""

from __future__ import annotations

from hub.agents.roles import must
from hub.channels import connections, trying
from hub.channels.connections import Channel
from hub.channels.errors import SendError
from hub.channels.registry import adapter
from hub.conversations import approved
from hub.plumbing.errors import BadInput, NotFound
from hub.plumbing.texts import _
from hub.web.api.approved_texts import ApprovedTextShape, shape_of
from hub.web.api.channels import TriedShape, tried
from hub.web.api.endpoints import Call, Endpoint, Page


async def set_hooks(call: Call) -> Page[TriedShape]:
    """Our addresses set there, then all looked at again. Raises NotFound, BadInput, TooMany."""
    channel = await _channel(call)
    if not adapter(channel.kind).does("set_hooks"):
        raise NotFound(_("At this channel's provider there is nothing to set."))
    try:
        return tried(await trying.set_hooks(call.hub, channel))
    except SendError as error:
        raise BadInput(_(error.reason), field="provider") from error


async def take_over_texts(call: Call) -> Page[ApprovedTextShape]:
    """What the provider lists now is what is offered. Raises NotFound, BadInput, TooMany."""
    channel = await _channel(call)
    if not adapter(channel.kind).can.approved_texts:
        raise NotFound(_("This channel knows no approved texts."))
    try:
        found = await adapter(channel.kind).approved(channel.line(call.hub.crypto))
    except SendError as error:
        raise BadInput(_(error.reason), field="provider") from error
    async with call.hub.transaction() as tx:
        await approved.take_over(tx, channel, found)
        return Page([shape_of(one) for one in await approved.listed(tx, channel_id=channel.id)], None)


async def _channel(call: Call) -> Channel:
    must(call.person, "manage_channels")
    await trying.bounded(call.hub, call.person.id)
    async with call.hub.transaction() as tx:
        return await connections.load(tx, call.id)


ENDPOINTS = [
    Endpoint(
        method="POST",
        path="/channels/{id}/hooks",
        summary="Set our addresses at a line's provider",
        handler=set_hooks,
        answer=Page[TriedShape],
        commits=True,
    ),
    Endpoint(
        method="POST",
        path="/channels/{id}/approved_texts",
        summary="Take over the texts a line's provider approved",
        handler=take_over_texts,
        answer=Page[ApprovedTextShape],
        commits=True,
    ),
]
