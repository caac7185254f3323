"""Snoozing: out of the way until a moment, back by itself then, or when the customer writes."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from hub.conversations.holding import Held, hold_alone, note, tell
from hub.plumbing import clock
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Conflict
from hub.plumbing.texts import N_, _

LONGEST_DAYS = 730
MORNING = time(9)
PRESETS = {
    "later": N_("Later today"),
    "tomorrow": N_("Tomorrow, 9:00"),
    "monday": N_("Monday, 9:00"),
    "week": N_("In a week, 9:00"),
}


async def snooze(tx: Tx, conversation_id: int, *, agent_id: int | None, until: datetime) -> Held:
    """Show it again at `until`. Raises NotFound, Conflict (closed, aside or joined), BadInput."""
    if not clock.now() < until <= clock.now() + timedelta(days=LONGEST_DAYS):
        raise BadInput(_("Choose a moment in the next two years."), field="until")
    before = await hold_alone(tx, conversation_id)
    if before.state not in ("open", "snoozed"):
        raise Conflict(_("Only an open conversation can be snoozed."))
    if before.snoozed_until == until:
        return before
    await tx.execute(
        """
        UPDATE conversation SET state = 'snoozed', snoozed_until = $2, version = version + 1 WHERE id = $1
        """,
        conversation_id,
        until,
    )
    await note(tx, "snoozed", before, agent_id, until=until.isoformat())
    return await tell(tx, before)


async def wake(tx: Tx, conversation_id: int, *, agent_id: int | None = None) -> Held:
    """Back into the inbox, by a person or because it is time. Raises NotFound, Conflict."""
    before = await hold_alone(tx, conversation_id)
    if before.state != "snoozed":
        return before
    await tx.execute(
        """
        UPDATE conversation SET state = 'open', snoozed_until = NULL, version = version + 1 WHERE id = $1
        """,
        conversation_id,
    )
    await note(tx, "woke", before, agent_id)
    return await tell(tx, before)


async def due(tx: Tx, *, most: int = 100) -> list[int]:
    """Conversations whose time has come; each is woken in a transaction of its own."""
    rows = await tx.fetch(
        """
        SELECT id FROM conversation WHERE state = 'snoozed' AND snoozed_until <= now()
        ORDER BY snoozed_until, id LIMIT $1
        """,
        most,
    )
    return [row["id"] for row in rows]


def moment(words: str, now: datetime, zone: str) -> datetime:
    """When a preset or an ISO date means, in the agent's zone. Raises BadInput."""
    local = now.astimezone(ZoneInfo(zone))
    match words:
        case "later":
            return now + timedelta(hours=3)
        case "tomorrow":
            return _morning(local, 1)
        case "monday":
            return _morning(local, 7 - local.weekday())
        case "week":
            return _morning(local, 7)
    try:
        given = datetime.fromisoformat(words)
    except ValueError as error:
        raise BadInput(_("This is no date and time."), field="until") from error
    return given if given.tzinfo else given.replace(tzinfo=ZoneInfo(zone))


def _morning(local: datetime, days: int) -> datetime:
    return datetime.combine(local.date() + timedelta(days=days), MORNING, local.tzinfo)
