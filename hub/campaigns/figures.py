"""The numbers of a campaign: how far it is, what became of each delivery, who answered, what was bought afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from hub.campaigns import counts, doubting, emptying, tallying
from hub.campaigns.campaigns import Campaign
from hub.campaigns.experiments import Share
from hub.customers.purchases import COUNTED
from hub.plumbing.db import Tx

LEAVING = ("claimed", "sending")
OUT = ("sent", "delivered", "read")
WENT_WRONG, NOT_SENT = ("failed", "unknown"), ("canceled",)
MOST_REASONS = 50
BOUGHT_DAYS = 14


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far it is. `plan`: recipients by state (without those whose delivery exists); `deliveries` by state.

    `excluded`, `stopped`: by reason. `in_flight`: claimed or on the wire just now. `a_minute`: left in the last one,
    to ten seconds. `emptying`: a plan that was thrown away is still being deleted, and counts nowhere.
    `perhaps`: to how many it perhaps wrote between a backup and its restore, beside all these.
    """

    plan: dict[str, int]
    excluded: dict[str, int]
    stopped: dict[str, int]
    deliveries: dict[str, int]
    answered: int
    probable: int
    held_out: int
    a_minute: int
    emptying: bool = False
    perhaps: int = 0

    @property
    def in_flight(self) -> int:
        """Claimed or on the wire."""
        return sum(self.deliveries.get(state, 0) for state in LEAVING)

    @property
    def out(self) -> int:
        """What the other side has."""
        return sum(self.deliveries.get(state, 0) for state in OUT)

    @property
    def to_go(self) -> int:
        """Planned or waiting to leave, those in flight too."""
        waiting = sum(self.deliveries.get(state, 0) for state in ("held", "queued", *LEAVING))
        return self.plan.get("frozen", 0) + self.plan.get("ready", 0) + waiting

    @property
    def everybody(self) -> int:
        """All who get something, or would have."""
        return self.to_go + sum(
            self.deliveries.get(state, 0) for state in (*OUT, "failed", "unknown", "canceled")
        )

    @property
    def many_wrong(self) -> bool:
        """Whether so many failed or were not sent that why is told as a worker counted it last."""
        return sum(self.deliveries.get(state, 0) for state in (*WENT_WRONG, *NOT_SENT)) > counts.LARGE

    @property
    def minutes_left(self) -> int | None:
        """At the pace of the last minute; None when nothing leaves."""
        return -(-self.to_go // self.a_minute) if self.a_minute else None


class Hour(msgspec.Struct, frozen=True):
    """One hour of the clock in the reader's zone."""

    at: datetime
    left: int
    answered: int


class Failure(msgspec.Struct, frozen=True):
    """How often something went wrong, or was not sent, for one reason; `state` is failed, unknown or canceled."""

    state: str
    code: str
    reason: str
    number: int


class Arm(msgspec.Struct, frozen=True, kw_only=True):
    """One group of an experiment: variant a, b, or "" for who was held out. Money by currency."""

    variant: str
    people: int
    answered: Share
    bought: Share
    money: dict[str, Decimal]


async def progress(tx: Tx, campaign_id: int) -> Progress:
    """How far it is now: messages of all steps, but who is left out is counted as people, in the first."""
    found = await tallying.of(tx, campaign_id)
    plan = [one for one in found if one.what == "plan"]
    return Progress(
        plan=_summed((one.state, one.n) for one in plan if one.state != "made"),
        excluded=_summed((one.reason, one.n) for one in plan if one.state == "excluded" and one.step == 1),
        stopped=_summed((one.reason, one.n) for one in plan if one.state == "stopped"),
        deliveries=_summed((one.state, one.n) for one in found if one.what == "delivery"),
        answered=sum(one.n for one in plan if one.heard == "answered"),
        probable=sum(one.n for one in plan if one.heard == "probable"),
        held_out=sum(one.n for one in plan if one.reason == "held_out" and one.step == 1),
        a_minute=await tallying.lately(tx, campaign_id),
        emptying=await emptying.lasts(tx, campaign_id),
        perhaps=await doubting.perhaps_written(tx, campaign_id),
    )


async def by_hour(tx: Tx, campaign_id: int, zone: str, *, most: int = 24 * 14) -> list[Hour]:
    """The first `most` hours in which something left or was answered, on the clock of an IANA zone."""
    return await tx.rows(
        Hour,
        """
        SELECT date_trunc('hour', at AT TIME ZONE $2) AS at,
               coalesce(sum(n) FILTER (WHERE what = 'left'), 0)::int AS left,
               coalesce(sum(n) FILTER (WHERE what = 'answered'), 0)::int AS answered
        FROM campaign_tally WHERE campaign_id = $1 AND what IN ('left', 'answered')
        GROUP BY 1 HAVING sum(n) FILTER (WHERE what = 'left') <> 0 OR sum(n) FILTER (WHERE what = 'answered') <> 0
        ORDER BY 1 LIMIT $3
        """,
        campaign_id,
        zone,
        most,
    )


async def failures(tx: Tx, campaign: Campaign, progress: Progress) -> list[Failure]:
    """What went wrong, most often first."""
    if progress.many_wrong:
        return await counts.or_now(tx, campaign, "failures", list[Failure], failures_now)
    return await failures_now(tx, campaign)


async def failures_now(tx: Tx, campaign: Campaign) -> list[Failure]:
    """The same, counted."""
    return await _reasons(tx, campaign.id, WENT_WRONG)


async def not_sent(tx: Tx, campaign: Campaign, progress: Progress) -> list[Failure]:
    """Why our own rules did not send it."""
    if progress.many_wrong:
        return await counts.or_now(tx, campaign, "not_sent", list[Failure], not_sent_now)
    return await not_sent_now(tx, campaign)


async def not_sent_now(tx: Tx, campaign: Campaign) -> list[Failure]:
    """The same, counted."""
    return await _reasons(tx, campaign.id, NOT_SENT)


async def _reasons(tx: Tx, campaign_id: int, states: Sequence[str]) -> list[Failure]:
    """All behind one gate are of one campaign, so one of them says of which."""
    return await tx.rows(
        Failure,
        """
        SELECT d.state, d.code, d.reason, sum(d.n)::bigint AS number
        FROM (SELECT min(recipient_id) AS one, state, code, left(reason, 200) AS reason, count(*) AS n
              FROM delivery
              WHERE state IN ('failed', 'unknown', 'canceled') AND state = ANY($3)
                AND recipient_id BETWEEN (SELECT min(id) FROM recipient WHERE campaign_id = $1)
                                     AND (SELECT max(id) FROM recipient WHERE campaign_id = $1)
              GROUP BY coalesce(gate_id, -recipient_id), 2, 3, 4) AS d
        JOIN recipient r ON r.id = d.one WHERE r.campaign_id = $1
        GROUP BY 1, 2, 3 ORDER BY number DESC, 1, 2, 3 LIMIT $2
        """,
        campaign_id,
        MOST_REASONS,
        list(states),
    )


async def arms(tx: Tx, campaign: Campaign) -> list[Arm]:
    """Each group of the experiment: who answered, and who bought within BOUGHT_DAYS of the campaign's beginning.

    Everybody who was meant to get it counts, whether it reached them or not: leaving out those it did not reach would
    compare the reachable with everybody (intention to treat).
    """
    return await counts.of(tx, campaign, "arms", list[Arm], arms_now) or []


async def arms_now(tx: Tx, campaign: Campaign) -> list[Arm]:
    """The same, counted: the purchases of those days first, for they are fewer than a large campaign's people."""
    rows = await tx.connection.fetch(
        """
        WITH bought AS MATERIALIZED (
            SELECT r.variant, r.contact_id, p.currency, sum(p.amount) AS amount
            FROM purchase p JOIN contact b ON b.id = p.contact_id JOIN contact own ON own.root_id = b.root_id
            JOIN recipient r ON r.contact_id = own.id AND r.campaign_id = $1 AND r.step = 1
            WHERE (r.state IN ('ready', 'made', 'stopped') OR r.reason = 'held_out')
              AND p.state = ANY($4) AND p.bought_at >= $2 AND p.bought_at < $2::timestamptz + make_interval(days => $3)
            GROUP BY 1, 2, 3
        )
        SELECT w.variant, w.people, w.answered,
               (SELECT count(DISTINCT contact_id) FROM bought b WHERE b.variant = w.variant) AS bought,
               (SELECT jsonb_object_agg(m.currency, m.amount::text)
                FROM (SELECT currency, sum(amount) AS amount FROM bought b WHERE b.variant = w.variant GROUP BY 1) m
               ) AS money
        FROM (SELECT variant, count(*) AS people, count(answered_at) AS answered FROM recipient
              WHERE campaign_id = $1 AND step = 1 AND (state IN ('ready', 'made', 'stopped') OR reason = 'held_out')
              GROUP BY 1) AS w
        ORDER BY w.variant = '', w.variant
        """,
        campaign.id,
        campaign.started_at,
        BOUGHT_DAYS,
        list(COUNTED),
        timeout=counts.LONGEST_SECONDS,
    )
    return [
        Arm(
            variant=row["variant"],
            people=row["people"],
            answered=Share(row["answered"], row["people"]),
            bought=Share(row["bought"], row["people"]),
            money={currency: Decimal(amount) for currency, amount in (row["money"] or {}).items()},
        )
        for row in rows
    ]


def _summed(numbers: Iterable[tuple[str, int]]) -> dict[str, int]:
    summed: dict[str, int] = {}
    for name, number in numbers:
        summed[name] = summed.get(name, 0) + number
    return summed
