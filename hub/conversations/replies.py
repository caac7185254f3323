"""An agent answers: one message, its deliveries, the conversation moved on, all in one transaction."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from hub.channels import connections
from hub.channels.base import Capabilities
from hub.channels.connections import Channel
from hub.channels.facts import Party
from hub.channels.registry import adapter
from hub.channels.text import one_line, storable, with_plain_ends
from hub.conversations import media
from hub.conversations.holding import Held, hold_alone
from hub.conversations.holding import tell as tell_lists
from hub.conversations.messages import PREVIEW
from hub.conversations.outcomes import thread_topics
from hub.conversations.recipients import Recipients, choose
from hub.deliveries.queueing import Addressee, Delivery, new_message_id, queue
from hub.plumbing import history, todo
from hub.plumbing.clock import now
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Conflict
from hub.plumbing.texts import _

MOST_CHARACTERS = 200_000
MOST_HTML = 1_000_000
MOST_SUBJECT = 500
MOST_REFERENCES = 20
FURTHEST_DAYS = 366
# What may stand in our headers of what strangers call their mails; anything else is left out (promise 30).
MESSAGE_ID = re.compile(r"[\x21-\x3b\x3d\x3f-\x7e]{1,400}")
PREFIXES = ("re:", "rv:", "fwd:", "fw:", "aw:", "wg:")


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent wants to say. `to`, `cc`, `subject`, `channel_id` None: the default of the conversation.

    `attachments` are tokens of media.upload. `after_seq` is the last message the agent saw; `force` sends
    although something newer arrived. `client_id` makes a repeated request the same answer.
    """

    text: str
    html: str = ""
    to: Sequence[Party] | None = None
    cc: Sequence[Party] | None = None
    subject: str | None = None
    channel_id: int | None = None
    attachments: Sequence[str] = ()
    client_id: str | None = None
    after_seq: int | None = None
    force: bool = False
    send_at: datetime | None = None


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """The stored answer; `repeated`: it had been stored before under the same client_id."""

    id: int
    conversation_id: int
    seq: int
    deliveries: list[Delivery]
    repeated: bool = False

    @property
    def undo_until(self) -> datetime | None:
        """Until when it can be taken back; None when it is already leaving."""
        return max((one.due_at for one in self.deliveries if one.state == "held"), default=None)


class Newer(Conflict):
    """Something arrived that the agent has not seen: `message_ids` says what. Send again with `force`."""

    code = "newer_messages"

    def __init__(self, message_ids: list[int]) -> None:
        super().__init__(_("Something new arrived in this conversation: look before you send."))
        self.message_ids = message_ids


async def reply(
    tx: Tx,
    domain: str,
    conversation_id: int,
    agent_id: int | None,
    answer: Answer,
    *,
    automatic: bool = False,
) -> Reply:
    """Store an answer and queue it. `domain` is what our Message-IDs carry (settings.mail_domain).

    `agent_id` None and `automatic`: the hub itself answers (RFC 3834). Rights are the caller's to check.
    Raises BadInput naming the field, Newer, Conflict, NotFound.
    """
    _check(answer)
    held = await hold_alone(tx, conversation_id)
    if (known := await _known(tx, held, answer.client_id)) is not None:
        return known
    await _nothing_newer(tx, held, answer, agent_id)
    channel = await _channel(tx, answer.channel_id or held.last_channel_id)
    can = adapter(channel.kind).can
    _fits(answer, can)
    whom = await choose(tx, held.id, channel, can.address_type, to=answer.to, cc=answer.cc if can.cc else ())
    id_, header = await _insert(tx, domain, held, agent_id, answer, channel, can, whom, automatic)
    await _take_files(tx, answer, can, agent_id, id_)
    seconds = 0 if automatic or can.live else await _undo_seconds(tx, agent_id)
    deliveries = await queue(
        tx,
        message_id=id_,
        channel_id=channel.id,
        message_header=header,
        addressees=whom.addressees,
        hold_seconds=seconds,
        send_at=answer.send_at,
        automatic=automatic,
        undo=_undo(held),
    )
    await _move_on(tx, held, channel, answer, automatic)
    await _remember(tx, held, channel, can, whom.addressees)
    await _follow(tx, held, id_, agent_id, channel, automatic)
    return Reply(id=id_, conversation_id=held.id, seq=held.last_seq + 1, deliveries=deliveries)


