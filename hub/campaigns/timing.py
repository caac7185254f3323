"""When each recipient's message leaves: counted for all in turns, put off when hours passed, shown by zone.

Moments are PostgreSQL's; from them and local wishes the due times are derived here and nowhere else (INVARIANTS §21).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from hub.campaigns import counts, policy
from hub.campaigns.campaigns import Campaign
from hub.campaigns.clock import Clock
from hub.campaigns.pacing import Pacing
from hub.campaigns.schedule import Schedule
from hub.customers import contact_hours
from hub.deliveries.taking_back import take_back_of
from hub.plumbing import todo
from hub.plumbing.db import Tx

TODO = "campaign_timing"
REZONE = "campaign_rezone"
"""Of a contact whose zone changed; whoever changes it leaves the row."""
AT_ONCE = 2_000


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """The people of one zone, and the first and last moment one of them is written to, on their clock."""

    zone: str
    people: int
    first: datetime
    last: datetime


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A recipient whose moment came, as planned."""

    id: int
    campaign_id: int
    contact_id: int
    zone: str | None
    due_at: datetime


class Place(msgspec.Struct, frozen=True):
    """When it may leave, and until when; None: not at all."""

    due_at: datetime | None
    leave_before: datetime | None


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    contact_id: int
    step: int
    sender_id: int | None
    time_zone: str | None
    domain: str
    after_days: int
    before_at: datetime | None


async def spread(tx: Tx, campaign: Campaign) -> list[Spread]:
    """By zone, the earliest first: what is planned of the first step, as prepared or approved.

    Of a large campaign as it was counted last.
    """
    zones = await counts.or_now(tx, campaign, "zones", list[Spread], zones_now)
    clock = Clock(campaign.schedule, (await policy.load(tx)).house)
    return [
        Spread(
            zone=one.zone,
            people=one.people,
            first=one.first.astimezone(clock.zone(one.zone)),
            last=one.last.astimezone(clock.zone(one.zone)),
        )
        for one in zones
    ]


async def zones_now(tx: Tx, campaign: Campaign) -> list[Spread]:
    """The same, counted, on no clock."""
    return await tx.rows(
        Spread,
        """
        SELECT coalesce(nullif(time_zone, ''), $2) AS zone, count(*) AS people,
               min(due_at) AS first, max(due_at) AS last
        FROM recipient WHERE campaign_id = $1 AND step = 1 AND state IN ('ready', 'made') AND due_at IS NOT NULL
        GROUP BY 1 ORDER BY min(due_at), 1
        """,
        campaign.id,
        campaign.schedule.zone,
    )


async def ahead(tx: Tx, campaign_id: int) -> tuple[datetime | None, datetime | None]:
    """When the next and the last message leave that are planned and not made yet, of all steps; None: there is none."""
    (row,) = await tx.fetch(
        """
        SELECT (SELECT due_at FROM recipient WHERE campaign_id = $1 AND state = 'ready' AND due_at IS NOT NULL
                ORDER BY due_at LIMIT 1) AS next,
               (SELECT due_at FROM recipient WHERE campaign_id = $1 AND state = 'ready' AND due_at IS NOT NULL
                ORDER BY due_at DESC LIMIT 1) AS last
        """,
        campaign_id,
    )
    return row["next"], row["last"]


async def begin(tx: Tx, campaign_id: int) -> None:
    """Count all due times from now on; the campaign must be locked. Nothing of it starts until that is done."""
    start: datetime = await tx.value(
        "UPDATE campaign SET starts_at = now(), timed = false WHERE id = $1 RETURNING starts_at", campaign_id
    )
    await counts.forget(tx, campaign_id)
    await todo.add(tx, TODO, campaign_id, {"start": start.isoformat(), "after": 0})
    tx.wake("todo")


