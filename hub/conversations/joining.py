"""Join, split and move: links that can be undone. Nothing is copied, and every message remembers its home.

A joined conversation keeps its own messages and is closed; they are read in the thread of the one it was
joined into, in the order of time, and the older clock counts (INVARIANTS §13, DESIGN.md §4).
"""

from __future__ import annotations

from typing import Any

from hub.conversations.holding import Held, hold_all, hold_alone, note, read, tell
from hub.conversations.refresh import refresh
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Conflict, NotFound
from hub.plumbing.ids import token
from hub.plumbing.texts import _


async def join(tx: Tx, conversation_id: int, into_id: int, *, agent_id: int | None) -> Held:
    """Read `conversation_id` in the thread of `into_id` from now on. The target as it is now.

    What was joined into the one comes along. Raises NotFound, BadInput (itself), Conflict (already joined).
    """
    if conversation_id == into_id:
        raise BadInput(_("A conversation cannot be joined into itself."), field="into")
    one, target = await hold_all(tx, [conversation_id, into_id])
    if one.joined_into_id == into_id:
        return target
    if one.joined_into_id is not None or target.joined_into_id is not None:
        raise Conflict(_("One of the two was already joined into another: separate it first."))
    followers = await _repoint(tx, conversation_id, into_id)
    await tx.execute(
        """
        UPDATE conversation SET joined_into_id = $2, state = 'closed', closed_at = coalesce(closed_at, now()),
               waiting_since = NULL, snoozed_until = NULL, version = version + 1
        WHERE id = $1
        """,
        conversation_id,
        into_id,
    )
    await _point(tx, conversation_id, into_id)
    reopened = target.state != "open" and one.state == "open"
    await tx.execute(
        """
        UPDATE conversation SET version = version + 1, state = CASE WHEN $2 THEN 'open' ELSE state END,
               closed_at = CASE WHEN $2 THEN NULL ELSE closed_at END,
               snoozed_until = CASE WHEN $2 THEN NULL ELSE snoozed_until END
        WHERE id = $1
        """,
        into_id,
        reopened,
    )
    details: dict[str, Any] = {
        "into": into_id,
        "state": one.state,
        "closed_at": one.closed_at.isoformat() if one.closed_at else None,
        "snoozed_until": one.snoozed_until.isoformat() if one.snoozed_until else None,
        "waiting_since": one.waiting_since.isoformat() if one.waiting_since else None,
        "followers": followers,
    }
    await note(tx, "joined", one, agent_id, **details)
    await note(tx, "took_in", target, agent_id, joined=conversation_id)
    await refresh(tx, [into_id])
    await _older_clock(tx, into_id, one)
    await tell(tx, one)
    return await tell(tx, target)


async def separate(tx: Tx, conversation_id: int, *, agent_id: int | None) -> Held:
    """Undo a join: the conversation stands for itself again, in the state it had. Raises NotFound."""
    shown = await read(tx, [conversation_id])
    if not shown:
        raise NotFound(_("There is no such conversation."))
    if shown[0].joined_into_id is None:
        return shown[0]
    one, target = await hold_all(tx, [conversation_id, shown[0].joined_into_id])
    if one.joined_into_id != target.id:
        raise Conflict(_("Somebody else changed this just now: look again."))
    was = await _as_it_was(tx, conversation_id)
    await tx.execute(
        """
        UPDATE conversation SET joined_into_id = NULL, state = $2, closed_at = $3::text::timestamptz,
               snoozed_until = $4::text::timestamptz, waiting_since = $5::text::timestamptz, version = version + 1
        WHERE id = $1
        """,
        conversation_id,
        was.get("state", "open"),
        was.get("closed_at"),
        was.get("snoozed_until"),
        was.get("waiting_since"),
    )
    await tx.execute(
        """
        UPDATE conversation SET joined_into_id = $2, version = version + 1
        WHERE id IN (SELECT id FROM conversation WHERE id = ANY($1) AND joined_into_id = $3
                     ORDER BY id FOR NO KEY UPDATE)
        """,
        was.get("followers", []),
        conversation_id,
        target.id,
    )
    await _point(tx, target.id, conversation_id, writers_of=[conversation_id, *was.get("followers", [])])
    await tx.execute("UPDATE conversation SET version = version + 1 WHERE id = $1", target.id)
    await note(tx, "separated", one, agent_id, out_of=target.id)
    await note(tx, "gave_back", target, agent_id, joined=conversation_id)
    await refresh(tx, [conversation_id, target.id])
    await tell(tx, target)
    return await tell(tx, one)


