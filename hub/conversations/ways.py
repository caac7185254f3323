"""The ways to reach the people of a conversation: which is best now, which cannot be used, and why, in words.

`look_up` is one statement, `decide` is pure; composer, fallback and the list of unanswered draw from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from hub.channels import connections
from hub.channels.base import Capabilities
from hub.channels.connections import Channel
from hub.channels.registry import adapter
from hub.conversations.windows import CLOSED, ends
from hub.deliveries.permission import WHY_NOT
from hub.deliveries.wording import words
from hub.plumbing.db import Tx
from hub.plumbing.texts import N_, _

REASONS = {
    "last_used": N_("they wrote here last"),
    "preferred": N_("they prefer this"),
    "known": N_("they have written here before"),
    "free": N_("costs nothing"),
    "cheapest": N_("the cheapest that is allowed"),
}
NOT = {
    "no_address": N_("no address known"),
    "opted_out": N_("asked not to be written to here"),
    "unusable": N_("this address does not work"),
    "window_closed": N_("wrote too long ago: only an approved text may go there now"),
    "cannot": N_("nobody can be written to here"),
}


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """One channel and one address of its type, as looked up. `refusal` is a code of deliveries/permission.

    `last_here`, `last_in`: when they last wrote from there, in this conversation and in any. `main`: an
    address of the conversation's main contact, not of somebody else who takes part.
    """

    channel_id: int
    address_id: int
    address: str
    name: str
    root_id: int
    verified: bool
    shared: bool
    refusal: str
    detail: str
    last_here: datetime | None
    last_in: datetime | None
    preferred: str
    main: bool


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """A channel and an address on it. `why_not` is "" for a way that can be used now, else a code of NOT.

    `reason` is a code of REASONS or "". `window_until`: until when free text may go there.
    """

    channel: Channel
    can: Capabilities
    address_id: int | None = None
    address: str = ""
    name: str = ""
    root_id: int | None = None
    verified: bool = False
    shared: bool = False
    main: bool = False
    reason: str = ""
    why_not: str = ""
    detail: str = ""
    window_until: datetime | None = None

    @property
    def approved_only(self) -> bool:
        """Free text may not go there now, an approved one may."""
        return self.why_not == "window_closed" and self.can.approved_texts

    def words(self) -> str:
        """Why this one, or why not, in the language being spoken; "" for a plain one."""
        if not self.why_not:
            return _(REASONS[self.reason]) if self.reason else ""
        if self.why_not == "unusable" and self.detail:
            return words("unusable", self.detail)
        return _(NOT[self.why_not])


async def ways(tx: Tx, conversation_id: int, contact_id: int, *, at: datetime) -> list[Way]:
    """Every enabled channel with every address of the contact and of those who take part, the best first."""
    channels = await connections.enabled(tx)
    return decide(channels, await look_up(tx, channels, conversation_id, contact_id), at)


async def look_up(tx: Tx, channels: Sequence[Channel], conversation_id: int, contact_id: int) -> list[Option]:
    """What `decide` may look at."""
    return await tx.rows(
        Option,
        f"""
        WITH people AS (
            SELECT root_id, true AS main FROM contact WHERE id = $3
            UNION
            SELECT c.root_id, false FROM participant p JOIN address a ON a.id = p.address_id
            JOIN contact c ON c.id = a.contact_id
            WHERE p.conversation_id = $4 AND p.role IN ('main', 'cc')
        ), d AS (
            SELECT w.channel_id, a.id AS address_id, a.value AS address, a.verified, a.shared, a.why_not,
                   r.id AS root_id, r.name, r.preferred_channel, bool_or(people.main) AS main,
                   'service' AS purpose, NULL::timestamptz AS window_until, NULL::timestamptz AS leave_before,
                   NULL::bigint AS interest_id
            FROM unnest($1::bigint[], $2::text[]) AS w (channel_id, type)
            CROSS JOIN people JOIN contact r ON r.id = people.root_id JOIN contact c ON c.root_id = r.id
            JOIN address a ON a.contact_id = c.id AND a.type = w.type
            GROUP BY w.channel_id, a.id, r.id
        )
        SELECT d.channel_id, d.address_id, d.address, d.name, d.root_id, d.verified, d.shared, d.main,
               coalesce({WHY_NOT}, '') AS refusal, d.why_not AS detail, d.preferred_channel AS preferred,
               (SELECT m.created_at FROM message m WHERE m.address_id = d.address_id AND m.direction = 'in'
                AND m.channel_id = d.channel_id AND m.conversation_id = $4 ORDER BY m.id DESC LIMIT 1)
                   AS last_here,
               (SELECT m.created_at FROM message m WHERE m.address_id = d.address_id AND m.direction = 'in'
                AND m.channel_id = d.channel_id ORDER BY m.id DESC LIMIT 1) AS last_in
        FROM d ORDER BY d.channel_id, d.address_id LIMIT 200
        """,
        [one.id for one in channels],
        [adapter(one.kind).can.address_type for one in channels],
        contact_id,
        conversation_id,
    )


def decide(channels: Sequence[Channel], options: Sequence[Option], at: datetime) -> list[Way]:
    """All ways, the best first: last used here, preferred, used before, cheapest; the impossible last.

    A channel without any address stands once, and says so.
    """
    by_id = {one.id: one for one in channels}
    newest = max((one.last_here for one in options if one.last_here), default=None)
    ranked = sorted(options, key=lambda one: _rank(by_id[one.channel_id], one, newest, at))
    found = [_way(by_id[one.channel_id], one, newest, at) for one in ranked]
    found = _with_cheapest(found)
    reached = {one.channel_id for one in options}
    found += [
        Way(channel=one, can=adapter(one.kind).can, why_not="no_address")
        for one in channels
        if one.id not in reached and adapter(one.kind).can.sends
    ]
    return found


def _way(channel: Channel, option: Option, newest: datetime | None, at: datetime) -> Way:
    can = adapter(channel.kind).can
    return Way(
        channel=channel,
        can=can,
        address_id=option.address_id,
        address=option.address,
        name=option.name,
        root_id=option.root_id,
        verified=option.verified,
        shared=option.shared,
        main=option.main,
        reason=_reason(channel, option, newest),
        why_not=_why_not(can, option, at),
        detail=option.detail,
        window_until=ends(option.last_in, can),
    )


def _why_not(can: Capabilities, option: Option, at: datetime) -> str:
    if not can.sends:
        return "cannot"
    if option.refusal:
        return option.refusal
    return "window_closed" if (ends(option.last_in, can) or at) < at else ""


def _reason(channel: Channel, option: Option, newest: datetime | None) -> str:
    if option.last_here is not None and option.last_here == newest:
        return "last_used"
    if option.preferred and option.preferred in (channel.kind, channel.key):
        return "preferred"
    return "known" if option.last_in else ""


def _rank(
    channel: Channel, option: Option, newest: datetime | None, at: datetime
) -> tuple[bool, int, float, float, int, int]:
    can = adapter(channel.kind).can
    order = {"last_used": 0, "preferred": 1, "known": 2, "": 3}
    return (
        _why_not(can, option, at) != "",
        order[_reason(channel, option, newest)],
        -(option.last_in or CLOSED).timestamp(),
        can.cost,
        channel.id,
        option.address_id,
    )


def _with_cheapest(ways: Sequence[Way]) -> list[Way]:
    """The cheapest of the usable ones says so, if nothing better is to be said of it."""
    usable = [one for one in ways if not one.why_not]
    if len(usable) < 2:
        return list(ways)
    best = min(usable, key=lambda one: one.can.cost)
    word = "cheapest" if best.can.cost else "free"
    return [
        msgspec.structs.replace(one, reason=word) if one is best and not one.reason else one for one in ways
    ]
