"""A line tried from its page: signed in where it signs in, a test really sent, and the steps as they are now."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hub.agents.roles import must
from hub.channels import connections, trying
from hub.channels.errors import SendError
from hub.channels.registry import adapter
from hub.conversations import trial
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import _
from hub.web import render, shell
from hub.web.channels.pages import page
from hub.web.channels.steps import steps_of
from hub.web.forms import form_of, number_of
from hub.web.requests import hub_of, id_of, person_of


class TrialForm(msgspec.Struct):
    """POST /admin/channels/{id}/trial: to whom."""

    to: str = ""


async def test(request: web.Request) -> web.StreamResponse:
    """POST /admin/channels/{id}/test: what was found stands on the page afterwards. Raises TooMany."""
    await _bounded(request)
    await trying.try_line(hub_of(request), id_of(request))
    raise web.HTTPSeeOther(f"/admin/channels/{id_of(request)}#steps")


async def send(request: web.Request) -> web.StreamResponse:
    """POST /admin/channels/{id}/trial: one message, by the same road as any answer. Raises TooMany."""
    await _bounded(request)
    form, hub, me = await form_of(request, TrialForm), hub_of(request), person_of(request)
    try:
        async with hub.transaction() as tx:
            channel = await connections.load(tx, id_of(request))
            sent = await trial.send(tx, hub.settings.mail_domain, channel, form.to, me.id)
    except BadInput as error:
        return await page(request, id_of(request), errors={"to": error.message}, trial_to=form.to)
    raise web.HTTPSeeOther(f"/admin/channels/{channel.id}?trial={sent.id}#steps")


async def set_hooks(request: web.Request) -> web.StreamResponse:
    """POST /admin/channels/{id}/hooks: our addresses set at the provider, then looked at again. Raises TooMany."""
    await _bounded(request)
    hub = hub_of(request)
    async with hub.transaction() as tx:
        channel = await connections.load(tx, id_of(request))
    try:
        await trying.set_hooks(hub, channel)
    except SendError as error:
        return await page(request, channel.id, errors={"hooks": _(error.reason)})
    raise web.HTTPSeeOther(f"/admin/channels/{channel.id}#steps")


async def steps(request: web.Request) -> web.StreamResponse:
    """GET /admin/channels/{id}/steps: the part of the page that waits, as HTML."""
    me = person_of(request)
    must(me, "manage_channels")
    hub = hub_of(request)
    async with hub.transaction() as tx:
        channel = await connections.load(tx, id_of(request))
        speaking = adapter(channel.kind)
        copied = speaking.to_copy(channel.line(hub.crypto), hub.settings.base_url.rstrip("/"))
        now = await steps_of(tx, hub, channel, speaking, copied, number_of(request, "trial"))
    return shell.html(render.partial("channels/_steps.html", now, me.language, me.time_zone))


async def _bounded(request: web.Request) -> None:
    me = person_of(request)
    must(me, "manage_channels")
    await trying.bounded(hub_of(request), me.id)
