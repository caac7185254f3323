"""The lists: what stands where, in which order, page by page, and what an outsider never sees."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hub.conversations import drafts, inbox, reading, sorting
from hub.conversations.counters import counters
from hub.plumbing.db import Tx
from hub.plumbing.errors import NotFound
from tests.conversations.making import MORNING, conversation, said
from tests.world import World


async def ids(tx: Tx, view: str, agent: int, **more: object) -> list[int]:
    return [row.id for row in await inbox.page_of(tx, view, agent, **more)]  # type: ignore[arg-type]


async def test_each_view_shows_its_own_newest_first(tx: Tx, world: World) -> None:
    mine = await conversation(tx, world, assignee=world.ana)
    mine_later = await conversation(tx, world, assignee=world.ana, at=MORNING + timedelta(hours=1))
    free = await conversation(tx, world, team=world.support)
    done = await conversation(tx, world, state="closed", assignee=world.ana)
    noise = await conversation(tx, world, state="aside")
    asleep = await conversation(
        tx, world, state="snoozed", assignee=world.ana, until=MORNING + timedelta(days=900)
    )
    assert await ids(tx, "mine", world.ana) == [mine_later, mine]
    assert await ids(tx, "mine", world.luis) == []
    assert await ids(tx, "unassigned", world.luis) == [free]
    assert await ids(tx, f"team:{world.support}", world.luis) == [free]
    assert await ids(tx, "all", world.luis) == [mine_later, free, mine]
    assert await ids(tx, "closed", world.luis) == [done]
    assert await ids(tx, "aside", world.luis) == [noise]
    assert await ids(tx, "snoozed", world.ana) == [asleep]


async def test_pages_follow_one_another_without_hole_or_double(tx: Tx, world: World) -> None:
    made = [await conversation(tx, world, at=MORNING + timedelta(minutes=n // 3)) for n in range(25)]
    seen: list[int] = []
    before = None
    for _page in range(4):
        rows = await inbox.unassigned(tx, world.ana, before, most=7)
        seen += [row.id for row in rows]
        before = (rows[-1].sort_at, rows[-1].id)
    assert len(seen) == len(set(seen)) == 25
    assert set(seen) == set(made)


async def test_snoozed_pages_come_back_soonest_first(tx: Tx, world: World) -> None:
    days = [3, 1, 2]
    made = {
        n: await conversation(
            tx, world, state="snoozed", assignee=world.ana, until=MORNING + timedelta(days=900 + n)
        )
        for n in days
    }
    first = await inbox.snoozed(tx, world.ana, most=2)
    rest = await inbox.snoozed(tx, world.ana, (first[-1].sort_at, first[-1].id))
    assert [row.id for row in first + rest] == [made[1], made[2], made[3]]


async def test_where_one_has_begun_to_write_is_one_row_a_conversation(tx: Tx, world: World) -> None:
    begun = [await conversation(tx, world, state=state) for state in ("open", "closed", "open", "snoozed")]
    secret = await conversation(tx, world, team=world.legal)
    for n, id_ in enumerate([*begun, secret]):
        await drafts.save(tx, id_, world.ana, mode="reply", text="Hola", version=0)
        await tx.execute(
            "UPDATE draft SET updated_at = $2 WHERE conversation_id = $1", id_, MORNING + timedelta(minutes=n)
        )
    await drafts.save(tx, begun[0], world.ana, mode="note", text="ojo", version=0)
    await drafts.save(tx, begun[1], world.luis, mode="reply", text="Yo", version=0)
    first = await inbox.drafted(tx, world.ana, most=3)
    rest = await inbox.drafted(tx, world.ana, (first[-1].sort_at, first[-1].id), most=3)
    assert [row.id for row in first + rest] == [begun[0], begun[3], begun[2], begun[1]], "not the outsider's"
    assert (await counters(tx, world.ana)).drafts == 4
    await drafts.drop(tx, begun[0], world.ana, "note")
    assert (await ids(tx, "drafts", world.ana))[-1] == begun[0]
    assert await ids(tx, "drafts", world.luis) == [begun[1]]


class Counting(Tx):
    """Counts what it asks the database."""

    asked = 0

    async def fetch(self, sql: str, *values: Any) -> list[Any]:
        self.asked += 1
        return await super().fetch(sql, *values)


async def test_a_sorted_list_has_neither_hole_nor_double(tx: Tx, world: World) -> None:
    """By who waits, those who wait come before the others; by priority the urgent; inside a band as said."""
    made: list[int] = []
    for n in range(24):
        at, waits = MORNING + timedelta(minutes=n * 7 % 5), MORNING - timedelta(hours=n * 5 % 7)
        level, owner = ("normal", "urgent", "low", "high")[n % 4], world.ana if n % 2 else None
        id_ = await conversation(
            tx, world, at=at, priority=level, assignee=owner, team=None if n % 5 else world.support
        )
        if n % 6 == 4:  # nobody's, and Ana was named in it
            note = await said(tx, world, id_, "@Ana", direction="note", agent=world.luis)
            await tx.execute("INSERT INTO mention (message_id, agent_id) VALUES ($1, $2)", note, world.ana)
        await tx.execute(
            "UPDATE conversation SET waiting_since = $2, last_message_at = $3 WHERE id = $1",
            id_,
            waits if n % 3 else None,
            at,
        )
        made.append(id_)
    rows = await inbox.by_ids(tx, made, world.ana)
    newest = sorted(rows, key=lambda row: (row.last_message_at, row.id), reverse=True)
    longest = sorted(rows, key=lambda row: (row.waiting_since or MORNING, row.id))
    wanted = {
        "waiting": [row for row in longest if row.waiting_since]
        + [row for row in newest if not row.waiting_since],
        "priority": sorted(newest, key=lambda row: sorting.LEVELS.index(row.priority)),
    }
    for sort, everybody in wanted.items():
        for view, many in (("all", 24), ("mine", 16), ("unassigned", 12), (f"team:{world.support}", 5)):
            inside = await ids(tx, view, world.ana)
            assert len(inside) == many
            assert await paged(tx, view, world.ana, sort) == [row.id for row in everybody if row.id in inside]


async def paged(tx: Tx, view: str, agent: int, sort: str) -> list[int]:
    """All rows of a sorted view, five a page, each page asked for once whatever bands it reaches into."""
    seen: list[int] = []
    place, band = None, 0
    while True:
        counting = Counting(tx.connection)
        rows = await inbox.page_of(counting, view, agent, place, most=5, sort=sort, first=band)
        assert counting.asked == 1
        seen += [row.id for row in rows]
        if len(rows) < 5:
            return seen
        last = rows[-1]
        band = sorting.band_of(sort, last.waiting_since, last.priority)
        place = (last.sort_at, last.id)


async def test_the_outsider_never_sees_a_restricted_teams_conversation(tx: Tx, world: World) -> None:
    secret = await conversation(tx, world, team=world.legal)
    for view in ("unassigned", "all", f"team:{world.legal}"):
        assert await ids(tx, view, world.ana) == []
        assert await ids(tx, view, world.lola) == []
        assert await ids(tx, view, world.olga) == [secret]
        assert await ids(tx, view, world.berta) == [secret]
    assert [row.id for row in await inbox.by_ids(tx, [secret], world.ana)] == []


async def test_a_row_says_whose_it_is_and_what_is_new_for_me(tx: Tx, world: World) -> None:
    id_ = await conversation(tx, world, assignee=world.ana, team=world.support, account=world.acme)
    await said(tx, world, id_, "Primera")
    await said(tx, world, id_, "Segunda")
    [row] = await inbox.mine(tx, world.ana)
    assert (row.contact_name, row.account_name, row.assignee_name, row.team_name) == (
        "Marta Ruiz",
        "Acme",
        "Ana",
        "Support",
    )
    assert (row.unread, row.last_preview, row.last_direction, row.channel_kind) == (
        2,
        "Segunda",
        "in",
        "email",
    )
    await reading.read(tx, id_, world.ana)
    [row] = await inbox.mine(tx, world.ana)
    assert row.unread == 0
    [row] = await inbox.all_open(tx, world.luis)
    assert row.unread == 2


async def test_mine_holds_what_i_was_named_in_until_i_have_looked(tx: Tx, world: World) -> None:
    id_ = await conversation(tx, world, assignee=world.ana)
    await said(tx, world, id_)
    note = await said(tx, world, id_, "@Luis, ¿lo ves tú?", direction="note", agent=world.ana)
    await tx.execute("INSERT INTO mention (message_id, agent_id) VALUES ($1, $2)", note, world.luis)
    assert await ids(tx, "mine", world.luis) == [id_]
    assert await ids(tx, "mentions", world.luis) == [id_]
    await reading.read(tx, id_, world.luis)
    assert await ids(tx, "mine", world.luis) == []
    assert await ids(tx, "mentions", world.luis) == [id_]


async def test_a_nameless_contact_is_shown_by_address(tx: Tx, world: World) -> None:
    await tx.execute("UPDATE contact SET name = '' WHERE id = $1", world.jorge)
    await conversation(tx, world, contact=world.jorge)
    [row] = await inbox.unassigned(tx, world.ana)
    assert row.contact_name == "jorge@gmail.com"


@pytest.mark.parametrize(
    "view", ["", "nothing", "team:", "team:x", "team:1;drop", "team:99999999999999999999"]
)
async def test_an_unknown_view_is_not_found(tx: Tx, world: World, view: str) -> None:
    with pytest.raises(NotFound):
        await inbox.page_of(tx, view, world.ana)
