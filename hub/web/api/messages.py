"""Messages of a conversation over the API: read, answer, note, and send again."""

from __future__ import annotations

import hashlib
from datetime import datetime

import msgspec

from hub import desk
from hub.channels import connections
from hub.channels.connections import Channel
from hub.channels.facts import Party
from hub.channels.registry import adapter
from hub.conversations import filling, media, originals, saved_texts, thread
from hub.conversations.approved import Chosen
from hub.conversations.filling import Words
from hub.conversations.notes import note
from hub.conversations.replies import Answer, reply
from hub.conversations.saved_texts import SavedText
from hub.conversations.thread import ThreadDelivery, ThreadMessage
from hub.conversations.undo import undo
from hub.deliveries.wording import words
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, NotFound
from hub.plumbing.ids import token
from hub.plumbing.texts import _
from hub.web.api.conversations import one
from hub.web.api.endpoints import Call, Endpoint, Nothing, Page, Paging, limit_of, number_cursor
from hub.web.api.shapes import AttachmentShape, DeliveryShape, MessageShape, Ref, ref
from hub.web.requests import inbound_of
from hub.web.saved_texts.quick import act


class MessagesQuery(Paging, frozen=True, kw_only=True):
    """GET …/messages: newest page first, each page oldest first; `cursor` goes back in time. `html=true` adds it."""

    html: bool = False


class NewMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST …/messages. `note`: internal. `after_seq`: the last message you saw; newer ones answer 409.

    `to`, `cc` are addresses; without them the conversation's own are used. `channel` is a channel's id.
    `approved_text` (an id of /approved_texts) with its `variables` instead of `text`. On a channel agents log
    visits on (`what`: visit, letter, paper, other) it is what the conversation's person said: a message coming in.
    `saved_text` (an id of /saved_texts): its wording filled for this customer instead of `text`, and what it does
    done; 422 when a variable has no value.
    """

    text: str = ""
    channel: int | None = None
    to: list[str] | None = None
    cc: list[str] | None = None
    subject: str | None = None
    html: str = ""
    attachments: list[str] = []
    note: bool = False
    send_at: datetime | None = None
    after_seq: int | None = None
    force: bool = False
    client_id: str | None = None
    approved_text: int | None = None
    variables: dict[str, str] = {}
    saved_text: int | None = None
    what: str = "visit"


class Uploaded(msgspec.Struct, frozen=True, kw_only=True):
    """POST /files: `token` goes into a message's attachments."""

    token: str
    name: str
    type: str
    size: int


async def list_messages(call: Call) -> Page[MessageShape]:
    """The last messages, or those before `cursor`; oldest first within the page."""
    asked: MessagesQuery = call.query
    most = limit_of(asked)
    async with call.transaction() as tx:
        await one(tx, call)
        found = await thread.messages(tx, call.id, before=number_cursor(asked) or None, most=most + 1)
        page = found[-most:]
        shown = [await _shape(call, tx, message, with_html=asked.html) for message in page]
    return Page(shown, str(page[0].id) if len(found) > most else None)


async def add_message(call: Call) -> MessageShape:
    """Answer the customer, or leave a note. Raises Conflict (409) when something newer arrived."""
    wanted: NewMessage = call.body
    async with call.transaction() as tx:
        await one(tx, call)
        logged = [] if wanted.note else [each for each in await desk.lines(tx) if each.id == wanted.channel]
        if not logged:
            id_ = await (_note(tx, call, wanted) if wanted.note else _reply(tx, call, wanted))
    if logged:
        id_ = await _log(call, logged[0], wanted)
    async with call.transaction() as tx:
        stored = await thread.message(tx, id_)
        if stored is None:
            raise NotFound(_("This message was taken back."))
        return await _shape(call, tx, stored, with_html=False)


async def _log(call: Call, channel: Channel, wanted: NewMessage) -> int:
    """Through the road in, which commits by itself: the client's id, or the Idempotency-Key, makes it one."""
    if wanted.attachments or wanted.to or wanted.cc or wanted.send_at:
        raise BadInput(_("What is written down goes to nobody and has no uploads here."), field="channel")
    given = wanted.client_id or call.request.headers.get("Idempotency-Key", "") or token()
    entry = desk.Entry(
        client_id=hashlib.sha256(f"{call.id}:{given}".encode()).hexdigest()[:40],
        what=wanted.what,
        text=wanted.text,
        subject=wanted.subject or "",
        conversation_id=call.id,
    )
    return await desk.log(call.hub, inbound_of(call.request), channel, call.person, entry)


async def take_back(call: Call) -> None:
    """DELETE: while it is still held, the answer is taken back. Raises Conflict once it left."""
    async with call.transaction() as tx:
        await one(tx, call)
        if await thread.shown_in(tx, call.ids[1]) != call.id:
            raise NotFound(_("There is no such message."))
        await undo(tx, call.ids[1], call.person.id)


async def upload(call: Call) -> Uploaded:
    """The raw bytes of one file; its name in the query."""
    asked: FileQuery = call.query
    stored = await media.upload(
        call.hub, call.person.id, asked.name, await call.request.read(), call.request.content_type
    )
    return Uploaded(token=stored.token, name=stored.name, type=stored.type, size=stored.size)


