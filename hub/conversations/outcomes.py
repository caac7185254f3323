"""What became of a delivery is told in its conversation: live pages, history, and who wrote it when it failed.

Both roads call it, in the transaction that changed the delivery. What failed, or left where a report is owed,
gets a todo row: conversations/fallback looks for another way (INVARIANTS §5).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hub.channels.registry import adapter
from hub.conversations.fallback_policy import policy_of
from hub.deliveries.canceling import cancel_following
from hub.deliveries.states import Changed
from hub.plumbing import history, todo
from hub.plumbing.clock import now
from hub.plumbing.db import Tx

BAD = ("failed", "unknown")
_VERBS = {"failed": "delivery_failed", "unknown": "perhaps_sent"}


async def tell(tx: Tx, changed: Sequence[Changed], *, agent_id: int | None = None) -> None:
    """Signal every bubble that changed; a failed or perhaps sent one also gets history and a notification."""
    if not changed:
        return
    await _look_further(tx, changed)
    stopped = await _call_back(tx, changed)
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
    about: dict[str, Any]
    for one in stopped:
        where = messages[one.message_id or 0]["conversation_id"]
        about = {"delivery_id": one.id, "recipient": one.recipient}
        await history.record(tx, "fallback_not_needed", conversation_id=where, **about)
        tx.signal("delivery", one.id, ["unanswered"])
    for one in changed:
        if (row := messages.get(one.message_id or 0)) is None:
            continue
        if one.state in BAD:
            await _complain(tx, one, row["conversation_id"], row["agent_id"] or row["assignee_id"])
        elif one.before in BAD:
            verb = "resent" if one.state == "queued" else "arrived_after_all"
            about = {"delivery_id": one.id, "recipient": one.recipient}
            await history.record(tx, verb, agent_id=agent_id, conversation_id=row["conversation_id"], **about)
        if one.state in BAD or one.before in BAD:
            tx.signal("delivery", one.id, ["unanswered"])


async def _look_further(tx: Tx, changed: Sequence[Changed]) -> None:
    """Rows for the fallback: at once for what failed, in time for what is owed a report."""
    for one in changed:
        if one.state == "failed" and one.message_id is not None:
            payload = {
                "dead": one.dead,
                "only_here": one.only_here,
                "opted_out": one.opted_out,
                "reason": one.reason,
            }
            await todo.add(tx, "undelivered", one.id, payload)
            tx.wake("todo")
    left = [one for one in changed if one.state == "sent" and one.message_id is not None]
    if not left:
        return
    rows = await tx.fetch(
        "SELECT id, kind, settings FROM channel WHERE id = ANY($1)", [one.channel_id for one in left]
    )
    policies = {row["id"]: policy_of(row["settings"], adapter(row["kind"]).can) for row in rows}
    for one in left:
        minutes = policies[one.channel_id].after_minutes
        if minutes:
            await todo.add(tx, "no_report", one.id, due_at=now() + timedelta(minutes=minutes))


async def _call_back(tx: Tx, changed: Sequence[Changed]) -> list[Changed]:
    """It arrived after all, or a person sends it again: what was held to go by another channel stays here."""
    settled = [one.id for one in changed if one.state in ("delivered", "read") or _is_resent(one)]
    return await cancel_following(tx, settled)


def _is_resent(one: Changed) -> bool:
    return one.before in BAD and one.state == "queued"


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
