"""A campaign beside those before it: what became of each as shares, for they went to different numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from hub.campaigns import campaigns, counts, figures
from hub.campaigns.campaigns import Campaign
from hub.campaigns.experiments import Share, Uplift, uplift
from hub.campaigns.figures import BOUGHT_DAYS
from hub.customers.purchases import COUNTED
from hub.plumbing.clock import now
from hub.plumbing.db import Tx

OTHERS = 5
REFUSED_DAYS = 14
"""Who says no to us within so many days of getting it did so after this campaign, if not because of it."""
MEASURES = ("failed", "answered", "clicked", "refused", "bought")
SLOW = ("refused", "bought")


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One campaign. `sent`: messages the other side has; the shares are of these, but `failed` of all that were tried.

    `clicked` is None where links are not counted; `bought`: people, within BOUGHT_DAYS of its beginning; `complete`:
    those days are over.
    """

    id: int
    name: str
    started_at: datetime
    sent: int
    failed: Share
    answered: Share
    clicked: Share | None
    refused: Share
    bought: Share
    complete: bool


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One measure of this campaign against all the others together."""

    measure: str
    uplift: Uplift


class After(msgspec.Struct, frozen=True, kw_only=True):
    """How many people clicked, said no to us, and bought in the days after it."""

    clicked: int
    refused: int
    bought: int


async def beside(tx: Tx, campaign: Campaign) -> list[Compared]:
    """This one first, then of the OTHERS that began before it, newest first, those that were counted.

    Nothing before it has begun, or, a large one, was counted.
    """
    if campaign.started_at is None:
        return []
    rows = await tx.fetch(
        "SELECT id FROM campaign WHERE started_at < $2 AND id <> $1 ORDER BY started_at DESC LIMIT $3",
        campaign.id,
        campaign.started_at,
        OTHERS,
    )
    listed = [campaign, *[await campaigns.load(tx, row["id"]) for row in rows]]
    found = [(one, await counts.of(tx, one, "after", After, after_now)) for one in listed]
    if found[0][1] is None:
        return []
    return [await _compared(tx, one, after) for one, after in found if after is not None]


def differences(compared: Sequence[Compared]) -> list[Difference]:
    """Of the first against all others together, each measure that both have; [] without others.

    What takes days to happen is compared only of campaigns whose days are over: a fresh one would always seem worse.
    """
    if len(compared) < 2:
        return []
    first, others = compared[0], compared[1:]
    found = []
    for measure in MEASURES:
        due = measure not in SLOW
        theirs = [
            share for one in others if (due or one.complete) and (share := getattr(one, measure)) is not None
        ]
        if (due or first.complete) and (own := getattr(first, measure)) is not None and theirs:
            together = Share(sum(one.done for one in theirs), sum(one.people for one in theirs))
            found.append(Difference(measure=measure, uplift=uplift(own, together)))
    return found


async def _compared(tx: Tx, campaign: Campaign, after: After) -> Compared:
    assert campaign.started_at is not None
    progress = await figures.progress(tx, campaign.id)
    failed, sent = progress.deliveries.get("failed", 0), progress.out
    return Compared(
        id=campaign.id,
        name=campaign.name,
        started_at=campaign.started_at,
        sent=sent,
        failed=Share(failed, sent + failed),
        answered=_of(progress.answered, sent),
        clicked=_of(after.clicked, sent) if campaign.track_links else None,
        refused=_of(after.refused, sent),
        bought=_of(after.bought, sent),
        complete=campaign.started_at + timedelta(days=BOUGHT_DAYS) <= now(),
    )


def _of(done: int, sent: int) -> Share:
    """What was perhaps sent may be answered too: never more than all."""
    return Share(done, max(done, sent))


async def after_now(tx: Tx, campaign: Campaign) -> After:
    """The same, counted, the rare thing first: clicks of its own people, refusals and purchases of its own days."""
    row = await tx.connection.fetchrow(
        """
        SELECT (SELECT count(DISTINCT t.recipient_id) FROM click t
                JOIN recipient r ON r.id = t.recipient_id AND r.campaign_id = k.id
                WHERE t.times > 0 AND t.recipient_id BETWEEN (SELECT min(id) FROM recipient WHERE campaign_id = k.id)
                                                         AND (SELECT max(id) FROM recipient WHERE campaign_id = k.id)
               ) AS clicked,
               (SELECT count(DISTINCT c.address_id) FROM consent c
                JOIN campaign_step s ON s.campaign_id = k.id
                JOIN recipient r ON (r.campaign_id, r.step, r.address_id) = (k.id, s.step, c.address_id)
                JOIN delivery d ON d.recipient_id = r.id
                WHERE NOT c.granted AND c.purpose = 'marketing' AND c.at >= k.started_at
                  AND c.at < coalesce(k.finished_at, now()) + make_interval(days => $2)
                  AND c.at >= d.sent_at AND c.at < d.sent_at + make_interval(days => $2)) AS refused,
               (SELECT count(DISTINCT b.root_id) FROM purchase p
                JOIN contact b ON b.id = p.contact_id JOIN contact own ON own.root_id = b.root_id
                JOIN recipient r ON (r.contact_id, r.campaign_id, r.step) = (own.id, k.id, 1::smallint)
                                AND r.state = 'made'
                WHERE p.state = ANY($4) AND p.bought_at >= k.started_at
                  AND p.bought_at < k.started_at + make_interval(days => $3)) AS bought
        FROM campaign k WHERE k.id = $1
        """,
        campaign.id,
        REFUSED_DAYS,
        BOUGHT_DAYS,
        list(COUNTED),
        timeout=counts.LONGEST_SECONDS,
    )
    assert row is not None
    return msgspec.convert(dict(row), After)
