"""When a draft would reach people, zone by zone, before anybody is frozen: of the first who fit, without a pace."""

from __future__ import annotations

from datetime import datetime

from hub.campaigns import audience, policy, segments
from hub.campaigns.campaigns import Campaign
from hub.campaigns.clock import Clock
from hub.campaigns.timing import Spread
from hub.customers import contact_hours
from hub.plumbing.db import Tx

PEOPLE = 1_000


async def foreseen(tx: Tx, campaign: Campaign) -> list[Spread]:
    """By zone, the earliest first, were it approved now; empty without an audience. `people`: of the first thousand.

    The transaction's limits are the audience's from then on. Raises Unavailable for people who take too long to find.
    """
    if campaign.segment_id is None:
        return []
    segment = await segments.load(tx, campaign.segment_id)
    ids = [one.id for one in await audience.sample(tx, segment.definition, most=PEOPLE)]
    rows = await tx.fetch("SELECT id, time_zone, now() AS now FROM contact WHERE id = ANY($1)", ids)
    hours = await contact_hours.of_contacts(tx, ids)
    clock = Clock(campaign.schedule, (await policy.load(tx)).house)
    by_zone: dict[str, list[datetime]] = {}
    for row in rows:
        if (at := clock.due(row["time_zone"], hours.get(row["id"]), row["now"])) is not None:
            by_zone.setdefault(clock.zone(row["time_zone"]).key, []).append(at)
    found = [
        Spread(
            zone=zone,
            people=len(moments),
            first=min(moments).astimezone(clock.zone(zone)),
            last=max(moments).astimezone(clock.zone(zone)),
        )
        for zone, moments in by_zone.items()
    ]
    return sorted(found, key=lambda one: (one.first, one.zone))
