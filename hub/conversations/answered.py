"""What an answer leaves on its conversation: its line moved on, who takes part, history, search, live pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.channels.base import Capabilities
from hub.channels.connections import Channel
from hub.channels.text import storable
from hub.conversations import drafts
from hub.conversations.holding import Held, tell
from hub.conversations.messages import PREVIEW
from hub.conversations.outcomes import thread_topics
from hub.deliveries.queueing import Addressee
from hub.plumbing import history, todo
from hub.plumbing.db import Tx


async def move_on(tx: Tx, held: Held, channel: Channel, text: str, *, automatic: bool) -> None:
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
        preview(text),
        channel.id,
        automatic,
    )


def preview(text: str) -> str:
    """The first words, on one line."""
    return " ".join(storable(text[: PREVIEW * 4]).split())[:PREVIEW]


async def remember(
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


async def follow(
    tx: Tx, held: Held, message_id: int, agent_id: int | None, channel: Channel, automatic: bool
) -> None:
    """History, search, live pages; the draft became this message."""
    if agent_id is not None:
        await drafts.drop(tx, held.id, agent_id, "reply")
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
    await tell(tx, held)
    tx.signal("message", message_id, thread_topics(held.id))


def to_undo(held: Held) -> dict[str, Any]:
    """What an undo puts back (INVARIANTS §20)."""
    return {
        "seq": held.last_seq + 1,
        "state": held.state,
        "waiting_since": held.waiting_since,
        "closed_at": held.closed_at,
        "close_reason": held.close_reason,
        "close_outcome": held.close_outcome,
    }