async def is_wanted(tx: Tx, campaign_id: int, start: datetime) -> bool:
    """Whether this count is still the one that is wanted."""
    asked = "SELECT NOT timed AND starts_at = $2 FROM campaign WHERE id = $1"
    return bool(await tx.value(asked, campaign_id, start))


async def counted(tx: Tx, campaign_id: int) -> None:
    """All due times are there."""
    total = await tx.value("UPDATE campaign SET timed = true WHERE id = $1 RETURNING total", campaign_id)
    if total and total > counts.LARGE:
        await counts.soon(tx, campaign_id)


async def count(
    tx: Tx, campaign_id: int, start: datetime, after: int, pacing: Pacing, clock: Clock
) -> int | None:
    """Due times of the recipients behind id `after`, some thousands a turn; the last one's id, None: all are done.

    The same again gives the same. `pacing` holds those up to `after` (`resumed`).
    """
    rows = await tx.rows(_Row, _TO_COUNT, campaign_id, after, AT_ONCE)
    if not rows:
        return None
    hours = await contact_hours.of_contacts(tx, sorted({one.contact_id for one in rows}))
    placed: dict[tuple[int, int], datetime | None] = {}
    for row in rows:
        own = hours.get(row.contact_id)
        before = placed.get((row.contact_id, row.step - 1), row.before_at)
        if row.step == 1:
            wish = clock.due(row.time_zone, own, start)
        else:
            wish = clock.follows(row.time_zone, own, before, row.after_days) if before else None

        def later(at: datetime, row: _Row = row) -> datetime | None:
            if row.step == 1:
                return clock.later(row.time_zone, hours.get(row.contact_id), at)
            return clock.opens(row.time_zone, hours.get(row.contact_id), at)

        at = pacing.place(wish, row.sender_id, row.domain, later) if wish else None
        placed[row.contact_id, row.step] = at
    await put_off(tx, {row.id: placed[row.contact_id, row.step] for row in rows})
    return rows[-1].id


async def resumed(tx: Tx, campaign_id: int, schedule: Schedule, start: datetime, after: int) -> Pacing:
    """The minutes as they are filled by the recipients up to id `after`."""
    pacing = Pacing(schedule, start)
    if not pacing.limits or not after:
        return pacing
    for row in await tx.fetch(
        """
        SELECT floor(extract(epoch FROM due_at) / 60)::bigint AS minute, sender_id,
               split_part(address, '@', 2) AS domain, count(*) AS n
        FROM recipient WHERE campaign_id = $1 AND id <= $2 AND state = 'ready' AND due_at IS NOT NULL GROUP BY 1, 2, 3
        """,
        campaign_id,
        after,
    ):
        pacing.taken(row["minute"], row["sender_id"], row["domain"], row["n"])
    return pacing


async def places(tx: Tx, dues: Sequence[Due]) -> dict[int, Place]:
    """Where each may leave from now on: as planned, or, when their hours have passed meanwhile, when they next open."""
    if not dues:
        return {}
    now: datetime = await tx.value("SELECT now()")
    clocks = await clocks_of(tx, {one.campaign_id for one in dues})
    hours = await contact_hours.of_contacts(tx, sorted({one.contact_id for one in dues}))
    found = {}
    for one in dues:
        clock, own = clocks[one.campaign_id], hours.get(one.contact_id)
        at: datetime | None = max(one.due_at, now)
        assert at is not None
        ends = clock.closes(one.zone, own, at)
        if ends is None:
            at = clock.due(one.zone, own, at)
            ends = clock.closes(one.zone, own, at) if at else None
            found[one.id] = Place(at, ends)
        else:
            found[one.id] = Place(one.due_at, ends)
    return found


async def clocks_of(tx: Tx, campaign_ids: set[int]) -> dict[int, Clock]:
    """The clock of each of these campaigns."""
    house = (await policy.load(tx)).house
    rows = await tx.fetch("SELECT id, schedule FROM campaign WHERE id = ANY($1)", sorted(campaign_ids))
    return {row["id"]: Clock(msgspec.convert(row["schedule"], Schedule), house) for row in rows}


