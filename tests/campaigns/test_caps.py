"""Nobody is touched more often than the house allows, by whatever campaigns and processes at once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from hub.campaigns import caps, holds, leaving, making
from hub.campaigns.caps import Wanted
from hub.campaigns.composing import Composer
from hub.channels.errors import Unreachable
from hub.deliveries.claiming import Claimed
from hub.deliveries.many import Step, step
from hub.merging import merge
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub
from tests.campaigns.planning import planned
from tests.campaigns.sending import running
from tests.deliveries.road import DOMAIN
from tests.waiting import until
from tests.world import World

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)


async def test_two_processes_at_once_give_nobody_more_than_there_is(hub: Hub, world: World) -> None:
    """Ten campaigns in two transactions each want both people; the house allows two a week."""
    wanted = [Wanted(10 * root + n, root, n, 1) for root in (world.marta, world.jorge) for n in range(10)]
    met = asyncio.Barrier(2)

    async def process(mine: list[Wanted]) -> dict[int, str]:
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
        assert again == dict.fromkeys({one.id for one in wanted} - taken, "cap"), (
            "who has a place keeps it, however often it is claimed"
        )
        another = Wanted(999, world.marta, 999, 1)
        await tx.execute("UPDATE touch SET period = period - 7")
        assert not await caps.take(tx, [another]), "another week is another matter"
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


async def test_two_workers_at_once_write_to_one_person_once(hub: Hub, world: World) -> None:
    """Two of the plan were merged into one person; a worker claims each before the other has committed."""
    await running(hub, world, 2)
    async with hub.transaction() as tx:
        assert await making.make(tx, DOMAIN) == 2
        await tx.execute(
            "UPDATE contact SET root_id = (SELECT min(contact_id) FROM recipient) WHERE search = 'c2'"
        )

    async def claimed(tx: Tx) -> tuple[int, list[str]]:
        found, changed = await leaving.claim(tx, "w", {world.mail.id: 1}, lease_seconds=60)
        return len(found), [one.code for one in changed]

    async def other() -> tuple[int, list[str]]:
        async with hub.transaction() as tx:
            return await claimed(tx)

    async with hub.transaction() as tx:
        assert await claimed(tx) == (1, [])
        second = asyncio.create_task(other())

        async def waits_or_is_done() -> bool:
            return second.done() or await hub.pool.fetchval(
                "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'transactionid')"
            )

        await until(waits_or_is_done)
    assert await second == (0, ["same_person"])


async def test_of_two_who_became_one_person_somebody_gets_it(hub: Hub, world: World) -> None:
    """The one whose turn is not first has the place from a try before: it must not keep out the other."""
    first, second = (await running(hub, world, 2)).recipients
    async with hub.transaction() as tx:
        assert await making.make(tx, DOMAIN) == 2
        place = await tx.record(
            "SELECT contact_id AS root_id, campaign_id, step FROM recipient WHERE id = $1", second
        )
        assert place is not None
        assert not await caps.take(tx, [Wanted(second, *place)])
        await tx.execute("UPDATE contact SET root_id = $1 WHERE search IN ('c1', 'c2')", place["root_id"])
        going, refused = await leaving.claim(tx, "w", {world.mail.id: 2}, lease_seconds=60)
    assert [one.recipient_id for one in going] == [first]
    assert [(one.recipient_id, one.code) for one in refused] == [(second, "same_person")]


async def test_who_is_merged_between_two_claims_at_once_gets_one(hub: Hub, world: World) -> None:
    """Each claim saw a person of their own; what is written afterwards is written for one of them."""
    first, second = (await running(hub, world, 2)).recipients
    async with hub.transaction() as tx:
        assert await making.make(tx, DOMAIN) == 2
        await tx.execute(
            "UPDATE delivery SET due_at = now() - interval '1 minute' WHERE recipient_id = $1", second
        )
    line, composer = world.mail.line(hub.crypto), Composer(hub.crypto, hub.settings.base_url)

    async def claimed(tx: Tx) -> Claimed:
        [found], _ = await leaving.claim(tx, "w", {line.id: 1}, lease_seconds=60)
        return found

    async with hub.transaction() as tx:
        of_second = await claimed(tx)
        await hub.pool.execute(
            "UPDATE contact SET root_id = (SELECT min(contact_id) FROM recipient) WHERE search = 'c2'"
        )
        async with hub.transaction() as other:
            of_first = await claimed(other)
    assert (of_first.recipient_id, of_second.recipient_id) == (first, second)
    async with hub.transaction() as tx:
        people = await composer.people(tx, line, [of_first, of_second])
        assert composer.letter(line, of_first, *people[first], NOON)
        with pytest.raises(Unreachable):
            composer.letter(line, of_second, *people[second], NOON)
        await tx.execute("UPDATE delivery SET state = 'queued'")
        [again], [refused] = await leaving.claim(tx, "w", {line.id: 2}, lease_seconds=60)
        assert (again.recipient_id, refused.recipient_id, refused.code) == (first, second, "same_person")
        await tx.execute(
            "UPDATE delivery SET state = CASE recipient_id WHEN $1 THEN 'failed' ELSE 'queued' END", first
        )
        await caps.give_back(tx, [first, second])
        await tx.execute(
            """
            INSERT INTO touch (root_contact_id, period, n, recipient_id, campaign_id, step)
            SELECT contact_id, date_trunc('week', now() AT TIME ZONE 'UTC')::date, 1, id, campaign_id, 1
            FROM recipient WHERE id = $1
            """,
            second,
        )
        assert (await claimed(tx)).recipient_id == second
        taken = await tx.value("SELECT root_contact_id FROM touch WHERE recipient_id = $1", second)
        assert taken == of_first.root_id, "a place taken before the merge is the one person's now"


async def test_who_is_merged_while_workers_hold_both_letters_gets_one(hub: Hub, world: World) -> None:
    first, second = (await running(hub, world, 2)).recipients
    async with hub.transaction() as tx:
        assert await making.make(tx, DOMAIN) == 2
        one, other = await tx.fetch("SELECT contact_id FROM recipient ORDER BY id")
        held, _ = await leaving.claim(tx, "w", {world.mail.id: 2}, lease_seconds=60)
    async with hub.transaction() as tx:
        await merge(tx, other["contact_id"], one["contact_id"], agent_id=world.ana)
        starts = [Step(claimed.id, claimed.attempt, claimed.gate_id or 0, "sending") for claimed in held]
        assert len(starts) == 2
        assert await step(tx, starts, lease_seconds=60) == set(), "held for two people, who are one now"
        [going], [refused] = await leaving.claim(tx, "w", {world.mail.id: 2}, lease_seconds=60)
    assert (going.recipient_id, refused.recipient_id, refused.code) == (first, second, "same_person")


async def _delivered(tx: Tx, *, first: str, second: str) -> None:
    await tx.execute(
        """
        UPDATE delivery SET state = CASE WHEN recipient_id = (SELECT min(recipient_id) FROM delivery)
                                         THEN $1 ELSE $2 END
        """,
        first,
        second,
    )
