"""Nobody is touched more often than the house allows, by whatever campaigns and processes at once."""

from __future__ import annotations

import asyncio
from datetime import date

from hub.campaigns import caps, holds
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub
from tests.campaigns.planning import planned
from tests.world import World

WEEK = date(2026, 11, 16)


async def test_two_processes_at_once_give_nobody_more_than_there_is(hub: Hub, world: World) -> None:
    """Ten campaigns in two transactions each want both people; the house allows two a week."""
    wanted = [(10 * root + n, root, WEEK) for root in (world.marta, world.jorge) for n in range(10)]
    met = asyncio.Barrier(2)

    async def process(mine: list[tuple[int, int, date]]) -> set[int]:
        async with hub.transaction() as tx:
            await tx.value("SELECT 1")
            await met.wait()
            return await caps.take(tx, mine)

    refused = await asyncio.gather(process(wanted[::2]), process(wanted[1::2]))
    assert len(refused[0] | refused[1]) == 16
    rows = await hub.pool.fetch("SELECT root_contact_id, array_agg(n ORDER BY n) AS n FROM touch GROUP BY 1")
    assert {row["root_contact_id"]: row["n"] for row in rows} == {world.marta: [1, 2], world.jorge: [1, 2]}
    async with hub.transaction() as tx:
        taken = {row["recipient_id"] for row in await tx.fetch("SELECT recipient_id FROM touch")}
        again = await caps.take(tx, wanted)
        assert again == {one[0] for one in wanted} - taken, (
            "who has a place keeps it, however often it is claimed"
        )
        assert not await caps.take(tx, [(999, world.marta, date(2026, 11, 23))]), (
            "another week is another matter"
        )
        await caps.give_back(tx, [min(taken)])


async def test_what_holds_somebody_back_is_asked_again_at_the_claim(tx: Tx, world: World) -> None:
    campaign_id, recipients = await planned(tx, world)
    marta, jorge = recipients[world.marta_address], recipients[world.jorge_address]
    await tx.execute("UPDATE recipient SET sender_id = $1 WHERE campaign_id = $2", world.ana, campaign_id)
    assert await holds.check(tx, [marta, jorge]) == {}
    await tx.execute(
        """
        INSERT INTO conversation (token, contact_id, channel_id, last_channel_id, tags)
        VALUES ('angry', $1, $2, $2, '{Reclamación}')
        """,
        world.marta,
        world.mail.id,
    )
    product = await tx.value("INSERT INTO product (name) VALUES ('Silla') RETURNING id")
    await tx.execute(
        "INSERT INTO purchase (contact_id, product_id, amount, currency, bought_at) VALUES ($1, $2, 5, 'EUR', now())",
        world.jorge,
        product,
    )
    assert await holds.check(tx, [marta, jorge]) == {marta: "complaint", jorge: "bought"}
    assert await holds.of_people(tx, [world.jorge]) == {world.jorge: "bought"}
    await tx.execute("UPDATE campaign_policy SET hold_days = 0")
    await tx.execute("UPDATE conversation SET state = 'closed', closed_at = now() WHERE token = 'angry'")
    assert await holds.check(tx, [marta, jorge]) == {}
    await tx.execute("UPDATE recipient SET state = 'dropped', reason = '' WHERE id = $1", jorge)
    await tx.execute("UPDATE agent SET active = false WHERE id = $1", world.ana)
    assert await holds.check(tx, [marta, jorge]) == {marta: "no_sender", jorge: "dropped"}


async def test_of_two_who_turned_out_to_be_one_person_only_the_first_gets_it(tx: Tx, world: World) -> None:
    campaign_id, recipients = await planned(tx, world)
    await tx.execute("UPDATE recipient SET sender_id = $1 WHERE campaign_id = $2", world.ana, campaign_id)
    first, second = sorted(recipients.values())
    await tx.execute("UPDATE contact SET root_id = $1 WHERE id = $2", world.marta, world.jorge)
    await _delivered(tx, first="queued", second="queued")
    assert await holds.check(tx, [first, second]) == {second: "same_person"}
    await _delivered(tx, first="queued", second="sent")
    assert await holds.check(tx, [first]) == {first: "same_person"}, "the second one's hour came first"
    await _delivered(tx, first="claimed", second="claimed")
    assert await holds.check(tx, [first]) == {first: "same_person"}, "another worker is just sending it"
    assert await holds.check(tx, [first, second]) == {second: "same_person"}, "one of those claimed together"
    await _delivered(tx, first="failed", second="queued")
    assert await holds.check(tx, [second]) == {}, "who got nothing at one address is written to at the other"
    await tx.execute("UPDATE contact SET root_id = id WHERE id = $1", world.jorge)
    await tx.execute("UPDATE address SET contact_id = $1 WHERE id = $2", world.jorge, world.marta_address)
    assert await holds.check(tx, [first, second]) == {recipients[world.marta_address]: "gone"}


async def _delivered(tx: Tx, *, first: str, second: str) -> None:
    await tx.execute(
        """
        UPDATE delivery SET state = CASE WHEN recipient_id = (SELECT min(recipient_id) FROM delivery)
                                         THEN $1 ELSE $2 END
        """,
        first,
        second,
    )
