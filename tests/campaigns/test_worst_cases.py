"""The worst letters before anything is prepared: of real people, the same warnings as the deck gives afterwards."""

from __future__ import annotations

import pytest

from hub.campaigns import campaigns, deck, worst_cases, worst_people
from hub.campaigns.campaigns import Change
from hub.campaigns.wording import Texts
from hub.campaigns.worst_cases import Case
from hub.campaigns.worst_people import OF_EACH, SAMPLED, Seen
from hub.plumbing.errors import BadInput
from hub.plumbing.hub import Hub
from tests.campaigns.preparing import customers, draft, prepared
from tests.world import World

TEXT = "Hola {{ contact.first_name }}: novedades. {{ unsubscribe.link }}"


async def test_the_worst_of_an_audience_are_those_the_deck_shows_first(hub: Hub, world: World) -> None:
    async with hub.transaction() as tx:
        people = await customers(tx, 30)
        nameless, english, shared, angry, buyer, long = people[:6]
        await tx.execute("UPDATE contact SET name = '' WHERE id = $1", nameless)
        await tx.execute("UPDATE contact SET language = 'en' WHERE id = $1", english)
        await tx.execute("UPDATE address SET shared = true WHERE contact_id = $1", shared)
        await tx.execute(
            "INSERT INTO conversation (token, contact_id, channel_id, last_channel_id, state, priority) "
            "VALUES ('queja', $1, $2, $2, 'open', 'urgent')",
            angry,
            world.mail.id,
        )
        await tx.execute(
            "WITH made AS (INSERT INTO product (name) VALUES ('Silla') RETURNING id) "
            "INSERT INTO purchase (contact_id, product_id, amount, currency, bought_at) "
            "SELECT $1, id, 10, 'EUR', now() FROM made",
            buyer,
        )
        await tx.execute("UPDATE contact SET name = $2 WHERE id = $1", long, "Maximiliano" * 15)
        await customers(tx, 5, agreed=False)
        made = await draft(tx, world, text=TEXT)
    texts = Texts(subject="Novedades 1", text=TEXT)
    found = await worst_cases.worst_cases(hub, made.id, texts)
    flags = {one.contact_id: one.flags for one in found}
    assert flags[nameless] == ["empty"]
    assert found[0].content is not None
    assert found[0].content.missing == ("contact.first_name",)
    assert [flags[one][0] for one in (angry, buyer, shared, english)] == [
        "complaint",
        "bought",
        "shared",
        "language",
    ]
    assert "longest" in flags[long]
    assert await hub.pool.fetchval("SELECT count(*) FROM recipient") == 0

    await prepared(hub, made.id, world)
    async with hub.transaction() as tx:
        campaign = await campaigns.load(tx, made.id)
        cards = await deck.page(tx, campaign, crypto=hub.crypto, base_url=hub.settings.base_url, most=5)
    assert [one.contact_id for one in cards] == [one.contact_id for one in found[:5]]
    assert [one.flags for one in cards] == [
        [flag for flag in one.flags if flag != "longest"] for one in found[:5]
    ]


async def test_without_audience_or_channel_it_says_what_is_missing(hub: Hub, world: World) -> None:
    async with hub.transaction() as tx:
        made = await draft(tx, world, people="nadie")
        await customers(tx, 2)
    assert await worst_cases.worst_cases(hub, made.id, Texts(text=TEXT)) == []
    for field, without in (("channel_ids", Change(channel_ids=[])), ("segment_id", Change(segment_id=None))):
        async with hub.transaction() as tx:
            await campaigns.change(tx, made.id, without, agent_id=world.mario)
        with pytest.raises(BadInput) as caught:
            await worst_cases.worst_cases(hub, made.id, Texts(text=TEXT))
        assert caught.value.field == field


def test_whom_to_look_at_is_bounded_and_never_leaves_out_the_odd() -> None:
    many = [Seen(id=n, name="Ana" if n else "", language="en" if n == 7 else "es") for n in range(5_000)]
    many[3] = Seen(id=3, name="x" * 200, language="es")
    picked = worst_people.chosen(many, "es")
    assert {0, 3, 7} <= picked
    assert 2 * OF_EACH < len(picked) <= SAMPLED
    assert worst_people.chosen(many[:10], "es") == set(range(10))


def test_not_all_of_the_worst_are_of_one_kind() -> None:
    every = [case(n, ["empty"], 8000) for n in range(50)] + [case(90, ["language"], 500), case(91, [], 3)]
    found = worst_cases.worst(every, 12)
    assert (len(found), found[-1].contact_id, found[0].flags) == (12, 90, ["empty", "longest"])
    assert worst_cases.worst([], 12) == []


def case(id_: int, flags: list[str], worst: int) -> Case:
    return Case(
        contact_id=id_,
        contact_name="",
        account_name="",
        address="",
        channel_id=1,
        flags=flags,
        worst=worst,
        content=None,
    )
