"""How often campaigns touch a person in a week: a place is taken in the claim, across campaigns and processes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from hub.plumbing.db import Tx

Wanted = tuple[int, int, date]
"""Recipient, root contact, period (the Monday of its week)."""


async def take(tx: Tx, wanted: Sequence[Wanted]) -> set[int]:
    """Take a place for each; the recipients whose person has had all there are in that period.

    Who has a place already keeps it. Two processes never take the same one: it is a unique row (INVARIANTS §7).
    """
    most: int = await tx.value("SELECT most_a_week FROM campaign_policy")
    waiting = {one[0]: one for one in sorted(wanted, key=lambda one: (one[1], one[2], one[0]))}
    for _again in range(most + 1):  # who met another's place tries the one behind it
        got = await _try(tx, list(waiting.values()), most)
        waiting = {id_: one for id_, one in waiting.items() if id_ not in got}
        if not waiting:
            break
    return set(waiting)


async def take_now(tx: Tx, recipient_ids: Sequence[int]) -> set[int]:
    """The same for the week it is, of whoever these recipients are by now."""
    rows = await tx.fetch(
        """
        SELECT r.id, c.root_id, date_trunc('week', now() AT TIME ZONE 'UTC')::date AS period
        FROM recipient r JOIN contact c ON c.id = r.contact_id WHERE r.id = ANY($1)
        """,
        list(recipient_ids),
    )
    return await take(tx, [(row["id"], row["root_id"], row["period"]) for row in rows])


async def give_back(tx: Tx, recipient_ids: Sequence[int]) -> None:
    """These were not touched after all."""
    await tx.execute("DELETE FROM touch WHERE recipient_id = ANY($1)", list(recipient_ids))


async def _try(tx: Tx, wanted: Sequence[Wanted], most: int) -> set[int]:
    """Who has a place now. Another's, taken but not committed, is waited for; its next place is seen the time after."""
    rows = await tx.fetch(
        """
        WITH asked AS (
            SELECT w.recipient_id, w.root_id, w.period,
                   row_number() OVER (PARTITION BY w.root_id, w.period ORDER BY w.recipient_id) AS place
            FROM unnest($1::bigint[], $2::bigint[], $3::date[]) AS w (recipient_id, root_id, period)
            WHERE NOT EXISTS (SELECT FROM touch t WHERE t.recipient_id = w.recipient_id)
        ), made AS (
            INSERT INTO touch (root_contact_id, period, n, recipient_id)
            SELECT root_id, period, taken + place, recipient_id
            FROM (SELECT asked.*, (SELECT coalesce(max(t.n), 0) FROM touch t
                                   WHERE t.root_contact_id = asked.root_id AND t.period = asked.period) AS taken
                  FROM asked) AS placed
            WHERE taken + place <= $4
            ORDER BY root_id, period, place
            ON CONFLICT DO NOTHING RETURNING recipient_id
        )
        SELECT recipient_id FROM made
        UNION ALL SELECT recipient_id FROM touch WHERE recipient_id = ANY($1)
        """,
        [one[0] for one in wanted],
        [one[1] for one in wanted],
        [one[2] for one in wanted],
        most,
    )
    return {row["recipient_id"] for row in rows}
