"""The list of a view: which rows, which live topic, where the next page is."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import msgspec

from hub.agents.roles import Person
from hub.conversations import inbox, sorting
from hub.conversations.inbox import PAGE, VIEWS, ListRow, Place
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, NotFound
from hub.plumbing.texts import _
from hub.web.inbox.rows import end_key, microseconds, row
from hub.web.views import Choice, ListPane, Named

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class View(msgspec.Struct, frozen=True):
    """A view as it stands in addresses: `key` mine or team-3, `read` what the inbox calls it."""

    key: str
    read: str

    @property
    def team_id(self) -> int | None:
        """The team of a team's view."""
        return int(self.read.partition(":")[2]) if self.read.startswith("team:") else None

    def topic(self, person: Person) -> str:
        """The live topics of the list, parted by a space: what is snoozed and nobody's is everybody's."""
        if self.key == "snoozed":
            return f"snoozed:{person.id} snoozed"
        return f"{self.key}:{person.id}" if self.key in ("mine", "drafts", "mentions") else self.read


class Spot(msgspec.Struct, frozen=True):
    """Where a page begins: behind a place in one band of the view's sort."""

    band: int = 0
    place: Place | None = None


def view_of(text: str) -> View:
    """The view named in an address: mine, team-3 or team:3. Raises NotFound."""
    if team := re.fullmatch(r"team[-:]([0-9]{1,18})", text):
        return View(f"team-{team[1]}", f"team:{team[1]}")
    if text not in VIEWS:
        raise NotFound(_("There is no such view."))
    return View(text, text)


TOP = Spot()


async def list_pane(
    tx: Tx,
    person: Person,
    view: View,
    cursor: str,
    *,
    teams: list[Named],
    before: Spot = TOP,
    sort: str = "",
    selected: int | None = None,
) -> ListPane:
    """One page of a list, in this sort or the one the person chose. Raises NotFound for a team they may not see."""
    title, sorts = _title(view, teams), sorting.sortable(view.key)
    if not sorts:
        sort = "newest"
    elif sort not in sorting.SORTS:
        sort = await sorting.chosen(tx, person.id, view.key)
    rows = await inbox.page_of(
        tx, view.read, person.id, before.place, most=PAGE + 1, sort=sort, first=before.band
    )
    more = len(rows) > PAGE
    return ListPane(
        view=view.key,
        topic=view.topic(person),
        rows=[row(one, view=view.key) for one in rows[:PAGE]],
        cursor=cursor,
        title=title,
        more=f"/inbox/{view.key}?sort={sort}&before={_spot(rows[PAGE - 1], sort)}" if more else "",
        end=end_key(rows[PAGE - 1], view.key, sort) if more else "",
        sort=sort if sorts else "",
        by=list(sorting.SORTS).index(sort),
        sorts=[Choice(value=one, name=_(name)) for one, name in sorting.NAMES.items()],
        selected=selected,
    )


def spot_of(text: str) -> Spot:
    """The place in the query `before`, as `more` wrote it. Raises BadInput."""
    if not text:
        return TOP
    found = re.fullmatch(r"(?:([0-3]),)?([0-9]{1,16}),([0-9]{1,18})", text)
    if not found:
        raise BadInput(_("This is no place in a list: open the list again."), field="before")
    return Spot(int(found[1] or 0), (EPOCH + timedelta(microseconds=int(found[2])), int(found[3])))


def _title(view: View, teams: list[Named]) -> str:
    if view.team_id is not None:
        found = next((team.name for team in teams if team.id == view.team_id), None)
        if found is None:
            raise NotFound(_("There is no such view."))
        return found
    return {"snoozed": _("Snoozed"), "drafts": _("Drafts"), "mentions": _("Mentions")}.get(view.key, "")


def _spot(stored: ListRow, sort: str) -> str:
    band = sorting.band_of(sort, stored.waiting_since, stored.priority)
    return f"{band},{microseconds(stored.sort_at)},{stored.id}"
