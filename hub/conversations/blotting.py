"""An erased person in other people's conversations: their own messages go, their name and addresses become a blot.

What others wrote stays, without what it quoted; how it came in (the originals) does not.
"""

from __future__ import annotations

from typing import Any

import msgspec

from hub.conversations.erasing import MOST_SHOWN, Gone, end_messages
from hub.conversations.holding import hold, tell
from hub.conversations.outcomes import thread_topics
from hub.conversations.refresh import refresh
from hub.conversations.search_index import fill
from hub.customers.erasures import Subject
from hub.deliveries import erasing
from hub.plumbing.blotting import BLOT, Blotting
from hub.plumbing.db import Tx


async def next_shared(tx: Tx, who: Subject) -> int | None:
    """The next conversation of somebody else in which they took part, wrote or were written to."""
    found: int | None = await tx.value(
        """
        SELECT v.id FROM conversation v
        WHERE v.contact_id <> ALL($2) AND v.id IN (
            SELECT conversation_id FROM participant WHERE address_id = ANY($1)
            UNION SELECT conversation_id FROM message WHERE address_id = ANY($1)
            UNION SELECT m.conversation_id FROM delivery d JOIN message m ON m.id = d.message_id
                  WHERE d.address_id = ANY($1))
        ORDER BY v.id LIMIT 1
        """,
        who.address_ids,
        who.contact_ids,
    )
    return found


async def blot(tx: Tx, conversation_id: int, who: Subject) -> Gone:
    """Take them out of one conversation. Raises NotFound."""
    held = await hold(tx, conversation_id)
    blotting = who.blotting
    rows = await tx.fetch(
        "SELECT id FROM message WHERE conversation_id = $1 AND (address_id = ANY($2) OR contact_id = ANY($3))",
        conversation_id,
        who.address_ids,
        who.contact_ids,
    )
    gone = await end_messages(tx, sorted(row["id"] for row in rows))
    originals = await _blot_messages(tx, conversation_id, who)
    await _blot_drafts(tx, conversation_id, blotting)
    await tx.execute(
        "UPDATE call SET number = $3 WHERE conversation_id = $1 AND number = ANY($2)",
        conversation_id,
        who.addresses,
        BLOT,
    )
    await tx.execute(
        "DELETE FROM participant WHERE conversation_id = $1 AND address_id = ANY($2)",
        conversation_id,
        who.address_ids,
    )
    await tx.execute(
        "DELETE FROM thread_pointer WHERE conversation_id = $1 AND address_id = ANY($2)",
        conversation_id,
        who.address_ids,
    )
    await _blot_head(tx, conversation_id, blotting)
    await refresh(tx, [conversation_id])
    await tell(tx, held)
    return msgspec.structs.replace(
        gone,
        arrivals=sorted({*gone.arrivals, *originals.arrivals}),
        files=sorted({*gone.files, *originals.files}),
    )


async def _blot_messages(tx: Tx, conversation_id: int, who: Subject) -> Gone:
    """What others said stays, without quotations; the originals that go, and the files."""
    blotting = who.blotting
    rows = await tx.fetch(
        """
        SELECT id, arrival_id, sender, recipients, subject, text, new_text, html, html_file, fact
        FROM message WHERE conversation_id = $1 ORDER BY id
        """,
        conversation_id,
    )
    await erasing.blot_in(tx, [row["id"] for row in rows], who.addresses, who.address_ids)
    changed = [(row, columns) for row in rows if (columns := _blotted(row, blotting)) is not None]
    for row, columns in changed:
        await tx.execute(
            """
            UPDATE message SET sender = $2, recipients = $3, subject = $4, text = $5, new_text = $6, html = $7,
                   html_file = NULL, fact = $8
            WHERE id = $1
            """,
            row["id"],
            *columns,
        )
    await fill(tx, [row["id"] for row, _ in changed])
    for row, _ in changed[-MOST_SHOWN:]:
        tx.signal("message", row["id"], thread_topics(conversation_id))
    return Gone(
        arrivals=[row["arrival_id"] for row in rows if row["arrival_id"] is not None],
        files=[row["html_file"] for row, _ in changed if row["html_file"]],
    )


def _blotted(row: Any, blotting: Blotting) -> list[Any] | None:
    """The message's columns without them; None when it names them nowhere and quotes nothing."""
    quotes = bool(row["new_text"]) and row["text"] != row["new_text"]
    html = "" if quotes or row["html_file"] else row["html"]
    text = row["new_text"] if quotes else row["text"]
    before = [row["sender"], row["recipients"], row["subject"], row["text"], row["new_text"], row["html"]]
    after = [row["sender"], row["recipients"], row["subject"], text, row["new_text"], html]
    blotted = [*map(blotting.value, after), blotting.value(row["fact"])]
    return None if blotted == [*before, row["fact"]] and not row["html_file"] else blotted


async def _blot_drafts(tx: Tx, conversation_id: int, blotting: Blotting) -> None:
    rows = await tx.fetch(
        "SELECT agent_id, mode, text, subject, recipients FROM draft WHERE conversation_id = $1",
        conversation_id,
    )
    for row in rows:
        await tx.execute(
            """
            UPDATE draft SET text = $4, subject = $5, recipients = $6, version = version + 1
            WHERE (conversation_id, agent_id, mode) = ($1, $2, $3) AND (text, subject, recipients) <> ($4, $5, $6)
            """,
            conversation_id,
            row["agent_id"],
            row["mode"],
            *map(blotting.value, (row["text"], row["subject"], row["recipients"])),
        )


async def _blot_head(tx: Tx, conversation_id: int, blotting: Blotting) -> None:
    row = await tx.record("SELECT subject, reason FROM conversation WHERE id = $1", conversation_id)
    assert row is not None
    await tx.execute(
        "UPDATE conversation SET subject = $2, reason = $3, version = version + 1 WHERE id = $1",
        conversation_id,
        blotting.text(row["subject"]),
        blotting.value(row["reason"]),
    )
