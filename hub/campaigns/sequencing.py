"""Later steps: each follows the one before when that was sent, unless something ended it for this person.

Decided when its moment comes, on what is true then (`due`); what people do in between ends it at once (`stop`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from hub.campaigns import campaigns, caps, timing
from hub.campaigns.clock import Clock
from hub.campaigns.states import ENDED
from hub.channels.text import one_line
from hub.customers import contact_hours
from hub.customers.contact_hours import Hours
from hub.customers.purchases import COUNTED
from hub.deliveries.states import LEFT
from hub.deliveries.taking_back import take_back_of
from hub.plumbing import history
from hub.plumbing.db import Tx
from hub.plumbing.errors import Conflict
from hub.plumbing.texts import _

LONGEST_WHY = 200
Why = Literal["reply", "bounce", "conversation", "purchase"]
NOT_YET = timedelta(hours=1)
"""How long it waits where the one before is still on its way."""


class Verdict(msgspec.Struct, frozen=True):
    """What becomes of one: it goes now (both empty), at a later moment, or never, with the code of why."""

    later: datetime | None = None
    stopped: str = ""


class Follower(msgspec.Struct, frozen=True, kw_only=True):
    """One later step whose moment came, and how its person stands. `sent_at`: of the step before, if it was sent."""

    id: int
    campaign_id: int
    contact_id: int
    zone: str | None
    after_days: int
    stops: list[str]
    before: str | None
    delivery: str | None
    sent_at: datetime | None
    answered: bool
    talking: bool
    bought: bool
    now: datetime


async def due(tx: Tx, recipient_ids: Sequence[int]) -> dict[int, Verdict]:
    """What becomes of these, whose moment came; they must be locked. First steps among them just go."""
    rows = await tx.rows(Follower, _FOLLOWERS, list(recipient_ids), list(COUNTED))
    if not rows:
        return {}
    clocks = await timing.clocks_of(tx, {one.campaign_id for one in rows})
    hours = await contact_hours.of_contacts(tx, [one.contact_id for one in rows])
    found = {one.id: decide(one, clocks[one.campaign_id], hours.get(one.contact_id)) for one in rows}
    await _write(tx, found)
    return found


def decide(one: Follower, clock: Clock, own: Hours | None) -> Verdict:
    """Pure. Who asked for less gets less: what stops it is looked at before when it would leave."""
    if "reply" in one.stops and one.answered:
        return Verdict(stopped="reply")
    if one.before != "made" and one.before != "ready":
        return Verdict(stopped="not_sent")
    if one.delivery in ("failed", "canceled"):
        return Verdict(stopped="bounce" if one.sent_at else "not_sent")
    if "conversation" in one.stops and one.talking:
        return Verdict(stopped="conversation")
    if "purchase" in one.stops and one.bought:
        return Verdict(stopped="purchase")
    if one.delivery not in (*LEFT, "unknown") or one.sent_at is None:
        return Verdict(later=one.now + NOT_YET)
    follows = clock.follows(one.zone, own, one.sent_at, one.after_days)
    if follows is None:
        return Verdict(stopped="no_hours")
    return Verdict(later=follows) if follows > one.now + timedelta(minutes=10) else Verdict()


async def pause_person(tx: Tx, campaign_id: int, contact_id: int, agent_id: int, why: str = "") -> int:
    """Nothing more of this campaign reaches this person until `resume_person`; how many messages wait. NotFound.

    What was tried, or is on the wire this moment, ends by itself.
    """
    await _take_back(tx, campaign_id, contact_id)
    return await _turn(tx, campaign_id, contact_id, agent_id, ("ready", ""), ("stopped", "paused"), why)


async def resume_person(tx: Tx, campaign_id: int, contact_id: int, agent_id: int, why: str = "") -> int:
    """What was paused goes on; what is overdue leaves when their hours next allow. Raises NotFound, Conflict."""
    return await _turn(tx, campaign_id, contact_id, agent_id, ("stopped", "paused"), ("ready", ""), why)


async def _take_back(tx: Tx, campaign_id: int, contact_id: int) -> None:
    """What is made already may wait long, behind a closed gate or a line that rests. Locked first: makers are met."""
    rows = await tx.fetch(
        """
        SELECT r.id FROM contact asked JOIN contact c ON c.root_id = asked.root_id
        JOIN recipient r ON r.contact_id = c.id JOIN campaign k ON k.id = r.campaign_id
        WHERE asked.id = $2 AND r.campaign_id = $1 AND r.state IN ('ready', 'made') AND r.reason = ''
          AND k.state <> ALL($3) ORDER BY r.id FOR NO KEY UPDATE OF r
        """,
        campaign_id,
        contact_id,
        list(ENDED),
    )
    back = await take_back_of(tx, [row["id"] for row in rows])
    await caps.give_back(tx, back)
    await tx.execute("UPDATE recipient SET state = 'ready', made_at = NULL WHERE id = ANY($1)", back)


async def _turn(
    tx: Tx,
    campaign_id: int,
    contact_id: int,
    agent_id: int,
    before: tuple[str, str],
    after: tuple[str, str],
    why: str,
) -> int:
    campaign = await campaigns.load(tx, campaign_id)
    if campaign.state in ENDED:
        raise Conflict(_("This campaign has ended."))
    changed = await tx.execute(
        """
        UPDATE recipient SET state = $5, reason = $6
        FROM (SELECT r.id FROM contact asked JOIN contact c ON c.root_id = asked.root_id
              JOIN recipient r ON r.contact_id = c.id
              WHERE asked.id = $2 AND r.campaign_id = $1 AND r.state = $3 AND r.reason = $4
              ORDER BY r.id FOR NO KEY UPDATE OF r) AS held
        WHERE recipient.id = held.id
        """,
        campaign_id,
        contact_id,
        *before,
        *after,
    )
    if changed:
        verb = "campaign_paused_for" if after[0] == "stopped" else "campaign_resumed_for"
        await history.record(
            tx,
            verb,
            agent_id=agent_id,
            contact_id=contact_id,
            campaign_id=campaign_id,
            why=one_line(why)[:LONGEST_WHY],
        )
        tx.signal("campaign", campaign_id, campaigns.topics(campaign_id))
    return changed


async def _write(tx: Tx, found: Mapping[int, Verdict]) -> None:
    kept: list[tuple[Any, ...]] = [
        (id_, one.later, one.stopped) for id_, one in found.items() if one.later or one.stopped
    ]
    if kept:
        ids, laters, stops = zip(*kept, strict=True)
        await tx.execute(
            """
            UPDATE recipient SET due_at = coalesce(w.later, due_at), reason = w.stopped,
                   state = CASE WHEN w.stopped = '' THEN state ELSE 'stopped' END
            FROM unnest($1::bigint[], $2::timestamptz[], $3::text[]) AS w (id, later, stopped)
            WHERE recipient.id = w.id
            """,
            ids,
            laters,
            stops,
        )


_FOLLOWERS = """
    SELECT r.id, r.campaign_id, r.contact_id, r.time_zone AS zone, s.after_days, k.stops, b.state AS before,
           d.state AS delivery, coalesce(d.sent_at, CASE WHEN d.state = 'unknown' THEN d.due_at END) AS sent_at,
           now() AS now,
           EXISTS (SELECT FROM recipient o WHERE o.contact_id = r.contact_id AND o.campaign_id = r.campaign_id
                   AND o.step < r.step AND (o.answered_at IS NOT NULL OR o.probable_at IS NOT NULL)) AS answered,
           EXISTS (SELECT FROM contact c JOIN contact m ON m.root_id = c.root_id
                   JOIN conversation v ON v.contact_id = m.id
                   WHERE c.id = r.contact_id AND v.state IN ('open', 'snoozed')
                     AND v.joined_into_id IS NULL) AS talking,
           EXISTS (SELECT FROM contact c JOIN contact m ON m.root_id = c.root_id
                   JOIN purchase p ON p.contact_id = m.id
                   WHERE c.id = r.contact_id AND p.state = ANY($2) AND p.bought_at <= now()
                     AND p.bought_at > coalesce(d.sent_at, b.made_at)) AS bought
    FROM recipient r JOIN campaign k ON k.id = r.campaign_id
    JOIN campaign_step s ON s.campaign_id = r.campaign_id AND s.step = r.step
    LEFT JOIN recipient b ON b.contact_id = r.contact_id AND b.campaign_id = r.campaign_id AND b.step = r.step - 1
    LEFT JOIN delivery d ON d.recipient_id = b.id
    WHERE r.id = ANY($1) AND r.step > 1
"""
