"""When campaigns may reach a person: the hours and days they chose, by their own clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time

import msgspec

from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import N_, _

EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)
DAYS = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))


LAST_MINUTE = time(23, 59)
"""As an end: until midnight."""


class Hours(msgspec.Struct, frozen=True, kw_only=True):
    """From `starts` until before `ends` on these days of the week; Monday is 0."""

    starts: time
    ends: time
    days: tuple[int, ...] = EVERY_DAY


def words(hours: Hours) -> str:
    """As people say it: 18:00 to 21:00 on Mon, Wed."""
    last = "24:00" if hours.ends >= LAST_MINUTE else f"{hours.ends:%H:%M}"
    days = ", ".join(_(DAYS[day]) for day in hours.days)
    between = _("%(first)s to %(last)s", first=f"{hours.starts:%H:%M}", last=last)
    return between if hours.days == EVERY_DAY else _("%(hours)s on %(days)s", hours=between, days=days)


async def of_contacts(tx: Tx, contact_ids: Sequence[int]) -> dict[int, Hours]:
    """By the id asked for, merged contacts included; who chose nothing is not in it."""
    rows = await tx.fetch(
        """
        SELECT DISTINCT ON (w.id) w.id, h.starts, h.ends, h.days
        FROM unnest($1::bigint[]) AS w (id) JOIN contact own ON own.id = w.id
        JOIN contact c ON c.root_id = own.root_id JOIN contact_hours h ON h.contact_id = c.id
        ORDER BY w.id, h.changed_at DESC
        """,
        list(contact_ids),
    )
    return {row["id"]: Hours(starts=row["starts"], ends=row["ends"], days=tuple(row["days"])) for row in rows}


async def choose(tx: Tx, contact_id: int, hours: Hours | None) -> bool:
    """What this person wants from now on; None: at any hour. Whether it changed. Raises BadInput(starts, days)."""
    if hours is not None and hours.starts >= hours.ends:
        raise BadInput(_("The first hour must be before the last."), field="starts")
    if hours is not None and (not hours.days or set(hours.days) - set(EVERY_DAY)):
        raise BadInput(_("Choose at least one day."), field="days")
    if (await of_contacts(tx, [contact_id])).get(contact_id) == hours:
        return False
    await tx.execute(
        """
        DELETE FROM contact_hours USING contact own, contact c
        WHERE own.id = $1 AND c.root_id = own.root_id AND contact_hours.contact_id = c.id
        """,
        contact_id,
    )
    if hours is not None:
        await tx.execute(
            "INSERT INTO contact_hours (contact_id, starts, ends, days) VALUES ($1, $2, $3, $4)",
            contact_id,
            hours.starts,
            hours.ends,
            sorted(hours.days),
        )
    return True
