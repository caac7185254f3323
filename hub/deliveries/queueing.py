"""A message becomes deliveries, one an addressee, in the transaction that stores the message."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from hub.plumbing.db import Tx
from hub.plumbing.errors import Conflict
from hub.plumbing.ids import token
from hub.plumbing.texts import _


class Addressee(msgspec.Struct, frozen=True):
    """One envelope recipient (INVARIANTS §6: never two in one hand-over); `role` is to, cc or bcc.

    `window_until`: until when free text may go there, None without such a window.
    """

    recipient: str
    role: str = "to"
    address_id: int | None = None
    window_until: datetime | None = None


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One queued hand-over."""

    id: int
    token: str
    recipient: str
    role: str
    state: str
    due_at: datetime
    message_header: str


def new_message_id(domain: str, conversation_id: int, message_id: int) -> str:
    """A Message-ID without angle brackets (RFC 5322 §3.6.4), fixed before the first attempt: promise 4."""
    return f"{conversation_id}.{message_id}.{secrets.token_hex(8)}@{domain}"


async def queue(
    tx: Tx,
    *,
    message_id: int,
    channel_id: int,
    message_header: str,
    addressees: Sequence[Addressee],
    hold_seconds: int = 0,
    send_at: datetime | None = None,
    purpose: str = "service",
    automatic: bool = False,
    undo: dict[str, Any] | None = None,
) -> list[Delivery]:
    """One delivery an addressee, held for the undo window (or until `send_at`), else queued at once.

    `undo` is what an undo restores (INVARIANTS §20). The worker is woken after the commit.
    """
    made = await tx.rows(
        Delivery,
        """
        INSERT INTO delivery (token, message_id, channel_id, message_header, recipient, role, address_id,
                              window_until, purpose, automatic, undo, state, due_at)
        SELECT one.token, $1, $2, $3, one.recipient, one.role, one.address_id,
               one.window_until, $4, $5, $6::jsonb,
               CASE WHEN $7::float > 0 OR $8::timestamptz > now() THEN 'held' ELSE 'queued' END,
               greatest(coalesce($8::timestamptz, now()), now() + make_interval(secs => $7::float))
        FROM unnest($9::text[], $10::text[], $11::text[], $12::bigint[], $13::timestamptz[])
             AS one (token, recipient, role, address_id, window_until)
        RETURNING id, token, recipient, role, state, due_at, message_header
        """,
        message_id,
        channel_id,
        message_header,
        purpose,
        automatic,
        undo,
        float(hold_seconds),
        send_at,
        [token(18) for _ in addressees],
        [one.recipient for one in addressees],
        [one.role for one in addressees],
        [one.address_id for one in addressees],
        [one.window_until for one in addressees],
    )
    tx.wake("deliver")
    return made


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """One send of a campaign; `due_at` may be some minutes ahead, after `leave_before` it may not leave."""

    recipient_id: int
    gate_id: int
    channel_id: int
    address_id: int | None
    recipient: str
    message_header: str
    due_at: datetime
    leave_before: datetime | None = None
    interest_id: int | None = None


async def queue_planned(tx: Tx, planned: Sequence[Planned]) -> int:
    """One delivery a recipient, behind its campaign's gate; how many there were not yet (INVARIANTS §7)."""
    return await tx.execute(
        """
        INSERT INTO delivery (token, recipient_id, gate_id, channel_id, address_id, recipient, message_header,
                              due_at, leave_before, interest_id, purpose, state)
        SELECT one.*, 'marketing', 'queued'
        FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[],
                    $8::timestamptz[], $9::timestamptz[], $10::bigint[]) AS one
        ON CONFLICT (recipient_id) DO NOTHING
        """,
        [token(18) for _ in planned],
        [one.recipient_id for one in planned],
        [one.gate_id for one in planned],
        [one.channel_id for one in planned],
        [one.address_id for one in planned],
        [one.recipient for one in planned],
        [one.message_header for one in planned],
        [one.due_at for one in planned],
        [one.leave_before for one in planned],
        [one.interest_id for one in planned],
    )


async def queue_fallback(
    tx: Tx, of: int, channel_id: int, whom: Addressee, *, hold_seconds: float
) -> Delivery:
    """The same message once more, by another way, held so long. Raises Conflict when it has one already."""
    made = await tx.row(
        Delivery,
        """
        INSERT INTO delivery (token, message_id, channel_id, message_header, recipient, role, address_id,
                              window_until, purpose, state, due_at, fallback_of)
        SELECT $2, message_id, $3, message_header, $4, 'to', $5, $6, purpose, 'held',
               now() + make_interval(secs => $7), id
        FROM delivery WHERE id = $1
        ON CONFLICT (fallback_of) DO NOTHING
        RETURNING id, token, recipient, role, state, due_at, message_header
        """,
        of,
        token(18),
        channel_id,
        whom.recipient,
        whom.address_id,
        whom.window_until,
        hold_seconds,
    )
    if made is None:
        raise Conflict(_("This answer already goes on by another channel."))
    tx.wake("deliver")
    return made
