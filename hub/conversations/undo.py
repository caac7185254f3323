"""Taking an answer back while it is still held; PostgreSQL decides who was faster, the worker or the person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from hub.conversations import media
from hub.conversations.holding import Held, hold
from hub.conversations.holding import tell as tell_lists
from hub.conversations.outcomes import thread_topics
from hub.conversations.refresh import refresh
from hub.deliveries.canceling import cancel_held
from hub.plumbing import history
from hub.plumbing.db import Tx
from hub.plumbing.errors import Conflict, NotFound
from hub.plumbing.texts import _


class Undone(msgspec.Struct, frozen=True, kw_only=True):
    """What goes back into the composer."""

    message_id: int
    conversation_id: int
    text: str
    html: str
    subject: str
    channel_id: int | None
    recipients: dict[str, Any]
    attachments: list[str]


async def undo(tx: Tx, message_id: int, agent_id: int) -> Undone:
    """Take back an answer of this agent of which nothing has left yet.

    Raises NotFound (also for another agent's answer), Conflict when a worker was faster.
    """
    conversation_id = await tx.value(
        """
        SELECT conversation_id FROM message
        WHERE id = $1 AND direction = 'out' AND agent_id = $2 AND NOT automatic
        """,
        message_id,
        agent_id,
    )
    if conversation_id is None:
        raise NotFound(_("There is no such message of yours to take back."))
    held = await hold(tx, conversation_id)
    stored = await cancel_held(tx, message_id)
    if stored is None:
        raise Conflict(_("It is already on its way and cannot be taken back."))
    row = await tx.record("SELECT * FROM message WHERE id = $1", message_id)
    if row is None:
        raise NotFound(_("There is no such message of yours to take back."))
    attachments = await media.give_back(tx, message_id, agent_id)
    await tx.execute("DELETE FROM message WHERE id = $1", message_id)
    await _restore(tx, held, stored)
    await history.record(
        tx,
        "undone",
        agent_id=agent_id,
        conversation_id=held.id,
        contact_id=held.contact_id,
        message_id=message_id,
    )
    await tell_lists(tx, held)
    tx.signal("message", message_id, thread_topics(held.joined_into_id or held.id))
    return Undone(
        message_id=message_id,
        conversation_id=held.id,
        text=row["text"],
        html=row["html"],
        subject=row["subject"],
        channel_id=row["channel_id"],
        recipients=row["recipients"],
        attachments=attachments,
    )


async def _restore(tx: Tx, held: Held, stored: dict[str, Any]) -> None:
    """The state of before, unless somebody said or did something since; the line is computed from messages."""
    untouched = held.last_seq == stored.get("seq") and held.state == "open"
    if untouched and stored.get("state", "open") != "open":
        await tx.execute(
            """
            UPDATE conversation SET state = $2, closed_at = $3, close_reason = $4, close_outcome = $5
            WHERE id = $1
            """,
            held.id,
            stored["state"],
            _moment(stored["closed_at"]),
            stored["close_reason"],
            stored["close_outcome"],
        )
    await refresh(tx, [held.id])
    since = _moment(stored.get("waiting_since"))
    await tx.execute(
        """
        UPDATE conversation SET version = version + 1,
            waiting_since = CASE WHEN state IN ('open', 'snoozed') THEN coalesce($2, waiting_since) END
        WHERE id = $1
        """,
        held.id,
        since,
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
