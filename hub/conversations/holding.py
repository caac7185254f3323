"""Taking hold of a conversation before changing it, and telling the live pages afterwards.

The contact's root is locked first, then the conversation (INVARIANTS §1.3, §9): whoever changes a conversation
does it through here, so that an agent's click and a customer's message never cross.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from hub.conversations.topics import topics
from hub.plumbing import history
from hub.plumbing.db import Tx
from hub.plumbing.errors import Conflict, NotFound
from hub.plumbing.texts import _


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation as it stands while we hold its lock; `root_id` is its contact's merge root."""

    id: int
    version: int
    state: str
    subject: str
    contact_id: int
    root_id: int
    account_id: int | None
    assignee_id: int | None
    team_id: int | None
    covering_for_id: int | None
    channel_id: int
    last_channel_id: int
    priority: str
    tags: list[str]
    waiting_since: datetime | None
    snoozed_until: datetime | None
    closed_at: datetime | None
    close_reason: str
    close_outcome: str
    joined_into_id: int | None
    last_seq: int
    last_in_seq: int
    last_message_at: datetime

    @property
    def topics(self) -> list[str]:
        """The live lists it stands in."""
        return topics(self.assignee_id, self.team_id, self.state)


async def hold(tx: Tx, conversation_id: int) -> Held:
    """Lock one conversation and read it. Raises NotFound."""
    return (await hold_all(tx, [conversation_id]))[0]


async def hold_all(tx: Tx, ids: Sequence[int], *, also_contacts: Sequence[int] = ()) -> list[Held]:
    """Lock several, and the roots of `also_contacts`; answered in the order asked. Raises NotFound."""
    roots = await _roots(tx, ids, also_contacts)
    for _again in range(3):
        await tx.execute(
            "SELECT FROM contact WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE", sorted(roots)
        )
        now = await _roots(tx, ids, also_contacts)  # a merge may have moved them while we waited
        if now <= roots:
            break
        roots |= now
    await tx.execute(
        "SELECT FROM conversation WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE", sorted(set(ids))
    )
    found = {one.id: one for one in await read(tx, ids)}
    if found.keys() != set(ids):
        raise NotFound(_("There is no such conversation."))
    return [found[id_] for id_ in ids]


async def hold_alone(tx: Tx, conversation_id: int) -> Held:
    """Lock one that stands for itself. Raises NotFound, and Conflict for one joined into another."""
    held = await hold(tx, conversation_id)
    if held.joined_into_id is not None:
        raise Conflict(_("This conversation was joined into another one: go on there, or separate it first."))
    return held


async def read(tx: Tx, ids: Sequence[int]) -> list[Held]:
    """The same rows without any lock, in no order."""
    return await tx.rows(
        Held,
        """
        SELECT v.id, v.version, v.state, v.subject, v.contact_id, c.root_id, v.account_id, v.assignee_id,
               v.team_id, v.covering_for_id, v.channel_id, v.last_channel_id, v.priority, v.tags,
               v.waiting_since, v.snoozed_until, v.closed_at, v.close_reason, v.close_outcome,
               v.joined_into_id, v.last_seq, v.last_in_seq, v.last_message_at
        FROM conversation v JOIN contact c ON c.id = v.contact_id WHERE v.id = ANY($1)
        """,
        list(ids),
    )


async def tell(tx: Tx, before: Held) -> Held:
    """After a change: read it again and signal its lists, old and new. The conversation as it is now."""
    now = (await read(tx, [before.id]))[0]
    tx.signal(
        "conversation",
        now.id,
        [*now.topics, f"thread:{now.id}"],
        lost=[topic for topic in before.topics if topic not in now.topics],
    )
    return now


async def note(tx: Tx, verb: str, held: Held, agent_id: int | None, /, **details: Any) -> None:
    """One history row about this conversation, its contact and its account."""
    await history.record(
        tx,
        verb,
        agent_id=agent_id,
        conversation_id=held.id,
        contact_id=held.root_id,
        account_id=held.account_id,
        **details,
    )


async def _roots(tx: Tx, ids: Sequence[int], contacts: Sequence[int]) -> set[int]:
    rows = await tx.fetch(
        """
        SELECT c.root_id FROM conversation v JOIN contact c ON c.id = v.contact_id WHERE v.id = ANY($1)
        UNION SELECT root_id FROM contact WHERE id = ANY($2)
        """,
        list(ids),
        list(contacts),
    )
    return {row["root_id"] for row in rows}