class FileQuery(msgspec.Struct, frozen=True, kw_only=True):
    """POST /files?name=."""

    name: str = "file"


async def _reply(tx: Tx, call: Call, wanted: NewMessage) -> int:
    saved = await saved_texts.load(tx, wanted.saved_text) if wanted.saved_text else None
    words = await _words(tx, call, wanted, saved)
    answer = Answer(
        text=words.text,
        html=words.html,
        to=_parties(wanted.to),
        cc=_parties(wanted.cc),
        subject=words.subject or wanted.subject,
        channel_id=wanted.channel,
        attachments=wanted.attachments,
        client_id=wanted.client_id,
        after_seq=wanted.after_seq,
        force=wanted.force,
        send_at=wanted.send_at,
        approved=Chosen(id=wanted.approved_text, variables=wanted.variables)
        if wanted.approved_text
        else None,
    )
    made = await reply(tx, call.hub.settings.mail_domain, call.id, call.person.id, answer)
    if saved is not None and not made.repeated:
        await act(tx, call.id, f"{saved.id}.{saved.version}", call.person)
    return made.id


async def _words(tx: Tx, call: Call, wanted: NewMessage, saved: SavedText | None) -> Words:
    """What is said: the words given, or those of a saved text as its channel carries them."""
    if saved is None:
        return Words(text=wanted.text, html=wanted.html)
    if wanted.text or wanted.html:
        raise BadInput(_("Give either text or saved_text."), field="saved_text")
    held = await thread.head(tx, call.id, call.person.id)
    kind = (await connections.load(tx, wanted.channel)).kind if wanted.channel else held.channel_kind
    values = await filling.values_for(tx, call.id, call.person.id)
    return filling.complete(filling.fill(saved, values, adapter(kind).can))


async def _note(tx: Tx, call: Call, wanted: NewMessage) -> int:
    if wanted.to or wanted.cc or wanted.send_at:
        raise BadInput(_("A note goes to nobody: leave out to, cc and send_at."), field="note")
    made = await note(
        tx,
        call.id,
        call.person.id,
        wanted.text,
        attachments=wanted.attachments,
        client_id=wanted.client_id,
    )
    return made.id


def _parties(addresses: list[str] | None) -> list[Party] | None:
    return None if addresses is None else [Party(address=address) for address in addresses]


async def _shape(call: Call, tx: Tx, message: ThreadMessage, *, with_html: bool) -> MessageShape:
    deliveries = [_delivery(delivery) for delivery in message.deliveries]
    return MessageShape(
        id=message.id,
        seq=message.seq,
        direction=message.direction,
        channel=ref(message.channel_id, message.channel_name),
        kind=message.channel_kind,
        author=ref(message.agent_id, message.agent_name),
        sender=str(message.sender.get("address", "")),
        subject=message.subject,
        text=message.text,
        new_text=message.new_text,
        html=await _html(call, tx, message) if with_html else None,
        automatic=message.automatic,
        verified=message.verified,
        attachments=[
            AttachmentShape(
                name=file.name, type=file.type, size=file.size, inline=file.inline, url=f"/files/{file.token}"
            )
            for file in message.attachments
        ],
        delivery=deliveries[0] if deliveries else None,
        deliveries=deliveries,
        created_at=message.created_at,
    )


async def _html(call: Call, tx: Tx, message: ThreadMessage) -> str | None:
    """The HTML as it came, uncleaned: a program that shows it must clean it."""
    found = await originals.original(tx, message.id) if message.has_html else None
    if found is None:
        return None
    return (await call.hub.files.get(found.html_file)).decode() if found.html_file else found.html


def _delivery(delivery: ThreadDelivery) -> DeliveryShape:
    return DeliveryShape(
        id=delivery.id,
        state=delivery.state,
        recipient=delivery.recipient,
        channel=Ref(delivery.channel_id, delivery.channel_name),
        fallback_of=delivery.fallback_of,
        code=delivery.code,
        reason=words(delivery.code, delivery.reason),
        at=delivery.at,
    )


ENDPOINTS = [
    Endpoint(
        method="GET",
        path="/conversations/{id}/messages",
        summary="What was said",
        handler=list_messages,
        query=MessagesQuery,
        answer=Page[MessageShape],
    ),
    Endpoint(
        method="POST",
        path="/conversations/{id}/messages",
        summary="Answer the customer, or leave a note",
        handler=add_message,
        body=NewMessage,
        answer=MessageShape,
        status=201,
    ),
    Endpoint(
        method="DELETE",
        path="/conversations/{id}/messages/{message}",
        summary="Take an answer back while it is held",
        handler=take_back,
        answer=Nothing,
        status=204,
    ),
    Endpoint(
        method="POST",
        path="/files",
        summary="Upload a file for a message",
        handler=upload,
        query=FileQuery,
        answer=Uploaded,
        status=201,
        raw=True,
        commits=True,
    ),
]
