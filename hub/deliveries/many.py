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
    gate_id: int
    state: str
    words: str = ""
    where: str = ""


async def step(tx: Tx, steps: Sequence[Step], *, lease_seconds: float) -> set[int]:
    """Write them; the ids that are *sending* now. Whatever is missing there must not be sent.

    A start behind a gate that was closed meanwhile goes back to *queued*. Saying it twice is harmless.
    The rows are taken by their keys, in their order (INVARIANTS §9), and their states looked at afterwards: the other
    way round, by the index of what is claimed, all that is claimed anywhere would be read for each of them.
    """
    steps = sorted(steps, key=lambda one: one.id)
    rows = await tx.fetch(
        """
        UPDATE delivery SET
            state = mine.state,
            lease_until = CASE WHEN mine.state = 'sending' THEN now() + make_interval(secs => $7) END,
            started_at = CASE WHEN mine.state = 'sending' THEN now() ELSE started_at END,
            worker = CASE WHEN mine.state = 'sending' THEN mine.place ELSE worker END,
            sent_at = CASE WHEN mine.state = 'sent' THEN coalesce(sent_at, now()) ELSE sent_at END,
            reason = CASE WHEN mine.state = 'sent' THEN mine.words ELSE reason END,
            code = CASE WHEN mine.state = 'sent' THEN '' ELSE code END,
            tries = tries + (mine.state = 'sent')::int
        FROM (
            SELECT w.id, w.attempt, w.words, w.place,
                   CASE WHEN w.state = 'sending' AND NOT gate.open THEN 'queued' ELSE w.state END AS state
            FROM unnest($1::bigint[], $2::int[], $3::bigint[], $4::text[], $5::text[], $6::text[])
                 AS w (id, attempt, gate_id, state, words, place)
            JOIN gate ON gate.id = w.gate_id
            ORDER BY w.id
        ) AS mine
        WHERE delivery.id = mine.id AND delivery.attempt = mine.attempt
          AND CASE delivery.state WHEN 'claimed' THEN true WHEN 'sending' THEN true
                                  WHEN 'unknown' THEN mine.state = 'sent' ELSE false END
        RETURNING delivery.id, delivery.state
        """,
        [one.id for one in steps],
        [one.attempt for one in steps],
        [one.gate_id for one in steps],
        [one.state for one in steps],
        [one.words for one in steps],
        [one.where for one in steps],
        lease_seconds,
    )
    return {row["id"] for row in rows if row["state"] == "sending"}
