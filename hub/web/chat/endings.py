"""What a visitor may do at the end: say how it was, have the chat mailed to themselves, have it forgotten."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from aiohttp import web

from hub.channels.connections import Channel
from hub.channels.registry import adapter
from hub.conversations import forgetting, rating, transcript
from hub.plumbing.texts import LANGUAGES, language, speaking
from hub.web.chat import asked
from hub.web.chat.visitors import VISITORS
from hub.web.forms import json_of
from hub.web.requests import hub_of

TRANSCRIPTS_A_MINUTE = 1


class Rated(msgspec.Struct, frozen=True, kw_only=True):
    """POST /widget/{key}/rating: from 1 to 5, and why."""

    score: int = 0
    words: str = ""


async def rate(request: web.Request) -> web.StreamResponse:
    """The mark is kept; a later one takes its place."""
    asked.from_our_frame(request)
    _channel, session = await asked.visitor(request)
    await asked.within(request, "rate", asked.MESSAGES_A_MINUTE, of=str(session.id))
    given = await json_of(request, Rated)
    async with hub_of(request).transaction() as tx:
        await rating.rate(tx, session, given.score, given.words)
    return asked.told({"score": given.score})


async def mail_it(request: web.Request) -> web.StreamResponse:
    """POST /widget/{key}/transcript: {email}, masked; only to a proven address of the visitor's own."""
    asked.from_our_frame(request)
    channel, session = await asked.visitor(request)
    await asked.within(request, "transcript", TRANSCRIPTS_A_MINUTE, of=str(session.id))
    hub = hub_of(request)
    with speaking(session.language if session.language in LANGUAGES else language()):
        async with hub.transaction() as tx:
            whom = await transcript.proven(tx, channel, session)
            await transcript.send(tx, hub.settings.mail_domain, channel, session, _zone(channel))
    return asked.told({"email": whom.masked if whom else ""})


async def forget(request: web.Request) -> web.StreamResponse:
    """POST /widget/{key}/forget: the token opens nothing any more, in no page of this visitor's."""
    asked.from_our_frame(request)
    channel, session = await asked.visitor(request)
    hub = hub_of(request)
    async with hub.transaction() as tx:
        await forgetting.forget(tx, session, adapter(channel.kind).can.address_type)
    for one in [one for one in request.app[VISITORS].all if one.session.id == session.id]:
        one.tell({"t": "gone"})
    return asked.told({})


def _zone(channel: Channel) -> ZoneInfo:
    try:
        return ZoneInfo(str(channel.settings.get("time_zone", "")) or "Europe/Madrid")
    except (ZoneInfoNotFoundError, ValueError):  # an operator's slip: the hours page says so
        return ZoneInfo("Europe/Madrid")
