"""From a stored list row to the row a template shows."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from hub.channels.registry import adapter
from hub.channels.spelling import shown
from hub.conversations.inbox import ListRow
from hub.plumbing.texts import _
from hub.web.views import COLOURS, ChannelMark, Direction, Named, Person, Row, State

LATEST = 9_000_000_000_000_000
"""More than any moment in microseconds, and still a whole number in a browser."""


def mark(kind: str, name: str) -> ChannelMark:
    """How a channel is drawn: what its kind declares, and its own name."""
    can = adapter(kind).can
    return ChannelMark(icon=can.icon, colour=can.colour if can.colour in COLOURS else "grey", name=name)


def titled(kind: str, channel_name: str, subject: str) -> str:
    """What a conversation is called: its subject, and where there are none the line it came by."""
    return subject or ("" if adapter(kind).can.subject else channel_name)


def row(stored: ListRow, *, view: str = "", live: bool = False) -> Row:
    """One row; `live` leaves out what is each viewer's own, `view` is the list it stands in."""
    return Row(
        id=stored.id,
        version=stored.version,
        key=_key(stored, view),
        subject=titled(stored.channel_kind, stored.channel_name, stored.subject),
        contact=Named(id=stored.contact_id, name=shown(stored.contact_name)),
        at=stored.last_message_at,
        preview=stored.last_preview,
        direction=cast(Direction, stored.last_direction),
        last_seq=stored.last_seq,
        channel=mark(stored.channel_kind, stored.channel_name),
        account=named(stored.account_id, stored.account_name),
        assignee=person(stored.assignee_id, stored.assignee_name),
        team=named(stored.team_id, stored.team_name),
        state=cast(State, stored.state),
        priority=stored.priority,
        waiting_since=stored.waiting_since,
        until=stored.snoozed_until,
        tags=stored.tags,
        unread=None if live else stored.unread,
        draft=stored.draft and not live,
        address=f"/inbox/{view}/c/{stored.id}" if view and not live else "",
        reason=_("covering for %(name)s", name=stored.covering_for_name) if stored.covering_for_name else "",
    )


def named(id_: int | None, name: str | None) -> Named | None:
    """An id and a name, if there is one."""
    return None if id_ is None else Named(id=id_, name=name or "")


def person(id_: int | None, name: str | None) -> Person | None:
    """An agent, if there is one."""
    return None if id_ is None else Person(id=id_, name=name or "")


def _key(stored: ListRow, view: str) -> str:
    """The greatest stands first; what is snoozed comes back soonest first."""
    if view == "snoozed":
        return str(LATEST - microseconds(stored.snoozed_until or stored.sort_at))
    return str(microseconds(stored.sort_at))


def microseconds(at: datetime) -> int:
    """A moment as whole microseconds since 1970."""
    return int(at.timestamp() * 1_000_000)
