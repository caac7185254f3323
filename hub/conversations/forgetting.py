"""A visitor has their chat forgotten from their own browser: nobody opens it again, and the agents are told.

What was said stays in the conversation until the house answers the wish; what was typed of oneself goes at once.
"""

from __future__ import annotations

from hub.conversations import chats
from hub.conversations.chats import Session
from hub.conversations.holding import Held, hold, note, tell
from hub.customers import claiming, usability
from hub.customers.known import address_id
from hub.plumbing import todo
from hub.plumbing.db import Tx
from hub.plumbing.ids import fingerprint, token
from hub.plumbing.texts import N_

GONE = N_("the visitor had the chat forgotten")


async def forget(tx: Tx, session: Session, address_type: str) -> None:
    """Addresses are locked first (INVARIANTS §9). A proven user may come back: their address goes on working."""
    known_id = await address_id(tx, address_type, session.address)
    if known_id is not None:
        if not session.user_id:
            await usability.mark_unusable(tx, {known_id: GONE})
        said = {"email": session.said_email, "name": session.said_name} | session.answers
        await claiming.forget(tx, known_id, said)
    conversation_id = await chats.conversation_of(tx, session)
    if conversation_id is not None:
        held = await hold(tx, conversation_id)
        await note(tx, "asked_to_be_forgotten", held, None)
        await _let_know(tx, held)
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


async def _let_know(tx: Tx, held: Held) -> None:
    """Who has the conversation, else who owns the account, answers the wish; administrators erase."""
    rows = await tx.fetch(
        """
        SELECT id FROM agent
        WHERE active AND (role = 'admin' OR id = coalesce($1, (SELECT owner_id FROM account WHERE id = $2)))
        ORDER BY id
        """,
        held.assignee_id,
        held.account_id,
    )
    payload = {
        "verb": "asked_to_be_forgotten",
        "agent_ids": [row["id"] for row in rows],
        "conversation_id": held.id,
    }
    await todo.add(tx, "notification", held.id, payload)
    tx.wake("todo")
