"""What was said in a chat, by mail, when its visitor asks: to an address of theirs that is proven, to no other.

What a visitor types is a claim and may be a victim's address (promise 42): it gets no transcript.
"""

from __future__ import annotations

from datetime import tzinfo

import msgspec
from babel.dates import format_datetime

from hub.channels.connections import Channel
from hub.channels.facts import Party
from hub.channels.registry import adapter
from hub.conversations import chat_view, chats
from hub.conversations.chat_mail import mail_line
from hub.conversations.chat_view import ChatMessage
from hub.conversations.chats import Session
from hub.conversations.replies import Answer, Reply, reply
from hub.deliveries.permission import No, may_send
from hub.plumbing.db import Tx
from hub.plumbing.errors import Conflict
from hub.plumbing.texts import _, language

MOST_LINES = 500
HIDDEN = "•••"


class Proven(msgspec.Struct, frozen=True):
    """A proven mail address of the visitor's own contact."""

    id: int
    value: str

    @property
    def masked(self) -> str:
        """As the visitor's page may show it: `m•••@acme.test`."""
        local, _at, domain = self.value.rpartition("@")
        return f"{local[:1]}{HIDDEN}@{domain}"


async def proven(tx: Tx, channel: Channel, session: Session) -> Proven | None:
    """Where a transcript may go; None when no address of theirs is proven, or no line can carry it."""
    line = await mail_line(tx, channel)
    if line is None:
        return None
    return await tx.row(
        Proven,
        """
        SELECT b.id, b.value FROM address a JOIN contact c ON c.id = a.contact_id
        JOIN contact own ON own.root_id = c.root_id
        JOIN address b ON b.contact_id = own.id AND b.type = $3 AND b.verified AND b.usable AND NOT b.shared
        WHERE a.type = $1 AND a.value = $2 AND NOT a.shared ORDER BY b.id LIMIT 1
        """,
        adapter(channel.kind).can.address_type,
        session.address,
        adapter(line.kind).can.address_type,
    )


async def send(tx: Tx, domain: str, channel: Channel, session: Session, zone: tzinfo) -> Reply:
    """Queue it as a message of the conversation. Raises Conflict when there is nothing to send, or nowhere."""
    whom, line = await proven(tx, channel, session), await mail_line(tx, channel)
    conversation_id = await chats.conversation_of(tx, session)
    if whom is None or line is None or conversation_id is None:
        raise Conflict(_("No address of yours is proven: the chat cannot be mailed."))
    if isinstance(refused := await may_send(tx, whom.id, "service", channel_id=line.id), No):
        raise Conflict(refused.reason)
    said = await chat_view.shown(tx, session, adapter(channel.kind).can.address_type, most=MOST_LINES)
    answer = Answer(
        text="\n\n".join([_("This is what was said in the chat, as you asked."), *_lines(said, zone)]),
        to=[Party(whom.value)],
        cc=(),
        subject=_("Your chat with %(name)s", name=channel.name),
        channel_id=line.id,
    )
    return await reply(tx, domain, conversation_id, None, answer, automatic=True)


def _lines(said: list[ChatMessage], zone: tzinfo) -> list[str]:
    return [_line(one, zone) for one in said]


def _line(one: ChatMessage, zone: tzinfo) -> str:
    when = format_datetime(one.at, "d MMM y HH:mm", tzinfo=zone, locale=language())
    who = (one.who or _("Automatic answer")) if one.out else _("You")
    files = [_("File: %(name)s", name=file.name) for file in one.files]
    return "\n".join(part for part in (f"{who}, {when}", one.text, *files) if part)
