"""A visitor has their chat forgotten from their own browser: nobody opens it again, and the agents are told.

What was said stays in the conversation until the house answers the wish; what was typed of oneself goes at once.
"""

from __future__ import annotations

from hub.conversations import chats
from hub.conversations.chats import Session
from hub.conversations.holding import hold, note, tell
from hub.customers import claiming, usability
from hub.plumbing.db import Tx
from hub.plumbing.ids import fingerprint, token
from hub.plumbing.texts import N_

GONE = N_("the visitor had the chat forgotten")


async def forget(tx: Tx, session: Session, address_type: str) -> None:
    """Addresses are locked first (INVARIANTS §9). A proven user may come back: their address goes on working."""
    address_id: int | None = await tx.value(
        "SELECT id FROM address WHERE type = $1 AND value = $2", address_type, session.address
    )
    if address_id is not None:
        if not session.user_id:
            await usability.mark_unusable(tx, {address_id: GONE})
        said = {"email": session.said_email, "name": session.said_name} | session.answers
        await claiming.forget(tx, address_id, said)
    conversation_id = await chats.conversation_of(tx, session)
    if conversation_id is not None:
        held = await hold(tx, conversation_id)
        await note(tx, "asked_to_be_forgotten", held, None)
        await tell(tx, held)
    await tx.execute(
        """
        UPDATE chat_session SET token_hash = $2, user_id = '', said_name = '', said_email = '', answers = '{}',
                                consent_at = NULL, page = '', forgotten_at = now()
        WHERE id = $1
        """,
        session.id,
        fingerprint(token(chats.TOKEN_BYTES)),
    )
