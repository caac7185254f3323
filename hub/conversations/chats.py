"""A visitor's chat: begun, found again by the token only they hold, told who they are, and when they were last here."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from hub.channels.text import one_line, storable
from hub.plumbing.db import Tx
from hub.plumbing.ids import fingerprint, token

TOKEN_BYTES = 32
NAME_BYTES = 9
MOST_PAGE = 500


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One visitor in one browser. `name` is public: its thread's key; `user_id` is proven, the rest is claimed."""

    id: int
    channel_id: int
    name: str
    user_id: str
    said_name: str
    said_email: str
    answers: dict[str, Any]
    language: str
    page: str
    seen_at: datetime

    @property
    def address(self) -> str:
        """Where this visitor is answered: the proven user on whichever device, else this session alone."""
        return f"user:{self.channel_id}:{self.user_id}" if self.user_id else f"visitor:{self.name}"

    @property
    def addresses(self) -> list[str]:
        """Everything they ever were in this session: what was said there is theirs to see."""
        return list(dict.fromkeys((self.address, f"visitor:{self.name}")))


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a visitor, or the page around the chat, said: kept as claims."""

    name: str = ""
    email: str = ""
    answers: dict[str, str] = {}
    consent: bool = False
    language: str = ""
    page: str = ""


async def begin(tx: Tx, channel_id: int, said: Said, *, user_id: str = "") -> tuple[Session, str]:
    """A new session and its token, 256 random bits that are told once and kept as a hash."""
    secret = token(TOKEN_BYTES)
    await tx.execute(
        """
        INSERT INTO chat_session (channel_id, token_hash, name, user_id, said_name, said_email, answers,
                                  consent_at, language, page)
        VALUES ($1, $2, $3, $4, $5, $6, $7, CASE WHEN $8 THEN now() END, $9, $10)
        """,
        channel_id,
        fingerprint(secret),
        token(NAME_BYTES),
        user_id,
        *_kept(said),
    )
    session = await find(tx, secret)
    assert session is not None
    return session, secret


async def find(tx: Tx, secret: str) -> Session | None:
    """The session of a token, or None."""
    if not secret or len(secret) > 100:
        return None
    return await tx.row(
        Session,
        """
        SELECT s.id, s.channel_id, s.name, s.user_id, s.said_name, s.said_email, s.answers, s.language, s.page,
               s.seen_at
        FROM chat_session s JOIN channel c ON c.id = s.channel_id AND c.enabled
        WHERE s.token_hash = $1
        """,
        fingerprint(secret),
    )


async def prove(tx: Tx, session: Session, user_id: str) -> tuple[Session, str]:
    """The site says who this is: the session goes on under a fresh token, the old one opens nothing any more.

    Somebody else's proven session never goes on: a shared browser shows nobody another's words.
    """
    secret = token(TOKEN_BYTES)
    changed = await tx.execute(
        "UPDATE chat_session SET user_id = $2, token_hash = $3 WHERE id = $1 AND user_id IN ('', $2)",
        session.id,
        user_id,
        fingerprint(secret),
    )
    if not changed:
        said = Said(language=session.language, page=session.page)
        return await begin(tx, session.channel_id, said, user_id=user_id)
    found = await find(tx, secret)
    assert found is not None
    return found, secret


async def claim(tx: Tx, session_id: int, said: Said) -> None:
    """What was typed, kept beside what was typed before; empty fields take nothing away."""
    await tx.execute(
        """
        UPDATE chat_session SET
            said_name = coalesce(nullif($2, ''), said_name), said_email = coalesce(nullif($3, ''), said_email),
            answers = answers || $4::jsonb, consent_at = coalesce(consent_at, CASE WHEN $5 THEN now() END),
            language = coalesce(nullif($6, ''), language), page = coalesce(nullif($7, ''), page), seen_at = now()
        WHERE id = $1
        """,
        session_id,
        *_kept(said),
    )


def _kept(said: Said) -> tuple[str, str, dict[str, str], bool, str, str]:
    """Name, mail, answers, consent, language and page, as they are stored."""
    return (
        one_line(storable(said.name))[:100],
        said.email[:320],
        said.answers,
        said.consent,
        said.language[:2],
        storable(said.page)[:MOST_PAGE],
    )


async def here(tx: Tx, session_ids: list[int]) -> None:
    """These have the chat open in a page at this moment."""
    await tx.execute(
        """
        UPDATE chat_session SET seen_at = now() WHERE id IN
            (SELECT id FROM chat_session WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE)
        """,
        session_ids,
    )


async def left(tx: Tx, session_id: int) -> None:
    """Their last page closed: what they have not read may go out by mail."""
    await tx.execute(
        "UPDATE chat_session SET seen_at = least(seen_at, now() - interval '1 minute') WHERE id = $1",
        session_id,
    )


async def conversation_of(tx: Tx, session: Session) -> int | None:
    """Where this session's messages go on, as far as anything was said; joins are followed."""
    found: int | None = await tx.value(
        """
        SELECT coalesce(v.joined_into_id, v.id) FROM thread_key k JOIN conversation v ON v.id = k.conversation_id
        WHERE k.channel_id = $1 AND k.key = $2
        """,
        session.channel_id,
        session.name,
    )
    return found
