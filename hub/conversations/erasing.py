"""A person's conversations are deleted with all that was said in them; their files are named, to be deleted after."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.conversations.holding import Held, hold_all
from hub.customers.erasures import Subject
from hub.plumbing.db import Tx

AT_ONCE = 20
MOST_SHOWN = 200
"""Of messages whose bubbles are taken off open pages: more no page shows."""


class Gone(msgspec.Struct, frozen=True, kw_only=True):
    """What was deleted: ids of what may have work waiting, keys of files, arrivals whose originals go too."""

    conversations: list[int] = []
    messages: list[int] = []
    deliveries: list[int] = []
    awaited: list[int] = []
    arrivals: list[int] = []
    files: list[str] = []


async def of_person(tx: Tx, contact_ids: Sequence[int]) -> list[int]:
    """The next conversations whose main contact they are, the oldest first."""
    rows = await tx.fetch(
        "SELECT id FROM conversation WHERE contact_id = ANY($1) ORDER BY id LIMIT $2",
        list(contact_ids),
        AT_ONCE,
    )
    return [row["id"] for row in rows]


async def end(tx: Tx, ids: Sequence[int]) -> Gone:
    """Delete these conversations; what was joined into them stands for itself again. Raises NotFound."""
    held = await hold_all(tx, ids)
    rows = await tx.fetch("SELECT id FROM message WHERE conversation_id = ANY($1) ORDER BY id", list(ids))
    gone = await end_messages(tx, [row["id"] for row in rows])
    await tx.execute(
        """
        UPDATE conversation SET joined_into_id = NULL, version = version + 1 WHERE id IN (
            SELECT id FROM conversation WHERE joined_into_id = ANY($1) AND id <> ALL($1)
            ORDER BY id FOR NO KEY UPDATE)
        """,
        list(ids),
    )
    await tx.execute("UPDATE message SET belongs_to_id = NULL WHERE belongs_to_id = ANY($1)", list(ids))
    await tx.execute(
        """
        DELETE FROM chat_session USING thread_key
        WHERE thread_key.conversation_id = ANY($1) AND chat_session.name = thread_key.key
        """,
        list(ids),
    )
    await tx.execute("DELETE FROM conversation WHERE id = ANY($1)", list(ids))
    await tx.execute("DELETE FROM history WHERE conversation_id = ANY($1)", list(ids))
    _tell(tx, held)
    return msgspec.structs.replace(gone, conversations=sorted(ids))


async def end_messages(tx: Tx, ids: Sequence[int]) -> Gone:
    """Delete these messages, with deliveries, files and search rows; their conversations are locked."""
    gone = Gone(
        messages=list(ids),
        deliveries=await _named(tx, "SELECT id FROM delivery WHERE message_id = ANY($1)", ids),
        awaited=await _named(tx, "SELECT id FROM awaited_file WHERE message_id = ANY($1)", ids),
        arrivals=await _named(
            tx, "SELECT DISTINCT arrival_id FROM message WHERE id = ANY($1) AND arrival_id IS NOT NULL", ids
        ),
        files=await files_of(tx, ids),
    )
    await _take_off_pages(tx, ids)
    await tx.execute("DELETE FROM message WHERE id = ANY($1)", list(ids))
    return gone


async def _take_off_pages(tx: Tx, ids: Sequence[int]) -> None:
    """Whoever has a thread open sees the newest of its bubbles leave."""
    rows = await tx.fetch(
        """
        SELECT m.id, coalesce(v.joined_into_id, v.id) AS place FROM message m
        JOIN conversation v ON v.id = m.conversation_id WHERE m.id = ANY($1) ORDER BY m.id DESC LIMIT $2
        """,
        list(ids),
        MOST_SHOWN,
    )
    for row in rows:
        tx.signal("message", row["id"], [], lost=[f"thread:{row['place']}"])


async def files_of(tx: Tx, message_ids: Sequence[int]) -> list[str]:
    """Keys of the files these messages name."""
    rows = await tx.fetch(
        """
        SELECT file FROM attachment WHERE message_id = ANY($1)
        UNION SELECT p.file FROM page_picture p JOIN attachment a ON a.id = p.attachment_id
              WHERE a.message_id = ANY($1)
        UNION SELECT html_file FROM message WHERE id = ANY($1) AND html_file IS NOT NULL
        """,
        list(message_ids),
    )
    return sorted(row["file"] for row in rows)


async def without_message(tx: Tx, arrival_ids: Sequence[int]) -> list[int]:
    """Those of these arrivals that became nobody's message: reports, wishes, steps of calls, what was unreadable."""
    rows = await tx.fetch(
        """
        SELECT id FROM unnest($1::bigint[]) AS w (id)
        WHERE NOT EXISTS (SELECT FROM message m WHERE m.arrival_id = w.id)
        """,
        list(arrival_ids),
    )
    return [row["id"] for row in rows]


async def forget_chats(tx: Tx, who: Subject) -> None:
    """Chats they had open without saying anything, and mails of chats that went to them."""
    await tx.execute(
        """
        DELETE FROM chat_session
        WHERE 'visitor:' || name = ANY($1) OR said_email = ANY($1)
           OR user_id <> '' AND 'user:' || channel_id || ':' || user_id = ANY($1)
        """,
        who.addresses,
    )
    await tx.execute("DELETE FROM chat_mailed WHERE recipient = ANY($1)", who.addresses)


async def leave_accounts(tx: Tx, account_ids: Sequence[int]) -> None:
    """Other people's conversations are about these accounts no more."""
    await tx.execute(
        """
        UPDATE conversation SET account_id = NULL, version = version + 1 WHERE id IN (
            SELECT id FROM conversation WHERE account_id = ANY($1) ORDER BY id FOR NO KEY UPDATE)
        """,
        list(account_ids),
    )


def _tell(tx: Tx, held: Sequence[Held]) -> None:
    for one in held:
        tx.signal("conversation", one.id, [], lost=[*one.topics, f"thread:{one.id}"])


async def _named(tx: Tx, sql: str, ids: Sequence[int]) -> list[int]:
    return sorted(row[0] for row in await tx.fetch(sql, list(ids)))
