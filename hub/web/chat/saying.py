"""What a visitor says, and what they saw: messages and files through the road in, reports for what was sent to them."""

from __future__ import annotations

import hashlib

import msgspec
from aiohttp import web

from hub.channels.base import Raw
from hub.channels.connections import Channel
from hub.channels.registry import adapter
from hub.channels.webchat import settings
from hub.conversations import chat_view, chats
from hub.conversations.chats import Said, Session
from hub.customers.claiming import claim
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import _
from hub.web.chat import asked, uploads
from hub.web.chat.visitors import VISITORS
from hub.web.forms import form_of, json_of, posted
from hub.web.requests import hub_of, inbound_of


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """POST /widget/{key}/messages; its files come as `file`."""

    text: str = ""
    client_id: str = ""
    page: str = ""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """POST /widget/{key}/seen: up to which message, and whether it was read or only shown."""

    id: int = 0
    read: bool = False


async def say(request: web.Request) -> web.StreamResponse:
    """One message with its files: {id}, after it is stored. The same `client_id` again is the same message."""
    asked.from_our_frame(request)
    channel, session = await asked.visitor(request)
    await asked.within(request, "say", asked.MESSAGES_A_MINUTE, of=str(session.id))
    await asked.within(request, "all", asked.MESSAGES_OF_AN_ADDRESS_A_MINUTE)
    request = uploads.limited(request)
    words = await form_of(request, Words)
    files = await uploads.files_of(await posted(request))
    if not words.text.strip() and not files:
        raise BadInput(_("Write something first."), field="text")
    if len(words.text) > settings.LONGEST_TEXT:
        most = settings.LONGEST_TEXT
        raise BadInput(_("The text is too long: at most %(n)s characters.", n=most), field="text")
    if not 0 < len(words.client_id) <= 60:
        raise BadInput(_("client_id: use 1 to 100 characters."), field="client_id")
    message_id = await _store(request, channel, session, words, files)
    return asked.told({"id": message_id})


async def seen(request: web.Request) -> web.StreamResponse:
    """What the visitor's page shows, or the visitor read: reports for the deliveries."""
    asked.from_our_frame(request)
    channel, session = await asked.visitor(request)
    await asked.within(request, "seen", asked.OTHERS_A_MINUTE)
    given = await json_of(request, Seen)
    await note_seen(request, channel, session, given.id, "read" if given.read else "delivered")
    return asked.told({})


async def typing(request: web.Request) -> web.StreamResponse:
    """The visitor writes, for pages without a socket."""
    asked.from_our_frame(request)
    _channel, session = await asked.visitor(request)
    await hub_of(request).limits.check(f"chat:typing:{session.id}", most=1, seconds=3)
    async with hub_of(request).transaction() as tx:
        conversation_id = await chats.conversation_of(tx, session)
    if conversation_id is not None:
        await request.app[VISITORS].viewing.note_visitor(conversation_id, name_of(session))
    return asked.told({})


async def note_seen(request: web.Request, channel: Channel, session: Session, up_to: int, state: str) -> None:
    """Report what this visitor's page showed, or what they read; nothing is stored when it says nothing new."""
    hub = hub_of(request)
    async with hub.transaction() as tx:
        can = adapter(channel.kind).can
        waiting = await chat_view.unreported(tx, session, can.address_type, max(0, min(up_to, 2**62)), state)
    for address in sorted({address for address, _header in waiting}):
        headers = [header for one, header in waiting if one == address]
        noted = {"t": "seen", "state": state, "address": address, "messages": headers}
        await inbound_of(request).receive(channel, Raw(body=msgspec.json.encode(noted)))


def name_of(session: Session) -> str:
    """What agents read: the name they typed, else a mark to tell visitors apart."""
    return session.said_name or _("Visitor %(mark)s", mark=_mark(session))


def _mark(session: Session) -> str:
    return hashlib.sha256(session.name.encode()).hexdigest()[:4].upper()


async def _store(
    request: web.Request, channel: Channel, session: Session, words: Words, files: list[dict[str, str]]
) -> int | None:
    hub = hub_of(request)
    page = asked.page_of(channel.line(hub.crypto), words.page)
    async with hub.transaction() as tx:
        first = await chats.conversation_of(tx, session) is None
        if page != session.page:
            await chats.claim(tx, session.id, Said(page=page))
    claims = {"name": session.said_name, "email": session.said_email} | session.answers
    noted = {
        "t": "message",
        "session": session.name,
        "address": session.address,
        "id": words.client_id,
        "text": words.text,
        "name": name_of(session),
        "verified": bool(session.user_id),
        "claims": claims if first else {},
        "page": page if first or page != session.page else "",
        "files": files,
    }
    raw = Raw(body=msgspec.json.encode(noted), envelope={"client_id": words.client_id})
    outcome = await inbound_of(request).receive(channel, raw)
    if first:
        async with hub.transaction() as tx:
            said = {"email": session.said_email, "name": session.said_name}
            await claim(
                tx, adapter(channel.kind).can.address_type, session.address, said, source=channel.name
            )
        await request.app[VISITORS].refresh_session(session.id)
    if outcome.message_id is None:  # the same again: its first time says which message it is
        async with hub.transaction() as tx:
            return await chat_view.of_arrival(tx, outcome.arrival_id)
    return outcome.message_id
