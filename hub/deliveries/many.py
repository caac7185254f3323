"""Starts, ends and give-backs of many deliveries behind gates, in one statement, each only while it is still ours."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.plumbing.db import Tx


class Step(msgspec.Struct, frozen=True):
    """What one attempt becomes: *sending* (may it leave?), *sent* with the server's words, or *queued* again.

    `where`: worker and connection, the evidence should nobody ever hear of it again.
    """

    id: int
    attempt: int
    state: str
    words: str = ""
    where: str = ""


async def step(tx: Tx, steps: Sequence[Step], *, lease_seconds: float) -> set[int]:
    """Write them; the ids that are *sending* now. Whatever is missing there must not be sent.

    A start behind a gate that was closed meanwhile goes back to *queued*. Saying it twice is harmless.
    The rows are taken by their keys before their states are looked at: the other way round all that is claimed
    anywhere would be read for each of them.
    """
    rows = await tx.fetch(
        """
        WITH held AS MATERIALIZED (
            SELECT id, attempt, state, gate_id FROM delivery WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE
        ), mine AS (
            SELECT held.id, w.words, w.place,
                   CASE WHEN w.state = 'sending' AND NOT gate.open THEN 'queued' ELSE w.state END AS state
            FROM held JOIN unnest($1::bigint[], $2::int[], $3::text[], $4::text[], $5::text[])
                 AS w (id, attempt, state, words, place) ON w.id = held.id AND w.attempt = held.attempt
            JOIN gate ON gate.id = held.gate_id
            WHERE held.state IN ('claimed', 'sending') OR held.state = 'unknown' AND w.state = 'sent'
        )
        UPDATE delivery SET
            state = mine.state,
            lease_until = CASE WHEN mine.state = 'sending' THEN now() + make_interval(secs => $6) END,
            started_at = CASE WHEN mine.state = 'sending' THEN now() ELSE started_at END,
            worker = CASE WHEN mine.state = 'sending' THEN mine.place ELSE worker END,
            sent_at = CASE WHEN mine.state = 'sent' THEN coalesce(sent_at, now()) ELSE sent_at END,
            reason = CASE WHEN mine.state = 'sent' THEN mine.words ELSE reason END,
            code = CASE WHEN mine.state = 'sent' THEN '' ELSE code END,
            tries = tries + (mine.state = 'sent')::int
        FROM mine WHERE delivery.id = mine.id
        RETURNING delivery.id, delivery.state
        """,
        [one.id for one in steps],
        [one.attempt for one in steps],
        [one.state for one in steps],
        [one.words for one in steps],
        [one.where for one in steps],
        lease_seconds,
    )
    return {row["id"] for row in rows if row["state"] == "sending"}
