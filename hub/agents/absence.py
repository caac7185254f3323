"""The calendar of who is away, until when, and who covers; what moves because of it is routing/covering's."""

from __future__ import annotations

from datetime import datetime

import msgspec

from hub.plumbing import clock, history
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Conflict, NotFound
from hub.plumbing.texts import _

MOST_REASON = 500


class Absence(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody away from `starts_at` until `ends_at`, the moment of their return.

    `begun_at`: conversations went to the deputy; `ended_at`: they came back, or it was called off before.
    """

    id: int
    agent_id: int
    agent_name: str
    deputy_id: int | None
    deputy_name: str | None
    starts_at: datetime
    ends_at: datetime
    reason: str
    begun_at: datetime | None
    ended_at: datetime | None


async def plan(
    tx: Tx,
    agent_id: int,
    deputy_id: int | None,
    starts_at: datetime,
    ends_at: datetime,
    reason: str = "",
    *,
    by: int | None = None,
) -> Absence:
    """Somebody will be away, or is from now on. Raises BadInput, NotFound; Conflict when they are away then already."""
    _check_dates(starts_at, ends_at)
    await _check_people(tx, agent_id, deputy_id)
    await _check_free(tx, agent_id, starts_at, ends_at)
    id_: int = await tx.value(
        """
        INSERT INTO absence (agent_id, deputy_id, starts_at, ends_at, reason)
        VALUES ($1, $2, $3, $4, $5) RETURNING id
        """,
        agent_id,
        deputy_id,
        starts_at,
        ends_at,
        " ".join(reason.split())[:MOST_REASON],
    )
    await _tell(tx, "absence_planned", id_, agent_id, by)
    return await find(tx, id_)


async def cancel(tx: Tx, absence_id: int, *, by: int | None = None) -> Absence:
    """Call it off, or come back early: what was covered returns at once. Raises NotFound, Conflict when it is over."""
    known = await _locked(tx, absence_id)
    if known.ended_at is not None:
        raise Conflict(_("This absence is over."))
    if known.begun_at is None:
        await tx.execute("UPDATE absence SET ended_at = now() WHERE id = $1", absence_id)
    else:
        # its end is due now; routing/covering brings back what was covered and notes that it ended
        await tx.execute(
            """
            UPDATE absence SET ends_at = least(ends_at, greatest(now(), starts_at + interval '1 microsecond'))
            WHERE id = $1
            """,
            absence_id,
        )
    await _tell(tx, "absence_cancelled", absence_id, known.agent_id, by)
    return await find(tx, absence_id)


async def find(tx: Tx, absence_id: int) -> Absence:
    """One absence. Raises NotFound."""
    found = await tx.row(Absence, f"{_ABSENCE} WHERE absence.id = $1", absence_id)
    if found is None:
        raise NotFound(_("There is no such absence."))
    return found


async def current(tx: Tx) -> list[Absence]:
    """Who is away now, who returns first at the top."""
    return await tx.rows(
        Absence,
        f"""
        {_ABSENCE} WHERE absence.ended_at IS NULL AND starts_at <= now() AND ends_at > now()
        ORDER BY ends_at, absence.id
        """,
    )


async def coming(tx: Tx) -> list[Absence]:
    """Who will be away, the next one at the top."""
    return await tx.rows(
        Absence,
        f"{_ABSENCE} WHERE absence.ended_at IS NULL AND starts_at > now() ORDER BY starts_at, absence.id",
    )


async def of_agent(tx: Tx, agent_id: int, *, most: int = 50) -> list[Absence]:
    """Everything planned or past of one agent, newest first."""
    return await tx.rows(
        Absence,
        f"{_ABSENCE} WHERE agent_id = $1 ORDER BY starts_at DESC, absence.id DESC LIMIT $2",
        agent_id,
        most,
    )


async def beginning(tx: Tx) -> list[int]:
    """Ids of absences that began and whose conversations were not moved yet, oldest first."""
    rows = await tx.fetch(
        """
        SELECT id FROM absence
        WHERE begun_at IS NULL AND ended_at IS NULL AND starts_at <= now() AND ends_at > now()
        ORDER BY starts_at, id
        """
    )
    return [row["id"] for row in rows]


async def ending(tx: Tx) -> list[int]:
    """Ids of absences that are over and not noted as ended yet, oldest first."""
    rows = await tx.fetch(
        "SELECT id FROM absence WHERE ended_at IS NULL AND ends_at <= now() ORDER BY ends_at, id"
    )
    return [row["id"] for row in rows]


async def begin(tx: Tx, absence_id: int) -> Absence | None:
    """Note that it began; None when another process was faster or it was called off."""
    return await _note(
        tx,
        """
        UPDATE absence SET begun_at = now()
        WHERE id = $1 AND begun_at IS NULL AND ended_at IS NULL AND starts_at <= now() AND ends_at > now()
        RETURNING id
        """,
        absence_id,
        "absence_began",
    )


async def end(tx: Tx, absence_id: int) -> Absence | None:
    """Note that it ended; None when another process was faster."""
    return await _note(
        tx,
        "UPDATE absence SET ended_at = now() WHERE id = $1 AND ended_at IS NULL AND ends_at <= now() RETURNING id",
        absence_id,
        "absence_ended",
    )


def _check_dates(starts_at: datetime, ends_at: datetime) -> None:
    if starts_at.tzinfo is None or ends_at.tzinfo is None:
        raise ValueError("an absence needs moments with a zone")
    if ends_at <= starts_at:
        raise BadInput(_("The return must be after the beginning."), field="ends_at")
    if ends_at <= clock.now():
        raise BadInput(_("The return must lie ahead."), field="ends_at")


async def _check_people(tx: Tx, agent_id: int, deputy_id: int | None) -> None:
    """Locks the absent agent, so that two overlapping plans see each other."""
    if await tx.value("SELECT active FROM agent WHERE id = $1 FOR NO KEY UPDATE", agent_id) is None:
        raise NotFound(_("There is no such agent."), field="agent")
    if deputy_id == agent_id:
        raise BadInput(_("Nobody covers for themselves: choose somebody else."), field="deputy")
    if deputy_id is not None and not await tx.value("SELECT active FROM agent WHERE id = $1", deputy_id):
        raise BadInput(_("Choose somebody who works here."), field="deputy")


async def _check_free(tx: Tx, agent_id: int, starts_at: datetime, ends_at: datetime) -> None:
    overlaps = await tx.value(
        """
        SELECT EXISTS (SELECT FROM absence
                       WHERE agent_id = $1 AND ended_at IS NULL AND starts_at < $3 AND ends_at > $2)
        """,
        agent_id,
        starts_at,
        ends_at,
    )
    if overlaps:
        raise Conflict(
            _("There is an absence in these days already: change or cancel that one."), field="starts_at"
        )


async def _locked(tx: Tx, absence_id: int) -> Absence:
    await tx.execute("SELECT FROM absence WHERE id = $1 FOR NO KEY UPDATE", absence_id)
    return await find(tx, absence_id)


async def _note(tx: Tx, sql: str, absence_id: int, verb: str) -> Absence | None:
    if await tx.value(sql, absence_id) is None:
        return None
    noted = await find(tx, absence_id)
    await _tell(tx, verb, absence_id, noted.agent_id, None)
    return noted


async def _tell(tx: Tx, verb: str, absence_id: int, agent_id: int, by: int | None) -> None:
    await history.record(tx, verb, agent_id=by, absence=absence_id, agent=agent_id)
    tx.signal("absence", absence_id, ["absences", f"agent:{agent_id}"])


_ABSENCE = """
SELECT absence.id, agent_id, agent.name AS agent_name, deputy_id, deputy.name AS deputy_name, starts_at, ends_at,
       reason, begun_at, ended_at
FROM absence JOIN agent ON agent.id = agent_id LEFT JOIN agent AS deputy ON deputy.id = deputy_id
"""
