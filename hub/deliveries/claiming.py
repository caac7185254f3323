"""A worker takes what leaves now: due, permitted, on an open channel, and nobody else's."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from hub.deliveries.permission import WHY_NOT
from hub.deliveries.states import Changed
from hub.plumbing.db import Tx


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery in our hands until the lease ends; `attempt` is the fence every later write names.

    A campaign's has a `recipient_id` and no message, and waited behind a gate; `root_id`: whose it was at the claim.
    """

    id: int
    message_id: int | None
    channel_id: int
    recipient: str
    role: str
    token: str
    message_header: str
    automatic: bool
    attempt: int
    tries: int
    recipient_id: int | None = None
    gate_id: int | None = None
    root_id: int | None = None


async def due_now(tx: Tx, channel_id: int, most: int) -> int:
    """How many deliveries of a channel wait to leave, counted up to `most`."""
    counted: int = await tx.value(
        """
        SELECT count(*) FROM (SELECT FROM delivery WHERE channel_id = $1 AND state IN ('held', 'queued')
                              AND gate_id IS NULL AND due_at <= now() LIMIT $2) AS waiting
        """,
        channel_id,
        most,
    )
    return counted


async def claim(tx: Tx, worker: str, free: Mapping[int, int], *, lease_seconds: float) -> list[Claimed]:
    """Up to `free[channel_id]` due deliveries of each channel, oldest first, leased by PostgreSQL's clock.

    Ask for no more than leaves within 2 s (INVARIANTS §6). Nothing is on the wire yet.
    """
    return await tx.rows(
        Claimed,
        f"""
        WITH mine AS MATERIALIZED (
            SELECT due.id
            FROM unnest($1::bigint[], $2::int[]) AS slot (channel_id, free)
            JOIN channel ON channel.id = slot.channel_id AND channel.enabled
            CROSS JOIN LATERAL (
                SELECT d.id FROM delivery AS d
                WHERE d.channel_id = slot.channel_id AND d.state IN ('held', 'queued') AND d.gate_id IS NULL
                  AND d.due_at <= now()
                  AND ({WHY_NOT}) IS NULL
                ORDER BY d.due_at, d.id LIMIT slot.free
                FOR UPDATE OF d SKIP LOCKED
            ) AS due
            WHERE NOT (SELECT paused FROM installation)
        )
        UPDATE delivery SET state = 'claimed', attempt = attempt + 1, worker = $3,
                            lease_until = now() + make_interval(secs => $4)
        FROM mine WHERE delivery.id = mine.id
        RETURNING delivery.id, message_id, channel_id, recipient, role, token, message_header, automatic,
                  attempt, tries
        """,
        list(free.keys()),
        list(free.values()),
        worker,
        lease_seconds,
    )


async def refuse(tx: Tx, *, most: int = 200) -> list[Changed]:
    """What is due and may not leave fails visibly, with the reason, instead of waiting for ever."""
    return await tx.rows(
        Changed,
        f"""
        WITH forbidden AS MATERIALIZED (
            SELECT d.id, ({WHY_NOT}) AS code,
                   coalesce((SELECT why_not FROM address WHERE address.id = d.address_id), '') AS why
            FROM channel CROSS JOIN LATERAL (
                SELECT id, address_id, channel_id, purpose, window_until, leave_before, interest_id FROM delivery
                WHERE channel_id = channel.id AND state IN ('held', 'queued') AND gate_id IS NULL AND due_at <= now()
                ORDER BY due_at, id LIMIT $1
            ) AS d
            WHERE NOT (SELECT paused FROM installation)
        ), mine AS MATERIALIZED (
            SELECT d.id, d.state AS before, forbidden.code, forbidden.why
            FROM forbidden JOIN delivery AS d ON d.id = forbidden.id
            WHERE forbidden.code IS NOT NULL AND d.state IN ('held', 'queued')
            ORDER BY d.id FOR NO KEY UPDATE OF d SKIP LOCKED
        )
        UPDATE delivery SET state = 'failed', permanent = true, code = mine.code, reason = mine.why
        FROM mine WHERE delivery.id = mine.id
        RETURNING delivery.id, message_id, channel_id, recipient, before, state, permanent, ours,
                  delivery.code, reason
        """,
        most,
    )
