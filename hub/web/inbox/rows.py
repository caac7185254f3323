"""From a stored list row to the row a template shows."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from hub.channels.registry import adapter
from hub.channels.spelling import shown
from hub.conversations import sorting
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
        key=_key(stored, view, live),
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
        draft=stored.draft,
        address=f"/inbox/{view}/c/{stored.id}" if view and not live else "",
        reason=_("covering for %(name)s", name=stored.covering_for_name) if stored.covering_for_name else "",
    )


def named(id_: int | None, name: str | None) -> Named | None:
    """An id and a name, if there is one."""
    return None if id_ is None else Named(id=id_, name=name or "")


def person(id_: int | None, name: str | None) -> Person | None:
    """An agent, if there is one."""
    return None if id_ is None else Person(id=id_, name=name or "")


def end_key(last: ListRow, view: str, sort: str) -> str:
    """Just behind the last row shown: what belongs further down stands on the next page."""
    keys = _key(last, view, live=False).split()
    return str(int(keys[list(sorting.SORTS).index(sort)]) - 1)


def _key(stored: ListRow, view: str, live: bool) -> str:
    """The greatest stands first; what is snoozed comes back soonest first. Lists that are sorted have a key a sort."""
    if view == "snoozed":
        return str(LATEST - microseconds(stored.snoozed_until or stored.sort_at))
    if sorting.sortable(view) or (live and not view):
        return " ".join(_sorted(stored, sort) for sort in sorting.SORTS)
    return str(microseconds(stored.sort_at))


def _sorted(stored: ListRow, sort: str) -> str:
    """Its key in one sort: later bands are below, whatever the moment."""
    bands = sorting.SORTS[sort]
    band = sorting.band_of(sort, stored.waiting_since, stored.priority)
    waiting = bands[band].waiting and stored.waiting_since
    moment = LATEST - microseconds(waiting) if waiting else microseconds(stored.last_message_at)
    return str((len(bands) - 1 - band) * LATEST + moment)


def microseconds(at: datetime) -> int:
    """A moment as whole microseconds since 1970."""
    return int(at.timestamp() * 1_000_000)
