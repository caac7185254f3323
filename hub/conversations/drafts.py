"""What an agent has begun to write: kept on the server, one a mode, with a version so that no text is lost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Conflict
from hub.plumbing.texts import _

MODES = ("reply", "note")
MOST_CHARACTERS = 200_000
MOST_SUBJECT = 1_000


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A stored draft. `recipients`: {"to": text, "cc": text} as the agent typed them, not yet checked."""

    conversation_id: int
    agent_id: int
    mode: str
    channel_id: int | None
    text: str
    subject: str
    recipients: dict[str, Any]
    version: int
    updated_at: datetime


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """An agent's place in their list of drafts: when they last wrote there."""

    conversation_id: int
    agent_id: int
    at: datetime


class DraftConflict(Conflict):
    """The draft was changed elsewhere meanwhile: `theirs` is what is stored, offer both."""

    def __init__(self, theirs: Draft) -> None:
        super().__init__(_("This draft was also changed elsewhere: keep yours or take the other."))
        self.theirs = theirs


async def drafts(tx: Tx, conversation_id: int, agent_id: int) -> list[Draft]:
    """The agent's drafts in a conversation, at most one a mode."""
    return await tx.rows(
        Draft,
        "SELECT * FROM draft WHERE conversation_id = $1 AND agent_id = $2 ORDER BY mode",
        conversation_id,
        agent_id,
    )


async def save(
    tx: Tx,
    conversation_id: int,
    agent_id: int,
    *,
    mode: str,
    text: str,
    version: int,
    subject: str = "",
    channel_id: int | None = None,
    recipients: dict[str, str] | None = None,
) -> Draft:
    """Store a draft that was `version` when it was read; a new one where none is. Raises DraftConflict, BadInput.

    The same content again changes nothing, so that a repeated request is no conflict with itself.
    """
    _check(mode, text, subject)
    saved = await tx.row(
        Draft,
        """
        INSERT INTO draft AS d (conversation_id, agent_id, mode, channel_id, text, subject, recipients)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (conversation_id, agent_id, mode) DO UPDATE
            SET channel_id = excluded.channel_id, text = excluded.text, subject = excluded.subject,
                recipients = excluded.recipients, version = d.version + 1, updated_at = now()
            WHERE d.version = $8
        RETURNING *
        """,
        conversation_id,
        agent_id,
        mode,
        channel_id,
        text,
        subject,
        recipients or {},
        version,
    )
    if saved is not None:
        if saved.version == 1 or not saved.text:
            await _tell(tx, conversation_id, agent_id)
        return saved
    theirs = await _stored(tx, conversation_id, agent_id, mode)
    if (theirs.text, theirs.subject, theirs.channel_id) == (text, subject, channel_id):
        return theirs
    raise DraftConflict(theirs)


async def drop(tx: Tx, conversation_id: int, agent_id: int, mode: str) -> bool:
    """Forget a draft: it was sent, or is not wanted. Whether there was one."""
    gone = await tx.execute(
        "DELETE FROM draft WHERE conversation_id = $1 AND agent_id = $2 AND mode = $3",
        conversation_id,
        agent_id,
        mode,
    )
    if gone:
        await _tell(tx, conversation_id, agent_id)
    return bool(gone)


async def begun(tx: Tx, conversation_ids: Sequence[int]) -> list[Begun]:
    """Who has begun to write in these conversations."""
    return await tx.rows(
        Begun,
        """
        SELECT conversation_id, agent_id, max(updated_at) AS at FROM draft
        WHERE conversation_id = ANY($1) AND text <> '' GROUP BY conversation_id, agent_id
        """,
        list(conversation_ids),
    )


async def _tell(tx: Tx, conversation_id: int, agent_id: int) -> None:
    """The agent's list of drafts; told when one comes or goes, not at every word."""
    topic = f"drafts:{agent_id}"
    left = any(one.agent_id == agent_id for one in await begun(tx, [conversation_id]))
    tx.signal("draft", conversation_id, [topic] if left else [], lost=[] if left else [topic])


async def _stored(tx: Tx, conversation_id: int, agent_id: int, mode: str) -> Draft:
    found = await tx.row(
        Draft,
        "SELECT * FROM draft WHERE conversation_id = $1 AND agent_id = $2 AND mode = $3",
        conversation_id,
        agent_id,
        mode,
    )
    if found is None:
        raise Conflict(_("This draft was sent or removed elsewhere."))
    return found


def _check(mode: str, text: str, subject: str) -> None:
    if mode not in MODES:
        raise BadInput(_("A draft is a reply or a note."), field="mode")
    if len(text) > MOST_CHARACTERS:
        raise BadInput(_("The text is too long: at most %(n)s characters.", n=MOST_CHARACTERS), field="text")
    if len(subject) > MOST_SUBJECT:
        raise BadInput(
            _("The subject is too long: at most %(n)s characters.", n=MOST_SUBJECT), field="subject"
        )
