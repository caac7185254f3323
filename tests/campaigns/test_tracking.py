"""Links of a message lead to what is stored for it; what scanners do is counted apart from what people do."""

from __future__ import annotations

import pytest

from hub.campaigns import campaigns, tracking
from hub.customers.consent import Wish, record
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from tests.campaigns.planning import planned
from tests.world import World

SHOP = "https://shop.example/otoño?a=1&b=%20x#y"
URLS = [SHOP, "https://shop.example/2", "http://shop.example/3", "https://shop.example/4"]


async def test_a_link_keeps_its_number_and_no_other_scheme_is_kept(tx: Tx, world: World) -> None:
    made = await campaigns.create(tx, "Otoño", agent_id=world.mario)
    assert await tracking.keep_links(tx, made.id, 1, URLS[:2]) == {URLS[0]: 1, URLS[1]: 2}
    assert await tracking.keep_links(tx, made.id, 1, [URLS[2], URLS[1], URLS[2]]) == {URLS[1]: 2, URLS[2]: 3}
    for url in (
        "javascript:alert(1)",
        "//evil.example",
        "https://x/\r\nSet-Cookie: a=b",
        "https://" + "x" * 2000,
    ):
        with pytest.raises(BadInput):
            await tracking.keep_links(tx, made.id, 1, [url])


async def test_a_person_counts_and_a_scanner_does_not(tx: Tx, world: World) -> None:
    campaign_id, recipients = await planned(tx, world)
    await tracking.keep_links(tx, campaign_id, 1, URLS)
    marta, jorge = recipients[world.marta_address], recipients[world.jorge_address]
    assert await tracking.follow(tx, marta, 1, machine=False) == SHOP
    assert await tracking.follow(tx, marta, 1, machine=False) == SHOP
    assert await tracking.follow(tx, marta, 2, machine=True) == URLS[1]
    assert await counted(tx, campaign_id) == [(1, 2, 0), (0, 0, 1), (0, 0, 0), (0, 0, 0)]
    for n in (1, 2, 3, 4):  # all of them at once: also the first two were no person
        await tracking.follow(tx, jorge, n, machine=False)
    assert await counted(tx, campaign_id) == [(1, 2, 1), (0, 0, 2), (0, 0, 1), (0, 0, 1)]
    assert await tracking.follow(tx, marta, 5, machine=False) is None
    assert await tracking.follow(tx, 10**9, 1, machine=False) is None


async def test_what_is_followed_the_moment_it_left_is_a_scanner(tx: Tx, world: World) -> None:
    campaign_id, recipients = await planned(tx, world, minutes_ago=0)
    await tracking.keep_links(tx, campaign_id, 1, URLS[:1])
    await tracking.follow(tx, recipients[world.marta_address], 1, machine=False)
    assert await counted(tx, campaign_id) == [(0, 0, 1)]


async def test_opens_are_counted_only_of_who_agreed(tx: Tx, world: World) -> None:
    campaign_id, recipients = await planned(tx, world)
    marta = recipients[world.marta_address]
    agreed = Wish(address_id=world.marta_address, purpose="opens", granted=True, source="link")
    assert not await tracking.note_opened(tx, marta)
    await record(tx, [agreed])
    assert not await tracking.note_opened(tx, marta), "the campaign does not ask for it"
    await tx.execute("UPDATE campaign SET track_opens = true WHERE id = $1", campaign_id)
    assert await tracking.note_opened(tx, marta)
    assert await tracking.note_opened(tx, marta)
    assert await tracking.opened(tx, await campaigns.load(tx, campaign_id)) == 1
    await record(tx, [Wish(address_id=world.marta_address, purpose="opens", granted=False, source="link")])
    assert not await tracking.note_opened(tx, marta)


async def counted(tx: Tx, campaign_id: int) -> list[tuple[int, int, int]]:
    found = await tracking.followed(tx, await campaigns.load(tx, campaign_id))
    return [(one.people, one.times, one.machine_times) for one in found]
