"""An internal note: only for people who work here; a mentioned colleague is told."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from hub.agents.roles import load_many, may_see
from hub.channels.text import storable, with_plain_ends
from hub.conversations import drafts, media
from hub.conversations.answered import preview
from hub.conversations.holding import Held, hold_alone
from hub.conversations.holding import tell as tell_lists
from hub.conversations.outcomes import thread_topics
from hub.conversations.replies import MOST_CHARACTERS
from hub.plumbing import history, todo
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import _

MOST_MENTIONS = 50


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """A stored note; `mentioned` are the agents who are told."""

    id: int
    conversation_id: int
    seq: int
    mentioned: list[int]
    repeated: bool = False


async def note(
    tx: Tx,
    conversation_id: int,
    agent_id: int,
    text: str,
    *,
    mentions: Sequence[int] = (),
    attachments: Sequence[str] = (),
    client_id: str | None = None,
) -> Note:
    """Write a note. Mentioned are `mentions` and every `@Name` in the text, if they may see the conversation.

    Raises BadInput, NotFound, Conflict.
    """
    if not text.strip() or len(text) > MOST_CHARACTERS:
        raise BadInput(_("A note needs a text of at most %(n)s characters.", n=MOST_CHARACTERS), field="text")
    held = await hold_alone(tx, conversation_id)
    if (known := await _known(tx, held, client_id)) is not None:
        return known
    text = with_plain_ends(storable(text)).strip()
    id_ = await _insert(tx, held, agent_id, text, client_id)
    if attachments:
        await media.take(tx, attachments, agent_id, id_)
    mentioned = await _mention(tx, held, id_, agent_id, text, mentions)
    await drafts.drop(tx, held.id, agent_id, "note")
    await history.record(
        tx, "noted", agent_id=agent_id, conversation_id=held.id, contact_id=held.contact_id, message_id=id_
    )
    await todo.add(tx, "search", id_)
    tx.wake("todo")
    await tell_lists(tx, held)
    tx.signal("message", id_, [*thread_topics(held.id), *(f"agent:{one}" for one in mentioned)])
    return Note(id=id_, conversation_id=held.id, seq=held.last_seq + 1, mentioned=mentioned)


async def _known(tx: Tx, held: Held, client_id: str | None) -> Note | None:
    row = await tx.record(
        """
        SELECT id, seq, ARRAY(SELECT agent_id FROM mention WHERE message_id = message.id ORDER BY 1) AS mentioned
        FROM message WHERE conversation_id = $1 AND client_id = $2
        """,
        held.id,
        client_id,
    )
    if row is None:
        return None
    return Note(
        id=row["id"], conversation_id=held.id, seq=row["seq"], mentioned=row["mentioned"], repeated=True
    )


async def _insert(tx: Tx, held: Held, agent_id: int, text: str, client_id: str | None) -> int:
    """A note answers nobody: who waits goes on waiting, closed stays closed."""
    id_: int = await tx.value(
        """
        INSERT INTO message (conversation_id, home_id, seq, direction, public, agent_id, text, new_text, client_id)
        VALUES ($1, $1, $2, 'note', false, $3, $4, $4, $5) RETURNING id
        """,
        held.id,
        held.last_seq + 1,
        agent_id,
        text,
        client_id,
    )
    await tx.execute(
        """
        UPDATE conversation SET last_seq = last_seq + 1, last_message_at = greatest(last_message_at, now()),
               last_preview = $2, last_direction = 'note', version = version + 1
        WHERE id = $1
        """,
        held.id,
        preview(text),
    )
    return id_


async def _mention(
    tx: Tx, held: Held, message_id: int, agent_id: int, text: str, mentions: Sequence[int]
) -> list[int]:
    """Rows for who is named and may look; the outsider of a restricted team learns nothing."""
    named = {*mentions[:MOST_MENTIONS], *await _named(tx, text)} - {agent_id}
    restricted = bool(await tx.value("SELECT restricted FROM team WHERE id = $1", held.team_id))
    people = [
        person.id
        for person in await load_many(tx, sorted(named))
        if may_see(person, team_restricted=restricted, team_id=held.team_id, assignee_id=held.assignee_id)
    ][:MOST_MENTIONS]
    await tx.execute(
        "INSERT INTO mention (message_id, agent_id) SELECT $1, unnest($2::bigint[])", message_id, people
    )
    if people:
        payload = {
            "verb": "mentioned",
            "agent_ids": people,
            "conversation_id": held.id,
            "details": {"message_id": message_id, "by": agent_id, "text": preview(text)},
        }
        await todo.add(tx, "notification", message_id, payload)
    return people


async def _named(tx: Tx, text: str) -> set[int]:
    """Agents whose name stands behind an @, the whole name or its first word if only one has it."""
    if "@" not in text:
        return set()
    people = await tx.fetch("SELECT id, lower(name) AS name FROM agent WHERE active")
    lowered = text.lower()
    found = {row["id"] for row in people if _stands(row["name"], lowered)}
    firsts: dict[str, list[int]] = {}
    for row in people:
        firsts.setdefault(row["name"].split()[0], []).append(row["id"])
    return found | {ids[0] for first, ids in firsts.items() if len(ids) == 1 and _stands(first, lowered)}


def _stands(name: str, text: str) -> bool:
    return re.search(rf"(?<!\w)@{re.escape(name)}(?!\w)", text) is not None
