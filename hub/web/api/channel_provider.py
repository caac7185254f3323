"""What a line's provider is asked over the API: that it calls us, and which texts it approved."""

from __future__ import annotations

from hub.agents.roles import must
from hub.channels import connections
from hub.channels.connections import Channel
from hub.channels.errors import SendError
from hub.channels.registry import adapter
from hub.channels.trying import try_line
from hub.conversations import approved
from hub.plumbing.errors import BadInput, NotFound
from hub.plumbing.texts import _
from hub.web.api.approved_texts import ApprovedTextShape, shape_of
from hub.web.api.channels import TriedShape
from hub.web.api.endpoints import Call, Endpoint, Page

MOST, SECONDS = 20, 60


async def set_hooks(call: Call) -> Page[TriedShape]:
    """Our addresses set there, then all looked at again. Raises NotFound, BadInput, TooMany."""
    channel = await _channel(call)
    speaking = adapter(channel.kind)
    if not speaking.does("set_hooks"):
        raise NotFound(_("At this channel's provider there is nothing to set."))
    try:
        await speaking.set_hooks(channel.line(call.hub.crypto), call.hub.settings.base_url.rstrip("/"))
    except SendError as error:
        raise BadInput(_(error.reason), field="provider") from error
    found = await try_line(call.hub, channel.id)
    return Page([TriedShape(way=one.way, step=one.step, trouble=one.trouble) for one in found], None)


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
    await call.hub.limits.check(f"trial:{call.person.id}", most=MOST, seconds=SECONDS)
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
