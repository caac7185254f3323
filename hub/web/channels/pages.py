"""Lines: listed, connected, changed, switched on and off (administrators only)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from hub.agents import teams
from hub.agents.roles import must
from hub.channels import connecting, connections
from hub.channels.base import Adapter
from hub.channels.connecting import Wanted
from hub.channels.connections import Channel
from hub.channels.registry import ADAPTERS, adapter
from hub.insight import lines
from hub.insight.lines import Lately
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, NotFound
from hub.plumbing.texts import _
from hub.web import shell
from hub.web.channels import asked
from hub.web.channels.asked import Typed
from hub.web.channels.steps import steps_of
from hub.web.channels.views import ChannelPage, ChannelsPage, KindsPage, KindView, LineView
from hub.web.forms import form_of, number_of
from hub.web.requests import hub_of, id_of, person_of
from hub.web.views import ChannelMark

PROVIDERS = {"microsoft": "Microsoft", "google": "Google"}


class SwitchForm(msgspec.Struct):
    """POST /admin/channels/{id}/enabled."""

    on: bool = False


async def show_all(request: web.Request) -> web.StreamResponse:
    """GET /admin/channels."""
    must(person_of(request), "manage_channels")
    async with hub_of(request).transaction() as tx:
        told = ChannelsPage(lines=await lines_of(tx))
    return await shell.page(request, "channels/list.html", told, current="admin")


async def lines_of(tx: Tx) -> list[LineView]:
    """Every line, and how it is."""
    named = {team.id: team.name for team in await teams.every(tx)}
    last = await lines.lately(tx)
    known = await connections.load_where(tx, "true")
    return [_line(one, named, last.get(one.id, Lately(channel_id=one.id))) for one in known]


async def choose(request: web.Request) -> web.StreamResponse:
    """GET /admin/channels/new."""
    must(person_of(request), "manage_channels")
    kinds = [KindView(kind=kind, mark=mark(adapter(kind))) for kind in ADAPTERS]
    return await shell.page(request, "channels/kinds.html", KindsPage(kinds=kinds), current="admin")


async def new(request: web.Request) -> web.StreamResponse:
    """GET /admin/channels/new/{kind}. Raises NotFound."""
    must(person_of(request), "manage_channels")
    return await _new(request, _kind(request))


async def add(request: web.Request) -> web.StreamResponse:
    """POST /admin/channels/new/{kind}: stored and switched on, to be tried on its own page."""
    me = person_of(request)
    must(me, "manage_channels")
    speaking = _kind(request)
    typed: Typed | None = None
    try:
        typed = await asked.read(request, speaking)
        async with hub_of(request).transaction() as tx:
            await _team(tx, typed.wanted.team_id)
            made = await connecting.connect(tx, hub_of(request).crypto, speaking.kind, typed.wanted, by=me.id)
    except BadInput as error:
        return await _new(request, speaking, typed, {error.field: error.message})
    raise web.HTTPSeeOther(f"/admin/channels/{made.id}?new=1")


async def show(request: web.Request) -> web.StreamResponse:
    """GET /admin/channels/{id}."""
    must(person_of(request), "manage_channels")
    done = _("Saved.") if request.query.get("saved") else ""
    if request.query.get("new"):
        done = _("The line is stored. Now see that it really works.")
    return await page(request, id_of(request), done=done)


async def change(request: web.Request) -> web.StreamResponse:
    """POST /admin/channels/{id}."""
    me = person_of(request)
    must(me, "manage_channels")
    hub = hub_of(request)
    typed: Typed | None = None
    try:
        async with hub.transaction() as tx:
            speaking = adapter((await connections.load(tx, id_of(request))).kind)
        typed = await asked.read(request, speaking)
        async with hub.transaction() as tx:
            await _team(tx, typed.wanted.team_id)
            await connecting.change(tx, hub.crypto, id_of(request), typed.wanted, by=me.id)
    except BadInput as error:
        return await page(request, id_of(request), typed=typed, errors={error.field: error.message})
    raise web.HTTPSeeOther(f"/admin/channels/{id_of(request)}?saved=1")


async def switch(request: web.Request) -> web.StreamResponse:
    """POST /admin/channels/{id}/enabled: what is off neither reads nor sends; what waits to leave waits."""
    me = person_of(request)
    must(me, "manage_channels")
    form = await form_of(request, SwitchForm)
    async with hub_of(request).transaction() as tx:
        await connecting.change(tx, hub_of(request).crypto, id_of(request), Wanted(enabled=form.on), by=me.id)
    raise web.HTTPSeeOther(f"/admin/channels/{id_of(request)}")


async def page(
    request: web.Request,
    channel_id: int,
    *,
    typed: Typed | None = None,
    errors: Mapping[str, str] | None = None,
    done: str = "",
    **more: Any,
) -> web.StreamResponse:
    """One line, whole; `more` are fields of ChannelPage."""
    hub = hub_of(request)
    trial = number_of(request, "trial")
    async with hub.transaction() as tx:
        channel = await connections.load(tx, channel_id)
        speaking = adapter(channel.kind)
        line = channel.line(hub.crypto)
        copied = speaking.to_copy(line, hub.settings.base_url.rstrip("/"))
        steps = await steps_of(tx, hub, channel, speaking, copied, trial)
        also = await asked.also_of(tx, speaking, channel)
        known, named = await _others(tx, channel.id)
    told = _page(speaking, channel, line.secrets, known, named, typed, dict(errors or {}), also)
    told = msgspec.structs.replace(
        told,
        steps=steps,
        to_copy=copied,
        trial=trial,
        can_send=speaking.can.sends and not speaking.can.live,
        sign_in=PROVIDERS.get(str(channel.settings.get("oauth_provider", "")), ""),
        signed_in=bool(line.secrets.get("oauth_refresh_token")),
        patterns=speaking.can.patterns,
        texts=speaking.can.approved_texts,
        sets_hooks=speaking.does("set_hooks"),
        done=done,
        **more,
    )
    status = 422 if told.errors else 200
    return await shell.page(request, "channels/channel.html", told, current="admin", status=status)


def mark(speaking: Adapter, name: str = "") -> ChannelMark:
    """A kind's icon in its colour, with its name or the line's."""
    return ChannelMark(
        icon=speaking.can.icon, colour=speaking.can.colour, name=name or _(speaking.title or speaking.kind)
    )


async def _new(
    request: web.Request,
    speaking: Adapter,
    typed: Typed | None = None,
    errors: dict[str, str] | None = None,
) -> web.StreamResponse:
    async with hub_of(request).transaction() as tx:
        known, named = await _others(tx, 0)
    told = _page(speaking, None, {}, known, named, typed, errors or {})
    status = 422 if told.errors else 200
    return await shell.page(request, "channels/channel.html", told, current="admin", status=status)


def _page(
    speaking: Adapter,
    channel: Channel | None,
    secrets: Mapping[str, str],
    known: list[Channel],
    named: list[tuple[str, str]],
    typed: Typed | None,
    errors: dict[str, str],
    also: str = "",
) -> ChannelPage:
    team = str(channel.team_id or "") if channel else ""
    address = channel.address if channel else ""
    return ChannelPage(
        id=channel.id if channel else None,
        kind=speaking.kind,
        mark=mark(speaking),
        title=_(speaking.title or speaking.kind),
        name=typed.name if typed else (channel.name if channel else ""),
        address=asked.address(speaking, typed.address if typed else address, errors.get("address", "")),
        also=asked.also(speaking, typed.also if typed else also, errors.get("also", "")),
        team=typed.team if typed else team,
        teams=[("", _("No team")), *named],
        parts=asked.parts(speaking, channel, secrets, known, typed.values if typed else None, errors),
        enabled=channel.enabled if channel else True,
        errors=errors,
    )


def _line(channel: Channel, named: dict[int, str], last: Lately) -> LineView:
    return LineView(
        id=channel.id,
        mark=mark(adapter(channel.kind)),
        name=channel.name,
        address=channel.address,
        team=named.get(channel.team_id or 0, ""),
        enabled=channel.enabled,
        leaves=adapter(channel.kind).can.sends or adapter(channel.kind).can.calls,
        health=channel.health,
        way_in=channel.troubles.get("in", ""),
        way_out=channel.troubles.get("out", ""),
        heard_at=last.heard_at,
        sent_at=last.sent_at,
    )


def _kind(request: web.Request) -> Adapter:
    kind = request.match_info["kind"]
    if kind not in ADAPTERS:
        raise NotFound(_("There is nothing here, or you may not see it."))
    return adapter(kind)


async def _others(tx: Tx, own: int) -> tuple[list[Channel], list[tuple[str, str]]]:
    known = [one for one in await connections.load_where(tx, "true") if one.id != own]
    return known, [(str(team.id), team.name) for team in await teams.every(tx)]


async def _team(tx: Tx, team_id: object) -> None:
    """Raises BadInput for a team there is none of."""
    if isinstance(team_id, int) and team_id not in {team.id for team in await teams.every(tx)}:
        raise BadInput(_("There is no such team."), field="team")
