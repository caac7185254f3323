"""Answers and notes: sent, stopped because something arrived, taken back while held, sent again."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hub.agents.roles import Person
from hub.conversations import filling, thread, windows
from hub.conversations.notes import note
from hub.conversations.outcomes import tell
from hub.conversations.replies import Answer, Newer, reply
from hub.conversations.undo import undo
from hub.deliveries.resending import resend
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Conflict, NotFound
from hub.plumbing.texts import _
from hub.web import render
from hub.web.forms import form_of
from hub.web.inbox.asked import done, id_of, json_answer, must_see, parties, told_error, whole
from hub.web.inbox.bubbles import bubble
from hub.web.requests import hub_of, person_of, wants_json
from hub.web.saved_texts.quick import act
from hub.web.views import MessageView


class SendForm(msgspec.Struct):
    """POST /c/{id}/messages. `to`, `cc`, `subject` not given: the conversation's own. `macro`: done once it is sent."""

    text: str = ""
    mode: str = "reply"
    channel_id: str = ""
    to: str | None = None
    cc: str | None = None
    subject: str | None = None
    client_id: str = ""
    after_seq: str = ""
    force: bool = False
    attachments: list[str] = []
    macro: str = ""


async def send(request: web.Request) -> web.StreamResponse:
    """POST: 200 {id, message_html, undo_until}, or 409 {messages_html, after_seq} when something came meanwhile."""
    person, id_ = person_of(request), id_of(request)
    form = await form_of(request, SendForm)
    if form.mode not in ("reply", "note"):
        raise BadInput(_("A message is a reply or a note."), field="mode")
    try:
        if form.mode == "note":
            return await _note(request, person, id_, form)
        return await _reply(request, person, id_, form)
    except Newer as newer:
        if not wants_json(request):
            raise
        return await _stopped(request, person, id_, newer)


async def take_back(request: web.Request) -> web.StreamResponse:
    """DELETE /c/{id}/messages/{message_id}: the text goes back into the composer."""
    person, id_ = person_of(request), id_of(request)

    async def verb(tx: Tx) -> dict[str, object]:
        await must_see(tx, id_, person)
        undone = await undo(tx, id_of(request, "message_id"), person.id)
        return {"text": undone.text, "mode": "reply", "attachments": undone.attachments}

    return json_answer(await hub_of(request).retrying(verb))


async def send_again(request: web.Request) -> web.StreamResponse:
    """POST /c/{id}/messages/{message_id}/resend: what failed or was perhaps sent goes once more."""
    person, id_ = person_of(request), id_of(request)

    async def verb(tx: Tx) -> None:
        await must_see(tx, id_, person)
        message = await thread.message(tx, id_of(request, "message_id"))
        if message is None or id_ not in (message.conversation_id, await thread.shown_in(tx, message.id)):
            raise NotFound(_("There is no such message."))
        wanted = [one.id for one in message.deliveries if one.state in ("failed", "unknown")]
        if not wanted:
            raise Conflict(_("This is not a failed or perhaps sent message any more."))
        for one in wanted:
            await windows.renew(tx, one)
        await tell(tx, [await resend(tx, one) for one in sorted(wanted)], agent_id=person.id)

    await hub_of(request).retrying(verb)
    return done(request, id_)


async def _reply(request: web.Request, person: Person, id_: int, form: SendForm) -> web.StreamResponse:
    hub = hub_of(request)
    filling.must_be_filled(form.text)
    answer = Answer(
        text=form.text,
        to=parties(form.to, "to") or None if form.to is not None else None,
        cc=parties(form.cc, "cc") if form.cc is not None else None,
        subject=form.subject,
        channel_id=whole(form.channel_id, "channel_id"),
        attachments=form.attachments,
        client_id=form.client_id or None,
        after_seq=whole(form.after_seq, "after_seq"),
        force=form.force,
    )

    async def verb(tx: Tx) -> tuple[int, object]:
        await must_see(tx, id_, person)
        made = await reply(tx, hub.settings.mail_domain, id_, person.id, answer)
        if form.macro and not made.repeated:
            await act(tx, id_, form.macro, person)
        return made.id, made.undo_until

    message_id, undo_until = await hub.retrying(verb)
    return await _sent(request, person, id_, message_id, undo_until)


async def _note(request: web.Request, person: Person, id_: int, form: SendForm) -> web.StreamResponse:
    async def verb(tx: Tx) -> int:
        await must_see(tx, id_, person)
        made = await note(
            tx,
            id_,
            person.id,
            form.text,
            attachments=form.attachments,
            client_id=form.client_id or None,
        )
        if form.macro and not made.repeated:
            await act(tx, id_, form.macro, person)
        return made.id

    return await _sent(request, person, id_, await hub_of(request).retrying(verb), None)


async def _sent(
    request: web.Request, person: Person, id_: int, message_id: int, undo_until: object
) -> web.StreamResponse:
    if not wants_json(request):
        return done(request, id_)
    async with hub_of(request).transaction() as tx:
        html = await _drawn(tx, person, id_, [message_id])
    return json_answer({"id": message_id, "message_html": html, "undo_until": undo_until})


async def _stopped(request: web.Request, person: Person, id_: int, newer: Newer) -> web.StreamResponse:
    async with hub_of(request).transaction() as tx:
        html = await _drawn(tx, person, id_, newer.message_ids)
        held = await thread.head(tx, id_, person.id)
    return told_error(newer, messages_html=html, after_seq=held.last_seq)


async def _drawn(tx: Tx, person: Person, id_: int, message_ids: list[int]) -> str:
    found = [await thread.message(tx, one) for one in message_ids]
    return "".join(
        render.partial(
            "inbox/_message.html",
            MessageView(message=bubble(one, id_, one.seq)),
            person.language,
            person.time_zone,
        )
        for one in found
        if one is not None
    )
