"""A line's approved texts: taken over from the provider, added, offered or no longer (administrators only)."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hub.agents.roles import must
from hub.channels import connections
from hub.channels.connections import Channel
from hub.channels.errors import SendError
from hub.channels.registry import adapter
from hub.conversations import approved
from hub.plumbing.errors import BadInput, Conflict, NotFound
from hub.plumbing.texts import _, ngettext
from hub.web import shell
from hub.web.channels.views import TextsPage
from hub.web.forms import form_of
from hub.web.requests import hub_of, id_of, person_of


class TextForm(msgspec.Struct, kw_only=True):
    """POST /admin/channels/{id}/texts."""

    name: str = ""
    language: str = ""
    body: str = ""
    provider_id: str = ""


class OfferedForm(msgspec.Struct):
    """POST /admin/channels/{id}/texts/use: which of them."""

    text: int = 0
    active: bool = False


async def show(request: web.Request) -> web.StreamResponse:
    """GET /admin/channels/{id}/texts. Raises NotFound for a line that has none."""
    return await _page(request, await _channel(request))


async def add(request: web.Request) -> web.StreamResponse:
    """POST: one more, as the provider approved it."""
    channel, form = await _channel(request), await form_of(request, TextForm)
    given: dict[str, str] = msgspec.to_builtins(form)
    try:
        async with hub_of(request).transaction() as tx:
            await approved.add(tx, channel, **given)
    except (BadInput, Conflict) as error:
        return await _page(request, channel, given=given, errors={error.field: error.message})
    raise web.HTTPSeeOther(f"/admin/channels/{channel.id}/texts")


async def change(request: web.Request) -> web.StreamResponse:
    """POST: offered again, or no longer."""
    channel, form = await _channel(request), await form_of(request, OfferedForm)
    async with hub_of(request).transaction() as tx:
        text = await approved.load(tx, form.text)
        if text.channel_id != channel.id:
            raise NotFound(_("There is no such approved text."))
        await approved.use(tx, text.id, active=form.active)
    raise web.HTTPSeeOther(f"/admin/channels/{channel.id}/texts")


async def take_over(request: web.Request) -> web.StreamResponse:
    """POST: what the provider lists now is what is offered."""
    hub, channel = hub_of(request), await _channel(request)
    try:
        found = await adapter(channel.kind).approved(channel.line(hub.crypto))
    except SendError as error:
        return await _page(request, channel, errors={"provider": _(error.reason)})
    async with hub.transaction() as tx:
        many = await approved.take_over(tx, channel, found)
    words = ngettext("%(n)s text is approved there.", "%(n)s texts are approved there.", many)
    return await _page(request, channel, done=words)


async def _channel(request: web.Request) -> Channel:
    must(person_of(request), "manage_channels")
    async with hub_of(request).transaction() as tx:
        channel = await connections.load(tx, id_of(request))
    if not adapter(channel.kind).can.approved_texts:
        raise NotFound(_("This channel knows no approved texts."))
    return channel


async def _page(
    request: web.Request,
    channel: Channel,
    *,
    given: dict[str, str] | None = None,
    done: str = "",
    errors: dict[str, str] | None = None,
) -> web.StreamResponse:
    async with hub_of(request).transaction() as tx:
        texts = await approved.listed(tx, channel_id=channel.id, active=False)
    told = TextsPage(
        channel=channel.id,
        name=channel.name,
        texts=texts,
        listed_there=adapter(channel.kind).does("approved"),
        given=given or {},
        done=done,
        errors=errors or {},
    )
    status = 422 if told.errors else 200
    return await shell.page(request, "channels/texts.html", told, current="admin", status=status)
