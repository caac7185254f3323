"""Where providers call: `/in/{channel_key}/…`, signed, stored, answered (promises 46–50)."""

from __future__ import annotations

import structlog
from aiohttp import web
from aiohttp.web import RouteDef, post

from hub import answering
from hub.channels import refused
from hub.channels.base import Forged, Posted
from hub.channels.registry import adapter
from hub.plumbing.errors import NotFound
from hub.plumbing.texts import _
from hub.web import bodies
from hub.web.requests import hub_of, inbound_of

log = structlog.get_logger(__name__)


async def receive(request: web.Request) -> web.StreamResponse:
    """POST /in/{key}/{rest}: 403 for what the provider did not sign, else its answer after our commit.

    Raises NotFound for an unknown or switched-off line, Unavailable (503) when nothing could be stored,
    TooMany (429) past the kind's own bounds.
    """
    hub = hub_of(request)
    channel = await inbound_of(request).channel(request.match_info["key"])
    if channel is None:
        raise NotFound(_("There is no such channel."))
    line = channel.line(hub.crypto)
    speaking = adapter(channel.kind)
    try:
        raw = speaking.genuine(await _posted(request), line)
    except Forged as error:
        log.warning("a request was not signed by its provider", channel=channel.id, why=str(error))
        await refused.note(hub, channel.id)
        raise web.HTTPForbidden from error
    facts = speaking.parse(raw, line)
    for bound in speaking.bounds(facts):
        name = f"in:{channel.id}:{bound.name}"
        await hub.limits.check(name, most=bound.most, seconds=bound.seconds)
    await inbound_of(request).receive(channel, raw, facts)
    answer = await answering.answer(hub, channel, facts)
    return web.Response(status=answer.status, text=answer.body, content_type=answer.type)


async def _posted(request: web.Request) -> Posted:
    public = hub_of(request).settings.base_url.rstrip("/") + request.raw_path
    seen = f"{request.scheme}://{request.host}{request.raw_path}"
    return Posted(
        urls=tuple(dict.fromkeys((public, seen))),
        rest=request.match_info.get("rest", ""),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=await bodies.read(request),  # also a multipart, which nobody has read yet
    )


ROUTES: list[RouteDef] = [
    post(r"/in/{key:[\w-]{10,60}}", receive),
    post(r"/in/{key:[\w-]{10,60}}/{rest:.{0,200}}", receive),
]