async def split(tx: Tx, conversation_id: int, from_message_id: int, *, agent_id: int | None) -> Held:
    """The messages from one on become a conversation of their own, with the same people. The new one.

    Each keeps the home it was written in; `rejoin` brings them back. Raises NotFound, Conflict.
    """
    before = await hold_alone(tx, conversation_id)
    seq = await tx.value(
        "SELECT seq FROM message WHERE id = $1 AND conversation_id = $2", from_message_id, conversation_id
    )
    if seq is None:
        raise NotFound(_("This message is not in this conversation."))
    first = await tx.value("SELECT min(seq) FROM message WHERE conversation_id = $1", conversation_id)
    if seq == first:
        raise Conflict(_("The first message stays where it is: split from a later one."))
    new_id: int = await tx.value(
        """
        INSERT INTO conversation (token, state, subject, contact_id, account_id, assignee_id, team_id,
                                  covering_for_id, channel_id, last_channel_id, priority, language, tags, reason)
        SELECT $2, state, coalesce((SELECT nullif(subject, '') FROM message WHERE id = $3), subject), contact_id,
               account_id, assignee_id, team_id, covering_for_id, channel_id, last_channel_id, priority, language,
               tags, reason
        FROM conversation WHERE id = $1 RETURNING id
        """,
        conversation_id,
        token(),
        from_message_id,
    )
    await tx.execute(
        """
        INSERT INTO participant (conversation_id, address_id, role)
        SELECT $2, address_id, role FROM participant WHERE conversation_id = $1
        """,
        conversation_id,
        new_id,
    )
    moved = await _move_messages(tx, conversation_id, new_id, from_seq=seq)
    await tx.execute("UPDATE conversation SET version = version + 1 WHERE id = $1", conversation_id)
    await _point(tx, conversation_id, new_id, writers_of=[new_id])
    await refresh(tx, sorted([conversation_id, new_id]))
    new = (await read(tx, [new_id]))[0]
    await note(tx, "split", before, agent_id, new=new_id)
    await note(tx, "split_from", new, agent_id, origin=conversation_id)
    await _tell_messages(tx, moved, conversation_id, new_id)
    await tell(tx, before)
    return await tell(tx, new)


async def rejoin(tx: Tx, conversation_id: int, *, agent_id: int | None) -> Held:
    """Undo a split: join the part back into the conversation its messages came from. Raises NotFound, Conflict."""
    home = await tx.value(
        """
        SELECT home_id FROM message WHERE conversation_id = $1 AND home_id <> $1 ORDER BY seq LIMIT 1
        """,
        conversation_id,
    )
    if home is None:
        raise Conflict(_("This conversation was not split from another."))
    return await join(tx, conversation_id, home, agent_id=agent_id)


async def move(
    tx: Tx,
    conversation_id: int,
    *,
    agent_id: int | None,
    contact_id: int | None = None,
    account_id: int | None = None,
) -> Held:
    """It is about another person, or another account. Raises NotFound, Conflict, BadInput (neither given).

    A contact's confirmed account comes along unless an account is named.
    """
    if contact_id is None and account_id is None:
        raise BadInput(_("Say which contact or which account."), field="contact_id")
    before = (await hold_all(tx, [conversation_id], also_contacts=[contact_id] if contact_id else []))[0]
    if before.joined_into_id is not None:
        raise Conflict(_("This conversation was joined into another one: go on there, or separate it first."))
    contact = contact_id or before.contact_id
    if not await tx.value("SELECT EXISTS (SELECT FROM contact WHERE id = $1)", contact):
        raise NotFound(_("There is no such contact."))
    account = account_id
    if account is None:
        account = await tx.value(
            """
            SELECT r.account_id FROM contact c JOIN contact r ON r.id = c.root_id
            WHERE c.id = $1 AND r.account_standing = 'confirmed'
            """,
            contact,
        )
    elif not await tx.value("SELECT EXISTS (SELECT FROM account WHERE id = $1)", account):
        raise NotFound(_("There is no such account."))
    if (contact, account) == (before.contact_id, before.account_id):
        return before
    await tx.execute(
        "UPDATE conversation SET contact_id = $2, account_id = $3, version = version + 1 WHERE id = $1",
        conversation_id,
        contact,
        account,
    )
    await note(
        tx,
        "moved",
        before,
        agent_id,
        contact_before=before.contact_id,
        account_before=before.account_id,
        contact=contact,
        account=account,
    )
    return await tell(tx, before)


