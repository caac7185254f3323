"""In which order an agent looks at a list: bands, one after the other, each read along an index (PERFORMANCE.md §3)."""

from __future__ import annotations

from datetime import datetime

import msgspec

from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import N_, _


class Band(msgspec.Struct, frozen=True):
    """One stretch of a list: a condition on `conversation`, and whether who waits longest stands first in it.

    Else the newest does. `after` takes the place to go on from as $2 and $3.
    """

    where: str = "true"
    waiting: bool = False

    @property
    def at(self) -> str:
        """The column its rows are ordered by."""
        return "waiting_since" if self.waiting else "last_message_at"

    @property
    def order(self) -> str:
        """What stands behind ORDER BY."""
        return "waiting_since, id" if self.waiting else "last_message_at DESC, id DESC"

    @property
    def after(self) -> str:
        """Behind that place."""
        if self.waiting:
            return "(waiting_since, id) > (coalesce($2::timestamptz, '-infinity'), coalesce($3::bigint, 0))"
        return """
            (last_message_at, id)
                < (coalesce($2::timestamptz, 'infinity'), coalesce($3::bigint, 9223372036854775807))
        """


NEWEST = Band()
LEVELS = ("urgent", "high", "normal", "low")
SORTS: dict[str, tuple[Band, ...]] = {
    "newest": (NEWEST,),
    "waiting": (Band("waiting_since IS NOT NULL", waiting=True), Band("waiting_since IS NULL")),
    "priority": tuple(Band(f"priority = '{level}'") for level in LEVELS),
}
NAMES = {"newest": N_("Newest first"), "waiting": N_("Longest waiting"), "priority": N_("By priority")}


def band_of(sort: str, waiting_since: datetime | None, priority: str) -> int:
    """In which band of a sort a conversation stands."""
    if sort == "waiting":
        return int(waiting_since is None)
    return LEVELS.index(priority) if sort == "priority" else 0


def sortable(view: str) -> bool:
    """Whether a view, named as the inbox or an address names it, may be sorted: where people wait."""
    return view in ("mine", "unassigned", "all") or view.startswith("team")


async def chosen(tx: Tx, agent_id: int, view: str) -> str:
    """The sort this agent looks at a view in."""
    found = await tx.value("SELECT sort FROM view_sort WHERE agent_id = $1 AND view = $2", agent_id, view)
    return found or "newest"


async def choose(tx: Tx, agent_id: int, view: str, sort: str) -> None:
    """From now on, on every device of theirs. Raises BadInput."""
    if not sortable(view) or sort not in SORTS:
        raise BadInput(_("Use one of: %(allowed)s.", allowed=", ".join(SORTS)), field="sort")
    await tx.execute(
        """
        INSERT INTO view_sort (agent_id, view, sort) VALUES ($1, $2, $3)
        ON CONFLICT (agent_id, view) DO UPDATE SET sort = excluded.sort
        """,
        agent_id,
        view,
        sort,
    )
