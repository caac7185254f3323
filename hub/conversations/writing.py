"""An outgoing message as a row, with all that must never change on a retry: Message-ID and what it answers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from hub.channels.base import Capabilities
from hub.channels.connections import Channel
from hub.channels.facts import Party
from hub.channels.text import one_line, storable, with_plain_ends
from hub.conversations.holding import Held
from hub.conversations.recipients import Recipients
from hub.deliveries.queueing import new_message_id
from hub.plumbing.db import Tx

MOST_SUBJECT = 500
MOST_REFERENCES = 20
# What may stand in our headers of what strangers call their mails; anything else is left out (promise 30).
MESSAGE_ID = re.compile(r"[\x21-\x3b\x3d\x3f-\x7e]{1,400}")
PREFIXES = ("re:", "rv:", "fwd:", "fw:", "aw:", "wg:")


async def insert(
    tx: Tx,
    domain: str,
    held: Held,
    agent_id: int | None,
    channel: Channel,
    can: Capabilities,
    whom: Recipients,
    *,
    text: str,
    html: str,
    subject: str,
    client_id: str | None,
    automatic: bool,
    details: dict[str, Any] | None = None,
) -> tuple[int, str]:
    """Store it at the end of a held conversation; its id, and its Message-ID for the deliveries.

    `details`: what only its channel needs of it (an approved text's name and variables).
    """
    id_: int = await tx.value("SELECT nextval(pg_get_serial_sequence('message', 'id'))")
    # RFC 5322 §3.6.4 asks for a domain of the sender's; the channel's own is one mail servers can look up
    named = channel.address.rpartition("@")
    header = new_message_id(named[2] if named[1] and named[2] else domain, held.id, id_)
    parent, thread = await _parents(tx, held.id)
    text = with_plain_ends(storable(text)).strip()
    await tx.execute(
        """
        INSERT INTO message (id, conversation_id, home_id, seq, direction, channel_id, client_id, agent_id,
               sender, recipients, subject, text, new_text, html, message_id, in_reply_to, thread_ids,
               automatic, verified, fact)
        VALUES ($1, $2, $2, $3, 'out', $4, $5, $6, $7, $8, $9, $10, $10, $11, $12, $13, $14, $15, true, $16)
        """,
        id_,
        held.id,
        held.last_seq + 1,
        channel.id,
        client_id,
        agent_id,
        {"address": channel.address, "name": channel.name},
        {"to": _parties(whom.to)} | ({"cc": _parties(whom.cc)} if whom.cc else {}),
        _subject(subject, held) if can.subject else "",
        text,
        storable(html) if can.html else "",
        header,
        parent,
        thread,
        automatic,
        details or None,
    )
    return id_, header


def _subject(typed: str, held: Held) -> str:
    """One line, bounded; by default the conversation's, with one Re: as soon as the customer wrote."""
    if typed.strip():
        return one_line(typed)[:MOST_SUBJECT]
    subject = one_line(held.subject)[: MOST_SUBJECT - 4]
    if not held.last_in_seq:
        return subject
    while subject.lower().startswith(PREFIXES):
        subject = subject.partition(":")[2].strip()
    return f"Re: {subject}" if subject else ""


def _parties(parties: Sequence[Party]) -> list[dict[str, str]]:
    return [{"address": party.address, "name": party.name} for party in parties]


async def _parents(tx: Tx, conversation_id: int) -> tuple[str, list[str]]:
    """In-Reply-To and References of the next message (RFC 5322 §3.6.4): the parent's, then the parent.

    Long chains keep the first, which mail programs hang the thread on, and the newest.
    """
    row = await tx.record(
        """
        SELECT message_id, in_reply_to, thread_ids FROM message
        WHERE conversation_id = $1 AND direction IN ('in', 'out') AND message_id <> '' AND NOT automatic
        ORDER BY seq DESC LIMIT 1
        """,
        conversation_id,
    )
    if row is None:
        return "", []
    before = list(row["thread_ids"]) or [row["in_reply_to"]]
    named = [name for name in (*before, row["message_id"]) if MESSAGE_ID.fullmatch(name)]
    thread = list(dict.fromkeys(named))
    if len(thread) > MOST_REFERENCES:
        thread = [thread[0], *thread[1 - MOST_REFERENCES :]]
    return row["message_id"] if row["message_id"] in thread else "", thread
