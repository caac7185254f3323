"""Conversations and messages for tests about reading and changing them: written as the roads leave them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hub.conversations.refresh import refresh
from hub.plumbing.db import Tx
from hub.plumbing.ids import token
from tests.world import World

MORNING = datetime(2026, 9, 1, 8, tzinfo=UTC)


async def conversation(
    tx: Tx,
    world: World,
    *,
    subject: str = "Pedido 48213",
    assignee: int | None = None,
    team: int | None = None,
    contact: int | None = None,
    account: int | None = None,
    state: str = "open",
    at: datetime = MORNING,
    **more: Any,
) -> int:
    """An empty conversation; its id."""
    id_: int = await tx.value(
        """
        INSERT INTO conversation (token, subject, assignee_id, team_id, contact_id, account_id, state, channel_id,
                                  last_channel_id, last_message_at, created_at, tags, priority, closed_at,
                                  snoozed_until)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $9, $10, $11, $12, $13) RETURNING id
        """,
        token(),
        subject,
        assignee,
        team,
        contact or world.marta,
        account,
        state,
        world.mail.id,
        at,
        more.get("tags", []),
        more.get("priority", "normal"),
        at if state == "closed" else None,
        more.get("until"),
    )
    return id_


async def said(
    tx: Tx,
    world: World,
    conversation_id: int,
    text: str = "Hola, ¿dónde está mi pedido?",
    *,
    direction: str = "in",
    agent: int | None = None,
    after: timedelta | None = None,
    at: datetime | None = None,
    **more: Any,
) -> int:
    """One message at the end of a conversation, whose line is brought up to date; the message's id."""
    seq: int = await tx.value(
        "UPDATE conversation SET last_seq = last_seq + 1, version = version + 1 WHERE id = $1 RETURNING last_seq",
        conversation_id,
    )
    moment = at or MORNING + (after or timedelta(minutes=seq))
    inbound = direction == "in"
    id_: int = await tx.value(
        """
        INSERT INTO message (conversation_id, home_id, seq, direction, public, channel_id, contact_id, address_id,
                             agent_id, text, new_text, html, created_at, automatic, verified, belongs_to_id,
                             subject, sender, recipients, client_id)
        VALUES ($1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
        RETURNING id
        """,
        conversation_id,
        seq,
        direction,
        direction != "note",
        None if direction == "note" else more.get("channel", world.mail.id),
        more.get("contact", world.marta) if inbound else None,
        more.get("address", world.marta_address) if inbound else None,
        agent,
        text,
        more.get("new_text", ""),
        more.get("html", ""),
        moment,
        more.get("automatic", False),
        more.get("verified", inbound),
        more.get("belongs_to"),
        more.get("subject", ""),
        {"address": "marta@acme.test", "name": "Marta Ruiz"} if inbound else {},
        {},
        more.get("client_id"),
    )
    await refresh(tx, [conversation_id])
    return id_


async def attached(tx: Tx, message_id: int, name: str = "factura.pdf", **more: Any) -> str:
    """A file of a message; its token."""
    name_of = token(18)
    await tx.execute(
        """
        INSERT INTO attachment (token, message_id, name, type, size, sha256, file, inline, content_id)
        VALUES ($1, $2, $3, $4, 12, 'x', $5, $6, $7)
        """,
        name_of,
        message_id,
        name,
        more.get("type", "application/pdf"),
        more.get("file", "ab/abc"),
        more.get("inline", False),
        more.get("content_id", ""),
    )
    return name_of


async def row(tx: Tx, conversation_id: int) -> dict[str, Any]:
    """The whole row of a conversation."""
    found = await tx.record("SELECT * FROM conversation WHERE id = $1", conversation_id)
    assert found is not None
    return dict(found)


async def verbs(tx: Tx, conversation_id: int) -> list[str]:
    """The history of a conversation, oldest first."""
    rows = await tx.fetch("SELECT verb FROM history WHERE conversation_id = $1 ORDER BY id", conversation_id)
    return [one["verb"] for one in rows]
