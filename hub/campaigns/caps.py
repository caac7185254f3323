"""How often campaigns touch a person in a week: a place is taken in the claim, across campaigns and processes.

The same row says that this step of this campaign is on its way to them: of two for whom it was planned, and who turned
out to be one person, two processes cannot both take it.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.deliveries.states import GOING
from hub.plumbing.db import Tx


class Wanted(msgspec.Struct, frozen=True):
    """A place for one recipient, whose person (root) it is, and of which message."""

    id: int
    root_id: int
    campaign_id: int
    step: int


async def take(tx: Tx, wanted: Sequence[Wanted]) -> dict[int, str]:
    """Take a place for each in this week; by recipient why there is none.

    cap: their person has had all there are. same_person: another of theirs has this message. Who has a place already
    keeps it. Two processes never take the same one: it is a unique row (INVARIANTS §7).
    """
    waiting = sorted(wanted, key=lambda one: (one.root_id, one.id))
    if waiting := await _left(tx, waiting):  # one who met another's place tries the one behind it
        for _again in range(await tx.value("SELECT most_a_week FROM campaign_policy")):
            waiting = await _left(tx, waiting)
    return await _why(tx, waiting) if waiting else {}


async def give_back(tx: Tx, recipient_ids: Sequence[int]) -> None:
    """These were not touched after all."""
    if recipient_ids:
        await tx.execute("DELETE FROM touch WHERE recipient_id = ANY($1)", list(recipient_ids))


async def give_back_unused(tx: Tx, recipient_ids: Sequence[int]) -> None:
    """The same, but for whom something is on its way, arrived, or perhaps did."""
    await tx.execute(
        """
        DELETE FROM touch t WHERE t.recipient_id = ANY($1)
          AND NOT EXISTS (SELECT FROM delivery d WHERE d.recipient_id = t.recipient_id AND d.state = ANY($2))
        """,
        list(recipient_ids),
        list(GOING),
    )


async def _left(tx: Tx, wanted: Sequence[Wanted]) -> list[Wanted]:
    """Who has no place now. Another's, taken but not committed, is waited for; its next one is seen the time after."""
    rows = await tx.fetch(
        """
        WITH asked AS (
            SELECT w.*, row_number() OVER (PARTITION BY w.root_id ORDER BY w.recipient_id) AS place
            FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::smallint[])
                 AS w (recipient_id, root_id, campaign_id, step)
            WHERE NOT EXISTS (SELECT FROM touch t WHERE t.recipient_id = w.recipient_id)
        ), made AS (
            INSERT INTO touch (root_contact_id, period, n, recipient_id, campaign_id, step)
            SELECT root_id, period, taken + place, recipient_id, campaign_id, step
            FROM (SELECT asked.*, now.period, (SELECT coalesce(max(t.n), 0) FROM touch t
                                               WHERE t.root_contact_id = asked.root_id
                                                 AND t.period = now.period) AS taken
                  FROM asked
                  CROSS JOIN (SELECT date_trunc('week', now() AT TIME ZONE 'UTC')::date AS period) AS now) AS placed
            WHERE taken + place <= (SELECT most_a_week FROM campaign_policy)
            ORDER BY root_id, place
            ON CONFLICT DO NOTHING RETURNING recipient_id
        )
        SELECT recipient_id FROM made
        UNION ALL SELECT recipient_id FROM touch WHERE recipient_id = ANY($1)
        """,
        *_columns(wanted),
    )
    got = {row["recipient_id"] for row in rows}
    return [one for one in wanted if one.id not in got]


async def _why(tx: Tx, refused: Sequence[Wanted]) -> dict[int, str]:
    rows = await tx.fetch(
        """
        SELECT w.recipient_id FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::smallint[])
             AS w (recipient_id, root_id, campaign_id, step)
        JOIN touch t ON (t.root_contact_id, t.campaign_id, t.step) = (w.root_id, w.campaign_id, w.step)
        """,
        *_columns(refused),
    )
    same = {row["recipient_id"] for row in rows}
    return {one.id: "same_person" if one.id in same else "cap" for one in refused}


def _columns(wanted: Sequence[Wanted]) -> tuple[list[int], list[int], list[int], list[int]]:
    return (
        [one.id for one in wanted],
        [one.root_id for one in wanted],
        [one.campaign_id for one in wanted],
        [one.step for one in wanted],
    )
