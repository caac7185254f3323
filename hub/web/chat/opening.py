"""A chat begins or goes on: who the visitor is, as far as they say or the site proves, and what to expect."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hub.channels.connections import Channel
from hub.channels.outgoing import Line
from hub.channels.registry import adapter
from hub.channels.webchat import settings
from hub.channels.webchat.identity import is_proven
from hub.conversations import chat_mail, chat_view, chats, transcript
from hub.conversations.chats import Said, Session
from hub.plumbing.clock import now
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Unavailable
from hub.plumbing.texts import _
from hub.web.chat import asked
from hub.web.chat.hours import expected
from hub.web.forms import json_of
from hub.web.requests import hub_of


class User(msgspec.Struct, frozen=True):
    """Who the site says this is: `hash` is its signature of `id` and `issued_at`."""

    id: str = ""
    issued_at: int = 0
    hash: str = ""


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """POST /widget/{key}/open. `start`: begin a session if there is none yet."""

    start: bool = False
    name: str = ""
    email: str = ""
    answers: dict[str, str] = {}
    consent: bool = False
    language: str = ""
    page: str = ""
    user: User = User()


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """POST /widget/{key}/email."""

    email: str = ""


async def open_(request: web.Request) -> web.StreamResponse:
    """Begin, or go on: {token, known, name, email, proven, transcript, here, words, mail}.

    `token` only when it is new; `transcript`: where the chat could be mailed, masked.
    """
    asked.from_our_frame(request)
    wanted = await json_of(request, Open)
    await asked.within(request, "open", asked.OPENED_A_MINUTE * 6)
    hub = hub_of(request)
    async with hub.transaction() as tx:
        channel = await asked.line_of(tx, request)
        session, secret = await _session(tx, request, channel, wanted)
        waiting = await expected(tx, hub, channel)
        proven = await transcript.proven(tx, channel, session) if session else None
    return asked.told(
        {
            "token": secret,
            "known": session is not None,
            "name": session.said_name if session else "",
            "email": session.said_email if session else "",
            "proven": bool(session and session.user_id),
            "transcript": proven.masked if proven else "",
        }
        | msgspec.structs.asdict(waiting)
    )


async def give_mail(request: web.Request) -> web.StreamResponse:
    """Where answers may go when the visitor has left: a claim, and the last unread answer is looked at again."""
    asked.from_our_frame(request)
    channel, session = await asked.visitor(request)
    await asked.within(request, "email", asked.MESSAGES_A_MINUTE, of=str(session.id))
    given = await json_of(request, Mail)
    hub = hub_of(request)
    async with hub.transaction() as tx:
        email = await _email(tx, channel, given.email)
        await chats.claim(tx, session.id, Said(email=email))
        can = adapter(channel.kind).can
        for message in await chat_view.shown(tx, session, can.address_type, most=5):
            if message.out and not message.seen:
                await chat_mail.watch(tx, message.id)
    return asked.told({"email": email})


async def _session(
    tx: Tx, request: web.Request, channel: Channel, wanted: Open
) -> tuple[Session | None, str]:
    """The token's session, or a new one if it is wanted; proven when the site signed for it."""
    secret = request.headers.get(asked.TOKEN, "")
    session = await chats.find(tx, secret)
    if session is not None and session.channel_id != channel.id:
        session = None
    line = channel.line(hub_of(request).crypto)
    said = await _said(tx, channel, line, wanted)
    user = wanted.user
    proven = is_proven(user.id, user.issued_at, user.hash, settings.identity_keys(line), now())
    if session is None and not proven and not wanted.start:
        return None, ""
    fresh = ""
    if session is None:
        await asked.within(request, "begin", asked.OPENED_A_MINUTE)
        session, fresh = await chats.begin(tx, channel.id, said, user_id=user.id if proven else "")
    elif proven and session.user_id != user.id:
        session, fresh = await chats.prove(tx, session, user.id)
    await chats.claim(tx, session.id, said)
    return await chats.find(tx, fresh or secret), fresh


async def _said(tx: Tx, channel: Channel, line: Line, wanted: Open) -> Said:
    answers = {key[:60]: value[:300] for key, value in list(wanted.answers.items())[:8]}
    email = await _email(tx, channel, wanted.email) if wanted.email.strip() else ""
    return Said(
        name=wanted.name,
        email=email,
        answers=answers,
        consent=wanted.consent,
        language=wanted.language if wanted.language in ("es", "en") else "",
        page=asked.page_of(line, wanted.page),
    )


async def _email(tx: Tx, channel: Channel, typed: str) -> str:
    """The typed address, normalised as the line that would write there does. Raises BadInput."""
    line = await chat_mail.mail_line(tx, channel)
    if line is None:
        raise Unavailable(_("Answers by mail are not possible here."))
    try:
        return adapter(line.kind).normalised(typed.strip())
    except ValueError as error:
        raise BadInput(_("This is not an email address."), field="email") from error