async def rezoned(tx: Tx, contact_id: int) -> int:
    """This person's zone changed: whatever has not left yet leaves at the hour of the new one. How many did change."""
    queued = await tx.fetch(
        """
        SELECT r.id FROM contact asked JOIN contact c ON c.id = asked.root_id JOIN recipient r ON r.contact_id = c.id
        WHERE asked.id = $1 AND r.state = 'made' AND r.reason = '' AND r.made_at > now() - interval '1 day'
          AND r.time_zone IS DISTINCT FROM c.time_zone
        ORDER BY r.id FOR NO KEY UPDATE OF r
        """,
        contact_id,
    )
    back = await take_back_of(tx, [row["id"] for row in queued])
    await tx.execute("UPDATE recipient SET state = 'ready', made_at = NULL WHERE id = ANY($1)", back)
    rows = await tx.fetch(
        """
        SELECT r.id, r.campaign_id, r.contact_id, r.step, c.time_zone AS zone, r.due_at, k.starts_at, now() AS now
        FROM contact asked JOIN contact c ON c.id = asked.root_id JOIN recipient r ON r.contact_id = c.id
        JOIN campaign k ON k.id = r.campaign_id
        WHERE asked.id = $1 AND r.state = 'ready' AND r.time_zone IS DISTINCT FROM c.time_zone
          AND k.state IN ('prepared', 'scheduled', 'running', 'paused')
        ORDER BY r.id FOR NO KEY UPDATE OF r
        """,
        contact_id,
    )
    clocks = await clocks_of(tx, {row["campaign_id"] for row in rows})
    hours = await contact_hours.of_contacts(tx, [contact_id])
    dues: dict[int, datetime | None] = {}
    for row in rows:
        clock, own = clocks[row["campaign_id"]], hours.get(contact_id)
        if row["step"] == 1:
            start = max(row["starts_at"] or row["now"], row["now"])
            dues[row["id"]] = clock.due(row["zone"], own, start)
        else:
            dues[row["id"]] = row["due_at"] and clock.opens(row["zone"], own, row["due_at"])
    await tx.execute(
        "UPDATE recipient SET time_zone = $2 WHERE id = ANY($1)",
        [row["id"] for row in rows],
        rows[0]["zone"] if rows else "",
    )
    await put_off(tx, dues)
    return len(rows)


async def put_off(tx: Tx, dues: Mapping[int, datetime | None]) -> None:
    """These, still ready, are due then; whose hours never come is left out, with the reason."""
    if not dues:
        return
    await tx.execute(
        """
        UPDATE recipient SET due_at = w.at,
               state = CASE WHEN w.at IS NULL THEN 'excluded' ELSE state END,
               reason = CASE WHEN w.at IS NULL THEN 'no_hours' ELSE reason END
        FROM unnest($1::bigint[], $2::timestamptz[]) AS w (id, at)
        WHERE recipient.id = w.id AND recipient.state = 'ready' AND recipient.due_at IS DISTINCT FROM w.at
           OR recipient.id = w.id AND recipient.state = 'ready' AND w.at IS NULL
        """,
        list(dues.keys()),
        [at.astimezone(UTC) if at else None for at in dues.values()],
    )


_TO_COUNT = """
    SELECT r.id, r.contact_id, r.step, r.sender_id, r.time_zone, split_part(r.address, '@', 2) AS domain,
           s.after_days, p.due_at AS before_at
    FROM recipient r JOIN campaign_step s ON s.campaign_id = r.campaign_id AND s.step = r.step
    LEFT JOIN recipient p ON p.contact_id = r.contact_id AND p.campaign_id = r.campaign_id AND p.step = r.step - 1
                         AND p.state IN ('ready', 'made')
    WHERE r.campaign_id = $1 AND r.id > $2 AND r.state = 'ready' ORDER BY r.id LIMIT $3
"""
