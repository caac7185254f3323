"""What holds for all campaigns over the API: the weekly cap, holidays, quiet hours, what holds somebody back."""

from __future__ import annotations

from datetime import date, time

import msgspec

from hub.agents.roles import must
from hub.campaigns import policy
from hub.campaigns.policy import Policy
from hub.web.api.endpoints import Call, Endpoint
from hub.web.forms import converted


class PolicyPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """PATCH /campaign_policy: what is left out stays."""

    most_a_week: int | msgspec.UnsetType = msgspec.UNSET
    hold_days: int | msgspec.UnsetType = msgspec.UNSET
    holidays: list[date] | msgspec.UnsetType = msgspec.UNSET
    failing_share: int | msgspec.UnsetType = msgspec.UNSET
    quiet_from: time | msgspec.UnsetType = msgspec.UNSET
    quiet_until: time | msgspec.UnsetType = msgspec.UNSET
    complaint_tags: list[str] | msgspec.UnsetType = msgspec.UNSET
    complaint_priorities: list[str] | msgspec.UnsetType = msgspec.UNSET


async def read_policy(call: Call) -> Policy:
    """What holds now."""
    must(call.person, "run_campaigns")
    async with call.transaction() as tx:
        return await policy.load(tx)


async def change_policy(call: Call) -> Policy:
    """Only what is given changes, from the next claim on. Raises BadInput(field)."""
    must(call.person, "run_campaigns")
    given = msgspec.to_builtins(call.body)
    async with call.transaction() as tx:
        known = msgspec.to_builtins(await policy.load(tx))
        return await policy.change(tx, converted({**known, **given}, Policy), agent_id=call.person.id)


ENDPOINTS = [
    Endpoint(
        method="GET",
        path="/campaign_policy",
        summary="What holds for all campaigns",
        handler=read_policy,
        answer=Policy,
    ),
    Endpoint(
        method="PATCH",
        path="/campaign_policy",
        summary="Change what holds for all campaigns",
        handler=change_policy,
        body=PolicyPatch,
        answer=Policy,
    ),
]
