"""What holds for all campaigns: how often a person is touched, quiet hours, holidays, what holds somebody back."""

from __future__ import annotations

from datetime import date, time
from typing import Annotated, Literal

import msgspec

from hub.campaigns.local_time import House
from hub.deliveries import quiet_hours
from hub.plumbing import history
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import _

MOST_HOLIDAYS = 400
MOST_TAGS = 20


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`most_a_week` touches of one person by all campaigns; `hold_days` after a purchase; `failing_share` in percent.

    An open conversation with one of `complaint_tags` or `complaint_priorities` is a complaint.
    """

    most_a_week: Annotated[int, msgspec.Meta(ge=1, le=50)]
    hold_days: Annotated[int, msgspec.Meta(ge=0, le=90)]
    holidays: list[date]
    failing_share: Annotated[int, msgspec.Meta(ge=1, le=100)]
    quiet_from: time
    quiet_until: time
    complaint_tags: list[str] = []
    complaint_priorities: list[Literal["low", "normal", "high", "urgent"]] = []

    @property
    def house(self) -> House:
        """When nobody is written to."""
        return House(
            quiet_from=self.quiet_from, quiet_until=self.quiet_until, holidays=frozenset(self.holidays)
        )


async def load(tx: Tx) -> Policy:
    """What holds now."""
    row = await tx.record(
        """
        SELECT most_a_week, hold_days, holidays, failing_share, complaint_tags, complaint_priorities
        FROM campaign_policy
        """
    )
    assert row is not None
    quiet_from, quiet_until = await quiet_hours.load(tx)
    return msgspec.convert({**row, "quiet_from": quiet_from, "quiet_until": quiet_until}, Policy)


async def change(tx: Tx, wanted: Policy, *, agent_id: int) -> Policy:
    """Another policy, from the next claim on. Raises BadInput(field)."""
    if len(wanted.holidays) > MOST_HOLIDAYS:
        raise BadInput(_("At most %(n)s holidays.", n=MOST_HOLIDAYS), field="holidays")
    tags = list(dict.fromkeys(one.strip().lower() for one in wanted.complaint_tags if one.strip()))
    if len(tags) > MOST_TAGS or any(len(one) > 100 for one in tags):
        raise BadInput(_("At most %(n)s tags.", n=MOST_TAGS), field="complaint_tags")
    await tx.execute(
        """
        UPDATE campaign_policy SET most_a_week = $1, hold_days = $2, holidays = $3, failing_share = $4,
               complaint_tags = $5, complaint_priorities = $6
        """,
        wanted.most_a_week,
        wanted.hold_days,
        sorted(set(wanted.holidays)),
        wanted.failing_share,
        tags,
        list(dict.fromkeys(wanted.complaint_priorities)),
    )
    await quiet_hours.change(tx, wanted.quiet_from, wanted.quiet_until)
    after = await load(tx)
    await history.record(tx, "campaign_policy_changed", agent_id=agent_id, policy=msgspec.to_builtins(after))
    return after
