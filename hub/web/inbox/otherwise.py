"""What did not arrive: stopped before it goes on by another channel, sent by another way, or left as it is."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hub.conversations import fallback
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, NotFound
from hub.plumbing.texts import _
from hub.web.forms import form_of
from hub.web.inbox.asked import done, id_of, must_see, whole
from hub.web.requests import hub_of, person_of


class OtherwiseForm(msgspec.Struct):
    """POST /c/{id}/messages/{message_id}/otherwise: which delivery, by which channel to which address."""

    delivery_id: str = ""
    channel_id: str = ""
    address_id: str = ""
    back: str = ""


class FallbackForm(msgspec.Struct):
    """POST /c/{id}/fallback: "on", "off", or "" as the channel says."""

    fallback: str = ""


async def stop(request: web.Request) -> web.StreamResponse:
    """POST /c/{id}/deliveries/{delivery_id}/stop: what is held to go on by another channel stays here."""
    person, id_, delivery_id = person_of(request), id_of(request), id_of(request, "delivery_id")

    async def verb(tx: Tx) -> None:
        await must_see(tx, id_, person)
        if await fallback.shown_in(tx, delivery_id) != id_:
            raise NotFound(_("There is no such delivery."))
        await fallback.stop(tx, delivery_id, person.id)

    await hub_of(request).retrying(verb)
    return done(request, id_)


async def otherwise(request: web.Request) -> web.StreamResponse:
    """POST: a failed answer leaves by the way a person chose."""
    person, id_ = person_of(request), id_of(request)
    form = await form_of(request, OtherwiseForm)
    delivery_id = _number(form.delivery_id, "delivery_id")
    channel_id, address_id = _number(form.channel_id, "channel_id"), _number(form.address_id, "address_id")

    async def verb(tx: Tx) -> None:
        await must_see(tx, id_, person)
        if await fallback.shown_in(tx, delivery_id) != id_:
            raise NotFound(_("There is no such delivery."))
        message_id = id_of(request, "message_id")
        await fallback.send_otherwise(tx, message_id, delivery_id, channel_id, address_id, person.id)

    await hub_of(request).retrying(verb)
    if form.back == "unanswered":
        raise web.HTTPSeeOther("/unanswered")
    return done(request, id_)


async def choose(request: web.Request) -> web.StreamResponse:
    """POST /c/{id}/fallback: whether answers of this conversation go on by themselves."""
    person, id_ = person_of(request), id_of(request)
    form = await form_of(request, FallbackForm)

    async def verb(tx: Tx) -> None:
        await must_see(tx, id_, person)
        await fallback.choose(tx, id_, form.fallback, person.id)

    await hub_of(request).retrying(verb)
    return done(request, id_)


def _number(text: str, field: str) -> int:
    found = whole(text, field)
    if found is None:
        raise BadInput(_("Use a whole number."), field=field)
    return found
