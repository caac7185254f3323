"""From a draft to what each person will really get: frozen, reviewed, approved, sent at its hour and to nobody else."""

from __future__ import annotations

from datetime import date, time

import msgspec
import pytest

from hub.campaigns import (
    approving,
    campaigns,
    deck,
    emptying,
    figures,
    foreseeing,
    lists,
    making,
    preparing,
    recipients,
    running,
    segments,
    steps,
    timing,
)
from hub.campaigns.campaigns import Change, Experiment
from hub.campaigns.conditions import Definition, Group, Listed
from hub.campaigns.schedule import Schedule
from hub.customers import contacts
from hub.customers.consent import Wish, record
from hub.plumbing.errors import BadInput, Conflict
from hub.plumbing.hub import Hub
from tests.campaigns.preparing import ANY_TIME, customers, draft, prepared, worked
from tests.world import World
from workers.campaigning import begin_and_end, freeze
from workers.todo import Chores

BASE = "http://127.0.0.1:8080"


async def rows(hub: Hub, campaign_id: int, step: int = 1) -> dict[int, dict[str, object]]:
    found = await hub.pool.fetch(
        "SELECT * FROM recipient WHERE campaign_id = $1 AND step = $2", campaign_id, step
    )
    return {row["contact_id"]: dict(row) for row in found}


async def test_what_is_missing_is_said_before_anything_is_frozen(hub: Hub, world: World) -> None:
    async with hub.transaction() as tx:
        empty = await campaigns.create(tx, "Vacía", agent_id=world.mario)
        fields = [one.field for one in await preparing.missing(tx, empty)]
        assert fields == ["segment_id", "channel_ids", "1/a/text"]
        with pytest.raises(BadInput):
            await preparing.begin(tx, empty.id, world.mario)
        broken = await draft(tx, world, text="Sin enlace de baja", experiment=Experiment(b=50))
        fields = [one.field for one in await preparing.missing(tx, broken)]
        assert fields == ["1/a/text", "1/b/text"], (
            "what the linter calls an error, and the other variant says nothing"
        )
        fair = await lists.create(tx, "Feria", agent_id=world.mario)
        await lists.grow(tx, fair.id, ["talla"], agent_id=world.mario)
        asked = Definition([Group([Listed(list=fair.id)])])
        segment = await segments.create(tx, name="De la feria", definition=asked, agent_id=world.mario)
        made = await draft(tx, world, text="{{ list.talla }} {{ list.tala }} {{ unsubscribe.link }}")
        await campaigns.change(tx, made.id, Change(segment_id=segment.id), agent_id=world.mario)
        (lacking,) = await preparing.missing(tx, await campaigns.load(tx, made.id))
        assert "list.tala." in lacking.words


async def test_an_audience_nobody_fits_is_a_draft_again_and_says_why(hub: Hub, world: World) -> None:
    async with hub.transaction() as tx:
        made = await draft(tx, world, people="nadie")
    after = await prepared(hub, made.id, world)
    assert (after.state, after.why) == ("draft", "Nadie encaja en este público.")


async def test_each_person_gets_their_own_or_the_reason_why_not(hub: Hub, world: World) -> None:
    async with hub.transaction() as tx:
        people = await customers(tx, 8)
        refused, silent, new, dead, merged, angry, plain, owned = people
        address = {
            row["contact_id"]: row["id"] for row in await tx.fetch("SELECT id, contact_id FROM address")
        }
        await record(
            tx, [Wish(address_id=address[refused], purpose="marketing", granted=False, source="link")]
        )
        await tx.execute("DELETE FROM consent WHERE address_id = $1", address[silent])
        await tx.execute("UPDATE address SET compared = false WHERE id = $1", address[new])
        await tx.execute("UPDATE address SET usable = false WHERE id = $1", address[dead])
        await tx.execute(
            "UPDATE contact SET account_id = $2, account_standing = 'confirmed' WHERE id = $1",
            owned,
            world.acme,
        )
        await tx.execute(
            """
            INSERT INTO conversation (token, contact_id, channel_id, last_channel_id, tags)
            VALUES ('angry', $1, $2, $2, '{queja}')
            """,
            angry,
            world.mail.id,
        )
        made = await draft(tx, world)
        await preparing.begin(tx, made.id, world.mario)
    await _freeze_alone(hub)
    async with hub.transaction() as tx:  # between freezing and filling in
        await tx.execute("UPDATE contact SET root_id = $2 WHERE id = $1", merged, plain)
    after = await worked(hub, made.id)
    assert (after.state, after.total) == ("prepared", 8)
    found = await rows(hub, made.id)
    assert {id_: found[id_]["reason"] for id_ in (refused, silent, new, dead, merged)} == {
        refused: "opted_out",  # the newest word is no
        silent: "no_consent",
        new: "not_compared",
        dead: "unusable",
        merged: "merged",
    }
    ready = [found[id_] for id_ in (angry, plain, owned)]
    assert {row["state"] for row in ready} == {"ready"}
    assert [row["sender_id"] for row in ready] == [world.mario, world.mario, world.ana]
    assert [row["flags"] for row in ready] == [["complaint"], [], []]
    assert ready[1]["variables"] == {"contact.first_name": "Cliente"}
    async with hub.transaction() as tx:
        cards = await deck.page(tx, after, crypto=hub.crypto, base_url=BASE, most=2)
        assert [card.contact_id for card in cards] == [angry, plain], "worst first"
        assert [
            one.contact_id
            for one in await deck.page(tx, after, crypto=hub.crypto, base_url=BASE, after=cards[-1].after)
        ] == [owned]
        with pytest.raises(Conflict):
            await campaigns.change(tx, made.id, campaigns.Change(name="Tarde"), agent_id=world.mario)


