"""When an answer that did not arrive goes on by another channel, and by which: as the channel says, decided purely."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec

from hub.channels.base import Capabilities
from hub.conversations.ways import Way

CANCEL_MINUTES = 5
Used = Collection[tuple[int, str]]
"""(channel id, address) of every delivery a message already had."""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """A channel's `settings.fallback`, minutes. `after_minutes` 0: only a failure counts, never silence.

    `cancel_minutes`: how long a person may stop it. `to`: keys of channels in their order, empty: the best.
    """

    on: bool = True
    after_minutes: int = 0
    cancel_minutes: int = CANCEL_MINUTES
    to: tuple[str, ...] = ()


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that may need another way, and what stands around it.

    `claimed`: it went to an address somebody typed in a chat, whoever's that is. `customer_wrote`: since the
    message was written. `reached`: the same person has this message, or gets it, by another delivery. `silent`:
    it left and no report came in time.
    """

    state: str
    purpose: str
    role: str
    automatic: bool
    claimed: bool
    silent: bool
    choice: str
    customer_wrote: bool
    reached: bool
    has_next: bool


def policy_of(settings: dict[str, Any], can: Capabilities) -> Policy:
    """What a channel's settings say; what they leave out is as its kind declares. Never raises."""
    said = settings.get("fallback")
    given = said if isinstance(said, dict) else {}
    usual = can.report_minutes if can.delivery_reports else 0
    to = given.get("to")
    return Policy(
        on=bool(given.get("on", True)),
        after_minutes=_minutes(given.get("after_minutes"), usual) if can.delivery_reports else 0,
        cancel_minutes=_minutes(given.get("cancel_minutes"), CANCEL_MINUTES),
        to=tuple(str(one) for one in to) if isinstance(to, list) else (),
    )


def stays(failure: Failure, policy: Policy) -> str:
    """Why it does not go on by itself, as a code; "" when it does.

    Never after *unknown*: the customer may have it. Never for campaigns and machines' answers. Only whom the
    message was for, not who stood in copy, and never from a typed address on to its owner's other ones.
    """
    if failure.state != "failed" and not (failure.silent and failure.state == "sent"):
        return "state"
    if failure.purpose != "service" or failure.automatic or failure.claimed or failure.role != "to":
        return "not_for_this"
    if failure.choice == "off" or (not policy.on and failure.choice != "on"):
        return "off"
    if failure.customer_wrote:
        return "customer_wrote"
    return "reached" if failure.reached or failure.has_next else ""


def next_way(ways: Sequence[Way], used: Used, root_id: int, policy: Policy, at: datetime) -> Way | None:
    """The best permitted and proven way to the same person that was not tried; None when there is none.

    A shared address would show one person's matter to others; a live kind needs them to be there.
    """
    fit = [
        way
        for way in ways
        if not way.why_not
        and way.root_id == root_id
        and way.verified
        and not way.shared
        and not way.can.live
        and (way.window_until is None or way.window_until > at)
        and (way.channel.id, way.address) not in used
    ]
    if policy.to:
        fit = sorted(
            (way for way in fit if way.channel.key in policy.to),
            key=lambda way: policy.to.index(way.channel.key),
        )
    return fit[0] if fit else None


def _minutes(given: object, usual: int) -> int:
    return (
        given if isinstance(given, int) and not isinstance(given, bool) and 0 <= given <= 100_000 else usual
    )
