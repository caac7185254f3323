"""An agent answers: one message, its deliveries, the conversation moved on, all in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from hub.channels import connections
from hub.channels.base import Capabilities
from hub.channels.connections import Channel
from hub.channels.facts import Party
from hub.channels.registry import adapter
from hub.conversations import approved, chat_mail, media
from hub.conversations.answered import follow, move_on, remember, to_undo
from hub.conversations.approved import Chosen
from hub.conversations.holding import Held, hold_alone
from hub.conversations.recipients import choose
from hub.conversations.writing import insert
from hub.deliveries.queueing import Delivery, queue
from hub.plumbing.clock import now
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Conflict
from hub.plumbing.texts import _

MOST_CHARACTERS = 200_000
MOST_HTML = 1_000_000
FURTHEST_DAYS = 366


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent wants to say. `to`, `cc`, `subject`, `channel_id` None: the default of the conversation.

    `attachments` are tokens of media.upload. `after_seq` is the last message the agent saw; `force` sends
    although something newer arrived. `client_id` makes a repeated request the same answer. `approved`: a text the
    channel's provider approved, instead of `text`; it may leave when free text may not.
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
    approved: Chosen | None = None


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
    channel = await _channel(tx, answer.channel_id or held.last_channel_id)
    can = adapter(channel.kind).can
    await _nothing_newer(tx, held, answer, agent_id, live=can.live)
    answer, details = await _worded(tx, channel.id, answer)
    _fits(answer, can)
    return await _stored(tx, domain, held, agent_id, channel, answer, details, automatic=automatic)


async def _stored(
    tx: Tx,
    domain: str,
    held: Held,
    agent_id: int | None,
    channel: Channel,
    answer: Answer,
    details: dict[str, Any],
    *,
    automatic: bool,
) -> Reply:
    """The message, its files and deliveries, and what follows of it for the conversation."""
    speaking = adapter(channel.kind)
    can = speaking.can
    cc = answer.cc if can.cc else ()
    whom = await choose(tx, held.id, channel.id, speaking, to=answer.to, cc=cc, free_text=not details)
    id_, header = await insert(
        tx,
        domain,
        held,
        agent_id,
        channel,
        can,
        whom,
        text=answer.text,
        html=answer.html,
        subject=answer.subject or "",
        client_id=answer.client_id,
        automatic=automatic,
        details=details,
    )
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
        undo=to_undo(held),
    )
    await move_on(tx, held, channel, answer.text, automatic=automatic)
    await remember(tx, held, channel, can, whom.addressees)
    await follow(tx, held, id_, agent_id, channel, automatic)
    if can.live:
        await chat_mail.watch(tx, id_)
    return Reply(id=id_, conversation_id=held.id, seq=held.last_seq + 1, deliveries=deliveries)


async def _worded(tx: Tx, channel_id: int, answer: Answer) -> tuple[Answer, dict[str, Any]]:
    """The answer with an approved text's words in it, and what the message keeps of that text; {} without one."""
    if answer.approved is None:
        return answer, {}
    words, details = await approved.choose(tx, channel_id, answer.approved)
    return msgspec.structs.replace(answer, text=words, html="", attachments=()), details


def _check(answer: Answer) -> None:
    """What can be said without looking at the conversation."""
    if not answer.text.strip() and not answer.attachments and answer.approved is None:
        raise BadInput(_("Write something first."), field="text")
    if len(answer.text) > MOST_CHARACTERS:
        raise BadInput(_("The text is too long: at most %(n)s characters.", n=MOST_CHARACTERS), field="text")
    if len(answer.html) > MOST_HTML:
        raise BadInput(_("The text is too long: at most %(n)s characters.", n=MOST_HTML), field="html")
    if answer.client_id is not None and not 0 < len(answer.client_id) <= 100:
        raise BadInput(_("client_id: use 1 to 100 characters."), field="client_id")
    if answer.send_at is not None and answer.send_at.tzinfo is None:
        raise BadInput(_("Say the zone: 2026-09-12T09:00:00Z."), field="send_at")
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


async def _nothing_newer(tx: Tx, held: Held, answer: Answer, agent_id: int | None, *, live: bool) -> None:
    """Compared under the same lock as the insert (INVARIANTS §12), so that nobody answers past another.

    Where people talk live, the customer's next line stops nobody; a colleague's answer does.
    """
    if answer.after_seq is None or answer.force:
        return
    rows = await tx.fetch(
        """
        SELECT id FROM message
        WHERE conversation_id = $1 AND seq > $2 AND direction IN ('in', 'out')
          AND CASE WHEN direction = 'in' THEN NOT $4 ELSE agent_id IS DISTINCT FROM $3 END AND NOT automatic
        ORDER BY seq LIMIT 100
        """,
        held.id,
        answer.after_seq,
        agent_id,
        live,
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