def _check(answer: Answer) -> None:
    """What can be said without looking at the conversation."""
    if not answer.text.strip() and not answer.attachments:
        raise BadInput(_("Write something first."), field="text")
    if len(answer.text) > MOST_CHARACTERS:
        raise BadInput(_("The text is too long: at most %(n)s characters.", n=MOST_CHARACTERS), field="text")
    if len(answer.html) > MOST_HTML:
        raise BadInput(_("The text is too long: at most %(n)s characters.", n=MOST_HTML), field="html")
    if answer.client_id is not None and not 0 < len(answer.client_id) <= 100:
        raise BadInput(_("client_id: use 1 to 100 characters."), field="client_id")
    if answer.send_at is not None and not now() < answer.send_at < now() + timedelta(days=FURTHEST_DAYS):
        raise BadInput(_("Choose a time in the future, within a year."), field="send_at")


async def _known(tx: Tx, held: Held, client_id: str | None) -> Reply | None:
    """The answer this request already made."""
    if client_id is None:
        return None
    row = await tx.record(
        "SELECT id, seq FROM message WHERE conversation_id = $1 AND client_id = $2", held.id, client_id
    )
    if row is None:
        return None
    deliveries = await tx.rows(
        Delivery,
        """
        SELECT id, token, recipient, role, state, due_at, message_header FROM delivery
        WHERE message_id = $1 ORDER BY id
        """,
        row["id"],
    )
    return Reply(id=row["id"], conversation_id=held.id, seq=row["seq"], deliveries=deliveries, repeated=True)


async def _nothing_newer(tx: Tx, held: Held, answer: Answer, agent_id: int | None) -> None:
    """Compared under the same lock as the insert (INVARIANTS §12), so that nobody answers past another."""
    if answer.after_seq is None or answer.force:
        return
    rows = await tx.fetch(
        """
        SELECT id FROM message
        WHERE conversation_id = $1 AND seq > $2 AND direction IN ('in', 'out')
          AND (direction = 'in' OR agent_id IS DISTINCT FROM $3) AND NOT automatic
        ORDER BY seq LIMIT 100
        """,
        held.id,
        answer.after_seq,
        agent_id,
    )
    if rows:
        raise Newer([row["id"] for row in rows])


async def _channel(tx: Tx, channel_id: int) -> Channel:
    channel = await connections.load(tx, channel_id)
    if not channel.enabled:
        raise BadInput(_("The channel “%(name)s” is switched off.", name=channel.name), field="channel_id")
    return channel


def _fits(answer: Answer, can: Capabilities) -> None:
    if can.text_limit and len(answer.text) > can.text_limit:
        raise BadInput(_("This channel takes at most %(n)s characters.", n=can.text_limit), field="text")
    if answer.attachments and not can.attachments:
        raise BadInput(_("This channel carries no files."), field="attachments")


async def _take_files(
    tx: Tx, answer: Answer, can: Capabilities, agent_id: int | None, message_id: int
) -> None:
    size = await media.take(tx, answer.attachments, agent_id, message_id) if answer.attachments else 0
    if can.attachment_limit and size > can.attachment_limit:
        limit = can.attachment_limit // 1024 // 1024
        raise BadInput(_("The files are too large together: at most %(n)s MB.", n=limit), field="attachments")


async def _undo_seconds(tx: Tx, agent_id: int | None) -> int:
    return int(await tx.value("SELECT undo_seconds FROM agent WHERE id = $1", agent_id) or 0)


async def _insert(
    tx: Tx,
    domain: str,
    held: Held,
    agent_id: int | None,
    answer: Answer,
    channel: Channel,
    can: Capabilities,
    whom: Recipients,
    automatic: bool,
) -> tuple[int, str]:
    """The message with everything that must never change on a retry: Message-ID and what it answers."""
    id_: int = await tx.value("SELECT nextval(pg_get_serial_sequence('message', 'id'))")
    header = new_message_id(domain, held.id, id_)
    parent, thread = await _parents(tx, held.id)
    text = with_plain_ends(storable(answer.text)).strip()
    await tx.execute(
        """
        INSERT INTO message (id, conversation_id, home_id, seq, direction, channel_id, client_id, agent_id,
               sender, recipients, subject, text, new_text, html, message_id, in_reply_to, thread_ids,
               automatic, verified)
        VALUES ($1, $2, $2, $3, 'out', $4, $5, $6, $7, $8, $9, $10, $10, $11, $12, $13, $14, $15, true)
        """,
        id_,
        held.id,
        held.last_seq + 1,
        channel.id,
        answer.client_id,
        agent_id,
        {"address": channel.address, "name": channel.name},
        {"to": _parties(whom.to)} | ({"cc": _parties(whom.cc)} if whom.cc else {}),
        _subject(answer, held) if can.subject else "",
        text,
        storable(answer.html) if can.html else "",
        header,
        parent,
        thread,
        automatic,
    )
    return id_, header


