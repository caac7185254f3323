"""What became of a delivery is told in its conversation: live pages, history, and who wrote it when it failed.

Both roads call it, in the transaction that changed the delivery.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.deliveries.states import Changed
from hub.plumbing import history, todo
from hub.plumbing.db import Tx

BAD = ("failed", "unknown")
_VERBS = {"failed": "delivery_failed", "unknown": "perhaps_sent"}


async def tell(tx: Tx, changed: Sequence[Changed], *, agent_id: int | None = None) -> None:
    """Signal every bubble that changed; a failed or perhaps sent one also gets history and a notification."""
    if not changed:
        return
    rows = await tx.fetch(
        """
        SELECT m.id, m.agent_id, coalesce(v.joined_into_id, v.id) AS conversation_id, v.assignee_id
        FROM message m JOIN conversation v ON v.id = m.conversation_id WHERE m.id = ANY($1)
        """,
        sorted({one.message_id for one in changed if one.message_id is not None}),
    )
    messages = {row["id"]: row for row in rows}
    for id_, message in messages.items():
        tx.signal("message", id_, thread_topics(message["conversation_id"]))
    for one in changed:
        row = messages.get(one.message_id or 0)
        if row is None:
            continue
        if one.state in BAD:
            await _complain(tx, one, row["conversation_id"], row["agent_id"] or row["assignee_id"])
        elif one.before in BAD:
            verb = "resent" if one.state == "queued" else "arrived_after_all"
            about: dict[str, Any] = {"delivery_id": one.id, "recipient": one.recipient}
            await history.record(tx, verb, agent_id=agent_id, conversation_id=row["conversation_id"], **about)
        if one.state in BAD or one.before in BAD:
            tx.signal("delivery", one.id, ["unanswered"])


def thread_topics(conversation_id: int) -> list[str]:
    """The live pages that show a conversation's messages."""
    return [f"conversation:{conversation_id}", f"thread:{conversation_id}"]


async def _complain(tx: Tx, one: Changed, conversation_id: int, agent_id: int | None) -> None:
    verb = _VERBS[one.state]
    details: dict[str, Any] = {
        "delivery_id": one.id,
        "recipient": one.recipient,
        "code": one.code,
        "reason": one.reason,
    }
    await history.record(tx, verb, conversation_id=conversation_id, **details)
    if agent_id is not None:
        payload = {
            "verb": verb,
            "agent_ids": [agent_id],
            "conversation_id": conversation_id,
            "details": details,
        }
        await todo.add(tx, "notification", one.id, payload)