async def _freeze_alone(hub: Hub) -> None:
    assert await Chores(hub, {"campaign_freeze": freeze}, most=1).turn() == 1


async def test_what_was_reviewed_is_what_leaves_and_only_from_its_hour_on(hub: Hub, world: World) -> None:
    """One edited, one left out, the number typed; then it starts by itself, once, and finishes when nothing is left."""
    async with hub.transaction() as tx:
        await customers(tx, 4)
        made = await draft(
            tx, world, text="Hola {{ contact.name }}: {{ bought.last }}. {{ unsubscribe.link }}"
        )
    ready = await prepared(hub, made.id, world)
    async with hub.transaction() as tx:
        cards = await deck.page(tx, ready, crypto=hub.crypto, base_url=BASE)
        assert [card.flags for card in cards] == [["empty"]] * 4, (
            "nobody bought anything, and no fallback was given"
        )
        with pytest.raises(Conflict, match="4"):
            await approving.approve(tx, made.id, total=4, agent_id=world.lola)
        for card in cards[:3]:
            own = {"text": f"Hola, {card.contact_name}."}
            edited = await deck.edit(
                tx, made.id, card.id, own, crypto=hub.crypto, base_url=BASE, agent_id=world.lola
            )
            assert edited.content
            assert edited.content.text == own["text"]
            assert edited.flags == []
        long = {"html": "x" * (steps.MOST_HTML + 1)}
        with pytest.raises(BadInput, match=str(steps.MOST_HTML)):
            await deck.edit(
                tx, made.id, cards[3].id, long, crypto=hub.crypto, base_url=BASE, agent_id=world.lola
            )
        await deck.drop(tx, made.id, cards[3].id, world.lola)
        with pytest.raises(BadInput):
            await approving.approve(tx, made.id, total=4, agent_id=world.lola)
        with pytest.raises(Conflict, match="SPF"):
            await approving.approve(tx, made.id, total=3, agent_id=world.lola, troubles=["SPF"])
    async with hub.transaction() as tx:
        approved = await approving.approve(tx, made.id, total=3, agent_id=world.lola)
        assert (approved.state, approved.approved_by) == ("scheduled", world.lola)
        assert await making.make(tx, "x.test") == 0, "its times are still being counted"
        with pytest.raises(Conflict):
            await deck.drop(tx, made.id, cards[0].id, world.lola)
    await worked(hub, made.id)
    await begin_and_end(hub)
    async with hub.transaction() as tx:
        assert (await campaigns.load(tx, made.id)).state == "running"
        assert await running.start_due(tx) == [], "another scheduler finds it begun"
        assert await making.make(tx, "x.test") == 3
        assert [one.people for one in await timing.spread(tx, approved)] == [3]
        progress = await figures.progress(tx, made.id)
        assert (progress.plan, progress.to_go) == ({"dropped": 1}, 3)
    hashes = await hub.pool.fetch("SELECT hash FROM recipient WHERE state = 'made'")
    assert sorted(row["hash"] for row in hashes) == sorted(
        edited_hash(card, f"Hola, {card.contact_name}.") for card in cards[:3]
    )
    await begin_and_end(hub)
    assert await state(hub, made.id) == "running"
    await hub.pool.execute("UPDATE delivery SET state = 'sent', sent_at = now()")
    await begin_and_end(hub)
    assert await state(hub, made.id) == "finished"