async def keep_apart(tx: Tx, message_id: int, *, conversation_id: int, agent_id: int | None) -> Held:
    """Refuse the suggestion "Belongs to «…»? Join" of a message. Raises NotFound."""
    before = (await hold_all(tx, [conversation_id]))[0]
    refused = await tx.execute(
        """
        UPDATE message SET belongs_to_id = NULL
        WHERE id = $1 AND conversation_id = $2 AND belongs_to_id IS NOT NULL
        """,
        message_id,
        conversation_id,
    )
    if refused:
        await note(tx, "kept_apart", before, agent_id, message=message_id)
        tx.signal("message", message_id, [f"thread:{conversation_id}"])
    return before


async def _repoint(tx: Tx, conversation_id: int, into_id: int) -> list[int]:
    """What was joined into a conversation follows it, so that links are never two long. Their ids."""
    rows = await tx.fetch(
        """
        UPDATE conversation SET joined_into_id = $2, version = version + 1
        WHERE id IN (SELECT id FROM conversation WHERE joined_into_id = $1 ORDER BY id FOR NO KEY UPDATE)
        RETURNING id
        """,
        conversation_id,
        into_id,
    )
    return sorted(row["id"] for row in rows)


async def _point(tx: Tx, from_id: int, to_id: int, *, writers_of: list[int] | None = None) -> None:
    """Short kinds go on where the customer's words now stand; only of addresses that wrote in `writers_of`."""
    await tx.execute(
        """
        UPDATE thread_pointer SET conversation_id = $2
        WHERE conversation_id = $1
          AND ($3::bigint[] IS NULL OR address_id IN (
               SELECT address_id FROM message WHERE conversation_id = ANY($3) AND address_id IS NOT NULL))
        """,
        from_id,
        to_id,
        writers_of,
    )


async def _move_messages(tx: Tx, from_id: int, to_id: int, *, from_seq: int) -> list[int]:
    """Move the messages from a sequence on, numbered from 1 in their new conversation. Their ids, in order."""
    rows = await tx.fetch(
        """
        UPDATE message SET conversation_id = $2, seq = seq - $3 + 1
        WHERE conversation_id = $1 AND seq >= $3 RETURNING id, seq
        """,
        from_id,
        to_id,
        from_seq,
    )
    await tx.execute(
        "UPDATE message_search SET conversation_id = $2 WHERE id = ANY($1)",
        [row["id"] for row in rows],
        to_id,
    )
    return [row["id"] for row in sorted(rows, key=lambda row: row["seq"])]


async def _tell_messages(tx: Tx, ids: list[int], before_id: int, now_id: int) -> None:
    for id_ in ids:
        tx.signal("message", id_, [f"conversation:{now_id}"], lost=[f"conversation:{before_id}"])


async def _older_clock(tx: Tx, into_id: int, one: Held) -> None:
    """Whoever waited longer, waited: an answer given in the other conversation was not theirs."""
    await tx.execute(
        """
        UPDATE conversation SET waiting_since = least(waiting_since, $2) WHERE id = $1 AND state = 'open'
        """,
        into_id,
        one.waiting_since,
    )


async def _as_it_was(tx: Tx, conversation_id: int) -> dict[str, Any]:
    """What the last join of this conversation wrote down."""
    details: dict[str, Any] | None = await tx.value(
        """
        SELECT details FROM history WHERE conversation_id = $1 AND verb = 'joined' ORDER BY id DESC LIMIT 1
        """,
        conversation_id,
    )
    return details or {}
