"""What a visitor has not read goes on by mail, to the address they typed themselves, once a message.

That address is a claim: it gets the agent's own words and the way back to the chat, never what somebody else wrote
(promise 42), never more than a few mails a day, and nothing once that address asked us to stop. The answer comes
back by our signed reply address into the same conversation.
"""

from __future__ import annotations

from datetime import timedelta

import msgspec

from hub.channels import connections
from hub.channels.connections import Channel
from hub.channels.registry import adapter
from hub.conversations.holding import hold_alone
from hub.conversations.outcomes import thread_topics
from hub.customers.known import address_id
from hub.deliveries.permission import No, may_send
from hub.deliveries.queueing import Addressee, queue_fallback
from hub.plumbing import todo
from hub.plumbing.clock import now
from hub.plumbing.db import Tx

WAIT_SECONDS = 60
AWAY_SECONDS = 45
GIVE_UP_HOURS = 24
MOST_A_DAY = 20
"""Mails to one typed address in a day, whoever typed it."""


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """A message sent to a chat and not read there. `away`: no page of that visitor is open."""

    delivery_id: int
    session_id: int
    email: str
    away: bool
    conversation_id: int
    channel_id: int
    message_header: str


async def mail_line(tx: Tx, channel: Channel) -> Channel | None:
    """The line that carries a chat on: the one its settings name by key, else the first that can, of its team first."""
    named = str(channel.settings.get("mail_channel", ""))
    able = [one for one in await connections.enabled(tx) if one.address and _carries_letters(one)]
    if named:
        able = [one for one in able if one.key == named]
    return min(able, key=lambda one: (one.team_id != channel.team_id, one.id), default=None)


def _carries_letters(channel: Channel) -> bool:
    can = adapter(channel.kind).can
    return can.sends and can.subject and can.cc


async def watch(tx: Tx, message_id: int) -> None:
    """Look again in a minute whether this was read, if the visitor gave an address; once, however often asked."""
    if not await todo.waits(tx, "chat_unread", message_id):
        await todo.add(tx, "chat_unread", message_id, due_at=now() + timedelta(seconds=WAIT_SECONDS))


async def mail_unread(tx: Tx, message_id: int) -> None:
    """Queue one mail for a message its visitor left unread; watch on while they are still there."""
    unread = await _unread(tx, message_id)
    if unread is None or not unread.email:
        return
    if not unread.away:
        await watch(tx, message_id)
        return
    chat = await connections.load(tx, unread.channel_id)
    line = await mail_line(tx, chat)
    if line is None or await _too_many(tx, unread.email):
        return
    held = await hold_alone(tx, unread.conversation_id)
    known_id = await address_id(tx, adapter(line.kind).can.address_type, unread.email)
    if known_id is not None and isinstance(await may_send(tx, known_id, "service"), No):
        return
    if not await _mailed(tx, unread, held.id):
        return
    whom = Addressee(unread.email, "to", known_id)
    await queue_fallback(tx, unread.delivery_id, line.id, whom, hold_seconds=0)
    tx.signal("message", message_id, thread_topics(held.id))


async def way_back(tx: Tx, delivery_id: int) -> str | None:
    """The page a chat was opened on, for the mail that carries it on; None for every other mail."""
    found: str | None = await tx.value(
        """
        SELECT s.page FROM delivery d
        JOIN chat_mailed c ON c.delivery_id = d.fallback_of JOIN chat_session s ON s.id = c.session_id
        WHERE d.id = $1
        """,
        delivery_id,
    )
    return found


async def _unread(tx: Tx, message_id: int) -> Unread | None:
    return await tx.row(
        Unread,
        f"""
        SELECT d.id AS delivery_id, s.id AS session_id, s.said_email AS email,
               s.seen_at < now() - interval '{AWAY_SECONDS} seconds' AS away,
               coalesce(v.joined_into_id, v.id) AS conversation_id, d.channel_id, d.message_header
        FROM message m JOIN conversation v ON v.id = m.conversation_id
        JOIN delivery d ON d.message_id = m.id AND d.state IN ('sent', 'delivered')
        JOIN LATERAL (SELECT * FROM chat_session WHERE channel_id = d.channel_id
                      AND (d.recipient = 'visitor:' || name
                           OR (user_id <> '' AND d.recipient = 'user:' || channel_id || ':' || user_id))
                      ORDER BY seen_at DESC LIMIT 1) AS s ON true
        WHERE m.id = $1 AND m.public AND m.created_at > now() - interval '{GIVE_UP_HOURS} hours'
          AND NOT EXISTS (SELECT FROM chat_mailed WHERE delivery_id = d.id)
          AND NOT EXISTS (SELECT FROM delivery n WHERE n.fallback_of = d.id)
        ORDER BY d.id LIMIT 1
        """,
        message_id,
    )


async def _too_many(tx: Tx, email: str) -> bool:
    sent: int = await tx.value(
        """
        SELECT count(*) FROM chat_mailed WHERE recipient = $1 AND at > now() - interval '1 day'
        """,
        email,
    )
    return sent >= MOST_A_DAY


async def _mailed(tx: Tx, unread: Unread, conversation_id: int) -> bool:
    """Whether it is ours to mail: at most once a delivery, for ever."""
    return bool(
        await tx.execute(
            """
            INSERT INTO chat_mailed (delivery_id, session_id, conversation_id, recipient)
            VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
            """,
            unread.delivery_id,
            unread.session_id,
            conversation_id,
            unread.email,
        )
    )