def edited_hash(card: deck.Card, text: str) -> bytes:
    assert card.content is not None
    return msgspec.structs.replace(card.content, text=text, short=text).hash


async def state(hub: Hub, campaign_id: int) -> str:
    found: str = await hub.pool.fetchval("SELECT state FROM campaign WHERE id = $1", campaign_id)
    return found


async def test_each_at_ten_of_their_own_day_and_again_when_they_moved(hub: Hub, world: World) -> None:
    async with hub.transaction() as tx:
        [madrid] = await customers(tx, 1)
        [lima] = await customers(tx, 1, zone="America/Lima")
        [lost] = await customers(tx, 1, zone="Mars/Base")
        wish = Schedule(when="local", day=date(2099, 6, 1), hour=time(10))
        made = await draft(tx, world, schedule=wish, steps_after=(3,))
        before = await foreseeing.foreseen(tx, made)
        assert [(one.zone, one.people, one.first.hour) for one in before] == [
            ("Europe/Madrid", 2, 10),
            ("America/Lima", 1, 10),
        ]
    ready = await prepared(hub, made.id, world)
    first, second = await rows(hub, made.id), await rows(hub, made.id, 2)
    assert [str(first[one]["due_at"]) for one in (madrid, lima, lost)] == [
        "2099-06-01 08:00:00+00:00",
        "2099-06-01 15:00:00+00:00",
        "2099-06-01 08:00:00+00:00",
    ]
    assert str(second[lima]["due_at"]) == "2099-06-04 15:00:00+00:00"
    async with hub.transaction() as tx:
        shown = await timing.spread(tx, ready)
        assert [(one.zone, one.first.hour) for one in shown] == [
            ("Europe/Madrid", 10),
            ("Mars/Base", 10),
            ("America/Lima", 10),
        ]
        await contacts.change(tx, lima, time_zone="Asia/Tokyo")
    await worked(hub, made.id)
    assert [str((await rows(hub, made.id, n))[lima]["due_at"])[:13] for n in (1, 2)] == [
        "2099-06-01 01",
        "2099-06-05 00",
    ]


async def test_a_pace_is_kept_by_all_and_the_plan_can_be_thrown_away(hub: Hub, world: World) -> None:
    async with hub.transaction() as tx:
        await customers(tx, 25)
        paced = Schedule(
            opens=ANY_TIME.opens, closes=ANY_TIME.closes, weekdays=ANY_TIME.weekdays, per_minute=10
        )
        made = await draft(tx, world, schedule=paced, experiment=Experiment(hold_out=20))
    ready = await prepared(hub, made.id, world)
    assert ready.state == "prepared"
    minutes = await hub.pool.fetch(
        "SELECT count(*) AS n FROM recipient WHERE state = 'ready' GROUP BY date_trunc('minute', due_at)"
    )
    held = await hub.pool.fetchval(
        "SELECT count(*) FROM recipient WHERE reason = 'held_out' AND variant = ''"
    )
    assert max(row["n"] for row in minutes) == 10
    assert sum(row["n"] for row in minutes) + held == 25
    assert held
    async with hub.transaction() as tx:
        again = await preparing.back_to_draft(tx, made.id, world.mario)
        assert (again.state, again.total) == ("draft", 0)
        gone = await figures.progress(tx, made.id)
        assert (gone.emptying, gone.everybody, gone.plan) == (True, 0, {}), (
            "it is deleted later, but is no more"
        )
        assert await recipients.listed(tx, made.id) == []
        await campaigns.change(tx, made.id, campaigns.Change(schedule=ANY_TIME), agent_id=world.mario)
        await preparing.begin(tx, made.id, world.mario)
    assert await Chores(hub, {"campaign_freeze": freeze}, most=1).turn() == 1
    async with hub.transaction() as tx:
        assert await emptying.lasts(tx, made.id), "no new plan is written before the old one is gone"
        await tx.execute("UPDATE todo SET due_at = now()")
    fresh = await worked(hub, made.id)
    async with hub.transaction() as tx:
        now = await figures.progress(tx, made.id)
    assert (fresh.state, fresh.total, sum(now.plan.values()), now.emptying) == ("prepared", 25, 25, False)
    assert await hub.pool.fetchval("SELECT count(*) FROM recipient") == 25
