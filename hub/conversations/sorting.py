"""In which order an agent looks at a list: bands, one after the other, each read along an index (PERFORMANCE.md §3)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache

import msgspec

from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import N_, _


class Band(msgspec.Struct, frozen=True):
    """One stretch of a list: a condition on `conversation`, and whether who waits longest stands first in it.

    Else the newest does.
    """

    where: str = "true"
    waiting: bool = False

    @property
    def at(self) -> str:
        """The column its rows are ordered by."""
        return "waiting_since" if self.waiting else "last_message_at"

    @property
    def order(self) -> str:
        """What stands behind ORDER BY where `at` is called sort_at."""
        return "sort_at, id" if self.waiting else "sort_at DESC, id DESC"

    @property
    def after(self) -> str:
        """Behind the place in $2 and $3. Where that is says nothing to the planner: it would plan each page anew."""
        if self.waiting:
            return """
                (waiting_since, id)
                    > ((SELECT coalesce($2::timestamptz, '-infinity')), (SELECT coalesce($3::bigint, 0)))
            """
        return """
            (last_message_at, id)
                < ((SELECT coalesce($2::timestamptz, 'infinity')), (SELECT coalesce($3::bigint, 9223372036854775807)))
        """


NEWEST = Band()
ALONE = (NEWEST,)
LEVELS = ("urgent", "high", "normal", "low")
SORTS: dict[str, tuple[Band, ...]] = {
    "newest": ALONE,
    "waiting": (Band("waiting_since IS NOT NULL", waiting=True), Band("waiting_since IS NULL")),
    "priority": tuple(Band(f"priority = '{level}'") for level in LEVELS),
}
NAMES = {"newest": N_("Newest first"), "waiting": N_("Longest waiting"), "priority": N_("By priority")}


class Page(msgspec.Struct, frozen=True):
    """Among the parts of a WITH: `page`, conversations with their `sort_at`; and what stands behind ORDER BY for it."""

    parts: str
    order: str


@cache
def page(bands: tuple[Band, ...], most: int | str, *sources: str) -> Page:
    """The first `most` conversations of these bands, all in one statement; $2 and $3 are a place in the first.

    `sources`: FROM and WHERE of where they are looked for, constants of the calling function. A later band is read only
    where those before it leave room. Ids alone are put in order: whole rows carried through each step take longer.
    """
    if len(bands) == 1:
        [band] = bands
        return Page(f"page AS ({_first(band, most, band.after, sources, 'conversation.*')})", band.order)
    parts = []
    for n, band in enumerate(bands):
        room = " + ".join(f"(SELECT count(*) FROM band_{earlier})" for earlier in range(n))
        ids = _first(band, most, f"{room} < {most}" if n else band.after, sources, "conversation.id")
        parts.append(f"""
            band_{n} AS (SELECT *, {n} AS band, row_number() OVER (ORDER BY {band.order}) AS nth FROM ({ids}) AS found)
        """)
    ids = " UNION ALL ".join(f"SELECT * FROM band_{n}" for n in range(len(bands)))
    parts.append(f"""
        page AS (SELECT conversation.*, sort_at, band, nth
                 FROM (SELECT * FROM ({ids}) AS every ORDER BY band, nth LIMIT {most}) AS best
                 JOIN conversation USING (id))
    """)
    return Page(",".join(parts), "v.band, v.nth")


def _first(band: Band, most: int | str, which: str, sources: Sequence[str], columns: str) -> str:
    """Of each source the first, and of these the first: each is read along its index, and no further."""
    first = f"ORDER BY {band.order} LIMIT {most}"
    what = f"SELECT {columns}, {band.at} AS sort_at"
    found = [f"{what} {source} AND {band.where} AND {which} {first}" for source in sources]
    if len(found) == 1:
        return found[0]
    return f"SELECT * FROM (({') UNION ALL ('.join(found)})) AS found {first}"


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
