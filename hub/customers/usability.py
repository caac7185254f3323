"""Whether an address works: a permanent bounce says no, a person or a mail from it says yes again.

A number may work for some kinds of channel and not for others: a landline takes no texts and still rings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from hub.channels.registry import adapter
from hub.plumbing.db import Tx
from hub.plumbing.texts import _


def trouble(usable: bool, why_not: str, unusable_on: Sequence[str]) -> str:
    """Why an address does not work, or for which kinds of channel it does not, in words; "" for one that does."""
    why = _(why_not) if why_not else _("Not usable")
    if usable and unusable_on:
        return _("not for %(channels)s: %(why)s", channels=", ".join(map(_title, unusable_on)), why=why)
    return "" if usable else why


def _title(kind: str) -> str:
    return _(adapter(kind).title)


async def mark_unusable(
    tx: Tx, reasons: Mapping[int, str], *, only_on: Mapping[int, int] = MappingProxyType({})
) -> list[int]:
    """These addresses do not work, for the reason given; the ids that were thought to work until now.

    `only_on`: those of them that fail on channels of one kind alone, with the id of such a channel.

    Lock order: call it before conversations and deliveries are locked (INVARIANTS §9).
    """
    order = sorted(reasons)
    rows = await tx.fetch(
        """
        WITH locked AS MATERIALIZED (
            SELECT id FROM address WHERE id = ANY($1) AND usable ORDER BY id FOR NO KEY UPDATE
        )
        UPDATE address SET usable = channel.id IS NOT NULL, why_not = w.why,
               unusable_on = CASE WHEN channel.id IS NULL THEN unusable_on
                                  ELSE array_append(unusable_on, channel.kind) END
        FROM locked JOIN unnest($1::bigint[], $2::text[], $3::bigint[]) AS w (id, why, channel_id)
             ON w.id = locked.id
        LEFT JOIN channel ON channel.id = w.channel_id
        WHERE address.id = locked.id AND NOT coalesce(channel.kind = ANY(unusable_on), false)
        RETURNING address.id, (SELECT root_id FROM contact c WHERE c.id = address.contact_id) AS root_id
        """,
        order,
        [reasons[id_][:500] for id_ in order],
        [only_on.get(id_) for id_ in order],
    )
    for root in sorted({row["root_id"] for row in rows}):
        tx.signal("contact", root, [f"contact:{root}"])
    return [row["id"] for row in rows]


async def mark_usable(tx: Tx, address_ids: list[int]) -> None:
    """These addresses work: somebody wrote from them, or a person says so."""
    await tx.execute(
        """
        UPDATE address SET usable = true, why_not = '', unusable_on = '{}'
        WHERE id IN (SELECT id FROM address WHERE id = ANY($1) AND (NOT usable OR unusable_on <> '{}')
                     ORDER BY id FOR NO KEY UPDATE)
        """,
        address_ids,
    )
