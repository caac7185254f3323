"""What to read of a mailbox whose numbering is new to us: recent mail, never its whole past."""

from __future__ import annotations

from datetime import date, timedelta

from hub.channels.connections import Channel
from hub.channels.email.imap_answers import search_date
from workers.mailroom.cursor import Place

USUAL_DAYS = 1
UNSEEN_DAYS = 30
OVERLAP = timedelta(days=3)
MOST_DAYS = 3650


def criteria(channel: Channel, place: Place) -> str:
    """The IMAP search for what to read first, or "" for nothing.

    First connect: the last `imap_backfill_days` days (default 1, 0 for none), and what nobody has read of the last
    30. A mailbox numbered anew: everything since shortly before we last looked; what we have is recognised.
    """
    today = place.now.date()
    if place.checked_at is not None:
        return since(place.checked_at.date(), OVERLAP)
    days = _days(channel.settings.get("imap_backfill_days"))
    if days == 0:
        return ""
    unread = f"UNSEEN {since(today, timedelta(days=max(days, UNSEEN_DAYS)))}"
    return f"OR {since(today, timedelta(days=days))} ({unread})"


def since(day: date, back: timedelta) -> str:
    """`SINCE 19-Nov-2026`; the server's own days, so callers leave some room."""
    return f"SINCE {search_date(day - back)}"


def _days(setting: object) -> int:
    try:
        return min(max(int(str(setting)), 0), MOST_DAYS) if setting is not None else USUAL_DAYS
    except ValueError:
        return USUAL_DAYS