def _subject(answer: Answer, held: Held) -> str:
    """One line, bounded; by default the conversation's with one Re:."""
    if answer.subject is not None and answer.subject.strip():
        return one_line(answer.subject)[:MOST_SUBJECT]
    subject = one_line(held.subject)[: MOST_SUBJECT - 4]
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


def _undo(held: Held) -> dict[str, Any]:
    """What an undo puts back (INVARIANTS §20)."""
    return {
        "seq": held.last_seq + 1,
        "state": held.state,
        "waiting_since": held.waiting_since,
        "closed_at": held.closed_at,
        "close_reason": held.close_reason,
        "close_outcome": held.close_outcome,
    }


async def _move_on(tx: Tx, held: Held, channel: Channel, answer: Answer, automatic: bool) -> None:
    """The conversation's own line. Nobody waits any more, unless only a machine answered."""
    await tx.execute(
        """
        UPDATE conversation SET
            last_seq = last_seq + 1, last_message_at = greatest(last_message_at, now()), last_preview = $2,
            last_direction = 'out', last_channel_id = $3, version = version + 1,
            waiting_since = CASE WHEN $4 THEN waiting_since END,
            state = CASE WHEN NOT $4 AND state IN ('closed', 'aside') THEN 'open' ELSE state END,
            closed_at = CASE WHEN $4 THEN closed_at END,
            close_reason = CASE WHEN $4 THEN close_reason ELSE '' END,
            close_outcome = CASE WHEN $4 THEN close_outcome ELSE '' END
        WHERE id = $1
        """,
        held.id,
        preview(answer.text),
        channel.id,
        automatic,
    )


def preview(text: str) -> str:
    """The first words, on one line."""
    return one_line(text[: PREVIEW * 4])[:PREVIEW]


async def _remember(
    tx: Tx, held: Held, channel: Channel, can: Capabilities, addressees: Sequence[Addressee]
) -> None:
    """Whom the agent writes to takes part; on short kinds their next message belongs here (INVARIANTS §13)."""
    ids = sorted({one.address_id for one in addressees if one.address_id is not None})
    await tx.execute(
        """
        INSERT INTO participant (conversation_id, address_id, role)
        SELECT $1, a.id, CASE WHEN c.root_id = $2 THEN 'main' ELSE 'cc' END
        FROM address a JOIN contact c ON c.id = a.contact_id WHERE a.id = ANY($3) ORDER BY a.id
        ON CONFLICT (conversation_id, address_id) DO UPDATE SET role = excluded.role
        WHERE participant.role = 'suggested'
        """,
        held.id,
        held.root_id,
        ids,
    )
    if not can.subject:
        await tx.execute(
            """
            INSERT INTO thread_pointer (channel_id, address_id, conversation_id)
            SELECT $1, unnest($2::bigint[]), $3
            ON CONFLICT (channel_id, address_id) DO UPDATE SET conversation_id = excluded.conversation_id
            """,
            channel.id,
            ids,
            held.id,
        )


async def _follow(
    tx: Tx, held: Held, message_id: int, agent_id: int | None, channel: Channel, automatic: bool
) -> None:
    """History, search, live pages; the draft became this message."""
    if agent_id is not None:
        await tx.execute(
            "DELETE FROM draft WHERE conversation_id = $1 AND agent_id = $2 AND mode = 'reply'",
            held.id,
            agent_id,
        )
    await history.record(
        tx,
        "auto_replied" if automatic else "replied",
        agent_id=agent_id,
        conversation_id=held.id,
        contact_id=held.contact_id,
        account_id=held.account_id,
        message_id=message_id,
        channel_id=channel.id,
    )
    await todo.add(tx, "search", message_id)
    tx.wake("todo")
    await tell_lists(tx, held)
    tx.signal("message", message_id, thread_topics(held.id))
