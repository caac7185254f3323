"""What waits behind gates: claimed by lines that have room, while the gate is open, apart from people's answers.

Behind a gate nobody looked after for hours (gates.beat) nothing leaves either: a person says whether it still may.
"""

from __future__ import annotations

from collections.abc import Mapping

from hub.deliveries.claiming import Claimed
from hub.deliveries.permission import WHY_NOT
from hub.deliveries.states import Changed
from hub.plumbing.db import Tx


async def lines(tx: Tx) -> list[int]:
    """The channels on which something behind an open gate is due."""
    rows = await tx.fetch(
        """
        SELECT channel.id FROM channel
        WHERE channel.enabled AND NOT (SELECT paused FROM installation) AND EXISTS (
            SELECT FROM gate CROSS JOIN LATERAL (
                SELECT FROM delivery AS d
                WHERE d.gate_id = gate.id AND d.channel_id = channel.id AND d.state IN ('held', 'queued')
                  AND d.due_at <= now() LIMIT 1) AS due
            WHERE gate.open AND gate.beat_at > now() - interval '2 hours')
        ORDER BY channel.id
        """
    )
    return [row["id"] for row in rows]


async def due_now(tx: Tx, channel_id: int, most: int) -> int:
    """As claiming.due_now, of what waits behind open gates."""
    counted: int = await tx.value(
        """
        SELECT count(*) FROM (SELECT FROM gate JOIN delivery AS d ON d.gate_id = gate.id
                              WHERE gate.open AND gate.beat_at > now() - interval '2 hours'
                                AND d.channel_id = $1 AND d.state IN ('held', 'queued')
                                AND d.due_at <= now() LIMIT $2) AS waiting
        """,
        channel_id,
        most,
    )
    return counted


async def claim(tx: Tx, worker: str, free: Mapping[int, int], *, lease_seconds: float) -> list[Claimed]:
    """As claiming.claim, of what waits behind open gates; several gates take turns at chance.

    Ask for no more than leaves within 2 s (INVARIANTS §6). Nothing is on the wire yet.
    """
    rows = await tx.fetch(
        f"""
        WITH mine AS MATERIALIZED (
            SELECT due.id
            FROM unnest($1::bigint[], $2::int[]) AS slot (channel_id, free)
            JOIN channel ON channel.id = slot.channel_id AND channel.enabled
            CROSS JOIN LATERAL (
                SELECT waiting.id FROM (
                    SELECT id FROM gate WHERE open AND beat_at > now() - interval '2 hours' ORDER BY random()
                ) AS opened
                CROSS JOIN LATERAL (
                    SELECT d.id FROM delivery AS d
                    WHERE d.gate_id = opened.id AND d.channel_id = slot.channel_id
                      AND d.state IN ('held', 'queued') AND d.due_at <= now()
                      AND ({WHY_NOT}) IS NULL
                    ORDER BY d.due_at, d.id LIMIT slot.free
                    FOR UPDATE OF d SKIP LOCKED
                ) AS waiting LIMIT slot.free
            ) AS due
            WHERE NOT (SELECT paused FROM installation)
        )
        UPDATE delivery SET state = 'claimed', attempt = attempt + 1, worker = $3,
                            lease_until = now() + make_interval(secs => $4)
        FROM mine WHERE delivery.id = mine.id
        RETURNING delivery.id, message_id, channel_id, recipient, role, token, message_header, automatic,
                  attempt, tries, recipient_id, gate_id
        """,
        list(free.keys()),
        list(free.values()),
        worker,
        lease_seconds,
    )
    return [Claimed(**row) for row in rows]


async def let_go(tx: Tx, root_id: int) -> None:
    """What waits behind gates for a person and was claimed, not begun, goes back: a worker's start of it is refused.

    Waits for the claims under way; those that come later wait for us.
    """
    rows = await tx.fetch(
        """
        SELECT d.id FROM contact c JOIN address a ON a.contact_id = c.id JOIN delivery d ON d.address_id = a.id
        WHERE c.root_id = $1 AND d.gate_id IS NOT NULL AND d.state IN ('held', 'queued', 'claimed')
        ORDER BY d.id FOR NO KEY UPDATE OF d
        """,
        root_id,
    )
    await tx.execute(
        """
        UPDATE delivery SET state = 'queued', worker = '', lease_until = NULL
        WHERE id = ANY($1) AND state = 'claimed'
        """,
        [row["id"] for row in rows],
    )


async def refuse(tx: Tx, *, most: int = 500) -> list[Changed]:
    """As claiming.refuse, of what waits behind open gates; what its hours forbid is planned again (taking_back)."""
    return await tx.rows(
        Changed,
        f"""
        WITH forbidden AS MATERIALIZED (
            SELECT d.id, ({WHY_NOT}) AS code,
                   coalesce((SELECT why_not FROM address WHERE address.id = d.address_id), '') AS why
            FROM gate CROSS JOIN channel CROSS JOIN LATERAL (
                SELECT id, address_id, channel_id, purpose, window_until, leave_before, interest_id FROM delivery
                WHERE gate_id = gate.id AND channel_id = channel.id AND state IN ('held', 'queued')
                  AND due_at <= now()
                ORDER BY due_at, id LIMIT $1
            ) AS d
            WHERE gate.open AND NOT (SELECT paused FROM installation)
        ), mine AS MATERIALIZED (
            SELECT d.id, d.state AS before, forbidden.code, forbidden.why
            FROM forbidden JOIN delivery AS d ON d.id = forbidden.id
            WHERE forbidden.code <> 'quiet_hours' AND d.state IN ('held', 'queued')
            ORDER BY d.id FOR NO KEY UPDATE OF d SKIP LOCKED
        )
        UPDATE delivery SET state = 'failed', permanent = true, code = mine.code, reason = mine.why
        FROM mine WHERE delivery.id = mine.id
        RETURNING delivery.id, message_id, channel_id, recipient, before, state, permanent, ours,
                  delivery.code, reason, recipient_id
        """,
        most,
    )
