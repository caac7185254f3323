"""How a visitor found the chat: asked when it is over, one mark from 1 to 5 and a few words, theirs to change."""

from __future__ import annotations

import msgspec

from hub.channels.text import storable
from hub.conversations import chats
from hub.conversations.chats import Session
from hub.conversations.holding import hold, note, tell
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Conflict
from hub.plumbing.texts import _

BEST = 5
MOST_WORDS = 1_000


class Ending(msgspec.Struct, frozen=True):
    """How a chat stands: `over` once an agent closed it, and the mark it got, 0 for none."""

    over: bool = False
    score: int = 0


async def ending(tx: Tx, conversation_id: int | None) -> Ending:
    """Of the conversation a session goes on in."""
    found = await tx.row(
        Ending,
        """
        SELECT v.state = 'closed' AS over, coalesce(r.score, 0) AS score
        FROM conversation v LEFT JOIN rating r ON r.conversation_id = v.id WHERE v.id = $1
        """,
        conversation_id,
    )
    return found or Ending()


async def rate(tx: Tx, session: Session, score: int, words: str = "") -> None:
    """Keep the visitor's mark; agents see it in the conversation. Raises BadInput, Conflict before it is over."""
    if not 1 <= score <= BEST:
        raise BadInput(_("Give a mark from 1 to 5."), field="score")
    conversation_id = await chats.conversation_of(tx, session)
    if conversation_id is None:
        raise Conflict(_("This chat is not over yet."))
    held = await hold(tx, conversation_id)
    if held.state != "closed":
        raise Conflict(_("This chat is not over yet."))
    said = " ".join(storable(words).split())[:MOST_WORDS]
    await tx.execute(
        """
        INSERT INTO rating (conversation_id, score, words) VALUES ($1, $2, $3)
        ON CONFLICT (conversation_id) DO UPDATE SET score = $2, at = now(),
            words = CASE WHEN $3 = '' THEN rating.words ELSE $3 END
        """,
        held.id,
        score,
        said,
    )
    await tx.execute("UPDATE conversation SET version = version + 1 WHERE id = $1", held.id)
    await note(tx, "rated_saying" if said else "rated", held, None, score=score, words=said)
    await tell(tx, held)
