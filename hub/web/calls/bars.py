"""From a stored call of an agent to the bar a template shows."""

from __future__ import annotations

from collections.abc import Sequence

from hub.campaigns import probable
from hub.channels.spelling import shown
from hub.conversations.call_bars import Bar
from hub.plumbing.db import Tx
from hub.plumbing.texts import _
from hub.web.inbox.rows import mark
from hub.web.views.calls import CallBar


async def bars(tx: Tx, stored: Sequence[Bar]) -> list[CallBar]:
    """All of them, each with the campaign that is probably answered."""
    about = await probable.of_calls(tx, [one.id for one in stored])
    return [bar(one, about.get(one.id, "")) for one in stored]


def bar(stored: Bar, campaign: str = "") -> CallBar:
    """The bar, its state in the language being spoken; `campaign` is probably what they ring about."""
    rings = stored.direction == "in" and stored.leg_state in ("ringing", "picked_up")
    drawn = mark(stored.channel_kind, stored.channel_name)
    return CallBar(
        id=stored.id,
        version=stored.version,
        conversation=stored.conversation_id,
        icon=drawn.icon,
        colour=drawn.colour,
        line=drawn.name,
        who=stored.who or shown(stored.number),
        account=stored.account,
        number=shown(stored.number),
        said=_said(stored, rings),
        campaign=campaign,
        since=stored.since,
        rings=rings,
        talks=stored.state == "talking" and not rings,
        mine=not rings,
    )


def _said(stored: Bar, rings: bool) -> str:
    if rings:
        return _("Rings on your telephone")
    if stored.state == "talking":
        return _("On the phone")
    if stored.leg_state in ("ringing", "picked_up"):
        return _("Pick up your telephone and press 1")
    return _("Calling")
