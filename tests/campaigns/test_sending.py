"""A campaign leaves: made once, claimed while its gate is open, carried over kept connections, each end written."""

from __future__ import annotations

import asyncio
import email
from collections import Counter
from email.policy import default

import msgspec
import pytest

from hub.bulk import flushing
from hub.bulk.road import Bulk
from hub.campaigns import campaigns, making, unsettled
from hub.customers.consent import Wish, record
from hub.deliveries import gates
from hub.plumbing.hub import Hub
from tests.campaigns.sending import leaving, running
from tests.deliveries.road import DOMAIN, QUICK, answers, connect, states, until_all, without_undo_window
from tests.deliveries.road import running as answering
from tests.fakes.faulty_smtp import FaultySmtp
from tests.waiting import until
from tests.world import World
from workers.todo import Chores


async def test_everybody_gets_their_own_message_once(hub: Hub, world: World) -> None:
    sent = await running(hub, world, 60)
    with FaultySmtp() as server:
        await connect(hub, world.mail.id, server)
        async with leaving(hub):
            await until_all_made(hub, 60)
            await until_all(hub, "sent")
        assert server.sessions <= 4
    assert Counter(one.rcpt_to[0] for one in server.bodies) == {
        f"c{n}@customers.test": 1 for n in range(1, 61)
    }
    for one in server.bodies:  # whom it is to, what it says, whom its answer and its bounce name: one person
        head = email.message_from_bytes(one.raw, policy=default)
        number = int(one.rcpt_to[0].split("@")[0][1:])
        assert head["To"].addresses[0].addr_spec == one.rcpt_to[0]
        assert head["Subject"] == f"Núm{number}, noticias de otoño"
        answer = head["Reply-To"].addresses[0].username.split("+r.")[1]
        assert hub.crypto.verify("campaign", answer) == sent.recipients[number - 1]
        bounce = hub.crypto.verify("bounce", one.mail_from.split("@")[0].split("+b.")[1])
        assert (
            await hub.pool.fetchval("SELECT recipient FROM delivery WHERE id = $1", bounce) == one.rcpt_to[0]
        )
    mail = next(one for one in server.bodies if one.rcpt_to == ["c7@customers.test"])
    read = email.message_from_bytes(mail.raw, policy=default)
    assert read["Subject"] == "Núm7, noticias de otoño"
    assert read["From"].addresses[0].display_name == "Ana · Support mail"
    body = read.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert body.splitlines()[2:5] == [". Un punto solo.", "- Caldera", "- Filtro 7"]
    header = await hub.pool.fetchval(
        "SELECT message_header FROM delivery WHERE recipient = 'c7@customers.test'"
    )
    assert read["Message-ID"] == f"<{header}>"
    assert read["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


async def until_all_made(hub: Hub, count: int) -> None:
    async def made() -> bool:
        return bool(await hub.pool.fetchval("SELECT count(*) = $1 FROM delivery", count))

    await until(made)


async def test_what_happened_since_it_was_approved_holds_it_back(hub: Hub, world: World) -> None:
    sent = await running(hub, world, 6)
    async with hub.transaction() as tx:
        assert await making.make(tx, DOMAIN) == 6
        people = {
            row["n"]: row
            for row in await tx.fetch(
                "SELECT row_number() OVER (ORDER BY id) AS n, id, contact_id, address_id FROM recipient"
            )
        }
        await tx.execute("UPDATE recipient SET state = 'dropped' WHERE id = $1", people[1]["id"])
        await record(
            tx, [Wish(address_id=people[2]["address_id"], purpose="marketing", granted=False, source="link")]
        )
        await tx.execute(
            'UPDATE recipient SET variables = \'{"contact.first_name": "Otra"}\' WHERE id = $1',
            people[3]["id"],
        )
        await tx.execute(
            """
            INSERT INTO touch (root_contact_id, period, n, recipient_id)
            SELECT $1, date_trunc('week', now() AT TIME ZONE 'UTC')::date, n, -n FROM generate_series(1, 2) AS n
            """,
            people[4]["contact_id"],
        )
    with FaultySmtp() as server:
        await connect(hub, world.mail.id, server)
        async with leaving(hub):
            await until_all(hub, "sent", "failed", "canceled")
    rows = await hub.pool.fetch("SELECT recipient_id, state, code FROM delivery ORDER BY id")
    first = sent.recipients[0]
    assert {row["recipient_id"] - first + 1: (row["state"], row["code"]) for row in rows} == {
        1: ("canceled", "dropped"),
        2: ("failed", "opted_out"),
        3: ("failed", "changed"),
        4: ("canceled", "cap"),
        5: ("sent", ""),
        6: ("sent", ""),
    }
    assert sorted(one.rcpt_to[0] for one in server.bodies) == ["c5@customers.test", "c6@customers.test"]
    touched = await hub.pool.fetch("SELECT recipient_id FROM touch WHERE recipient_id > 0 ORDER BY 1")
    assert [row["recipient_id"] for row in touched] == sent.recipients[4:]


async def test_a_closed_gate_stops_it_at_once_and_an_open_one_goes_on(hub: Hub, world: World) -> None:
    sent = await running(hub, world, 120)
    with FaultySmtp("tarpit:0.01:DOT") as server:
        await connect(hub, world.mail.id, server)
        async with leaving(hub):
            await asyncio.to_thread(server.wait_for, 20)
            async with hub.transaction() as tx:
                await gates.set_open(tx, sent.gate_id, open_=False)
            await until(lambda: only(hub, "sent", "queued"))  # what was claimed that moment comes back
            left = len(server.bodies)
            assert left < 120
            async with hub.transaction() as tx:
                await gates.set_open(tx, sent.gate_id, open_=True)
            await until_all(hub, "sent")
    assert set(Counter(one.rcpt_to[0] for one in server.bodies).values()) == {1}
    assert len(server.bodies) == 120


async def test_an_answer_never_waits_behind_a_campaign(hub: Hub, world: World) -> None:
    await without_undo_window(hub, world)
    await running(hub, world, 60)
    with FaultySmtp("tarpit:1:DOT") as server:
        await connect(hub, world.mail.id, server)
        async with leaving(hub), answering(hub):
            await asyncio.to_thread(server.wait_for, 4)
            [answer] = await answers(hub, world, 1)

            async def answered() -> bool:
                return (await states(hub))[answer] == "sent"

            await until(answered)
            assert {"queued", "claimed"} & set((await states(hub)).values()), "the campaign had ended before"
            async with hub.transaction() as tx:
                await tx.execute("UPDATE gate SET open = false")
            server.become("")


async def test_a_worker_whose_ends_can_no_longer_be_written_does_not_look_well(
    hub: Hub, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> set[int]:
        raise TypeError("a fault of ours")

    monkeypatch.setattr(flushing, "step", broken)
    await running(hub, world, 1)
    with FaultySmtp() as server:
        await connect(hub, world.mail.id, server)
        with pytest.raises(TypeError, match="a fault of ours"):
            async with asyncio.timeout(20):
                await Bulk(hub, msgspec.structs.replace(QUICK, drain=0.1)).run()
        assert server.bodies == []


async def test_too_many_errors_stop_it_and_tell_who_made_and_who_approved_it(hub: Hub, world: World) -> None:
    sent = await running(hub, world, 300)
    with FaultySmtp("RCPT=554 5.7.1 spam,tarpit:0.03:RCPT") as server:
        await connect(hub, world.mail.id, server)
        chores = Chores(hub)
        async with leaving(hub):

            async def stopped() -> bool:
                await chores.turn()
                return await hub.pool.fetchval("SELECT state FROM campaign") == "paused"

            await until(stopped)
            await until_still(hub)
    states_ = Counter((await states(hub)).values())
    assert states_["failed"] >= 20
    assert states_["queued"] > 0
    async with hub.transaction() as tx:
        campaign = await campaigns.load(tx, sent.id)
    assert "5.7.1 spam" in campaign.why
    await chores.turn()
    told = await hub.pool.fetch("SELECT agent_id, details FROM notification WHERE verb = 'campaign_failing'")
    assert {row["agent_id"] for row in told} == {world.mario, world.lola}


async def test_a_dead_address_is_remembered_and_no_step_follows(hub: Hub, world: World) -> None:
    sent = await running(hub, world, 3)
    await hub.pool.execute(
        """
        INSERT INTO recipient (campaign_id, step, contact_id, state)
        SELECT campaign_id, 2, contact_id, 'frozen' FROM recipient WHERE step = 1
        """
    )
    with FaultySmtp("RCPT:c2@customers.test=550 5.1.1 no such user") as server:
        await connect(hub, world.mail.id, server)
        async with leaving(hub):
            await until_all_made(hub, 3)
            await until_all(hub, "sent", "failed")
    while await Chores(hub).turn():
        pass
    rows = await hub.pool.fetch("SELECT state, reason FROM recipient WHERE step = 2 ORDER BY id")
    assert [tuple(row) for row in rows] == [("frozen", ""), ("stopped", "bounce"), ("frozen", "")]
    unusable = await hub.pool.fetch("SELECT value FROM address WHERE NOT usable")
    assert [row["value"] for row in unusable] == ["c2@customers.test"]
    assert sent.recipients


async def only(hub: Hub, *wanted: str) -> bool:
    return set((await states(hub)).values()) == set(wanted)


async def until_still(hub: Hub) -> None:
    async def still() -> bool:
        return not {"claimed", "sending"} & set((await states(hub)).values())

    await until(still)


async def test_what_is_perhaps_sent_waits_with_its_evidence_for_a_person(hub: Hub, world: World) -> None:
    sent = await running(hub, world, 4)
    with FaultySmtp() as server:
        server.then("", "drop-after-dot")
        await connect(hub, world.mail.id, server, bulk_connections=1)
        async with leaving(hub) as bulk:
            await until_all_made(hub, 4)
            await until_all(hub, "sent", "unknown")
            assert Counter((await states(hub)).values()) == {"sent": 3, "unknown": 1}
            async with hub.transaction() as tx:
                [one] = await unsettled.listed(tx, sent.id)
                assert (one.worker, one.connection, one.tries) == (bulk.worker, "1", 1)
                assert one.reason == "perhaps sent: the connection broke before the answer"
                assert one.started_at is not None
                await tx.execute("UPDATE campaign SET state = 'finished'")
                await gates.set_open(tx, sent.gate_id, open_=False)
                await unsettled.resend(tx, sent.id, one.recipient_id, world.mario)
            await until_all(hub, "sent")
    assert server.copies()[f"<{one.message_header}>"] == 2, (
        "what the first server kept, and what a person sent again"
    )


async def test_a_worker_told_to_stop_ends_what_is_on_the_wire_and_gives_back_the_rest(
    hub: Hub, world: World
) -> None:
    await running(hub, world, 80)
    with FaultySmtp("tarpit:0.05:DOT") as server:
        await connect(hub, world.mail.id, server)
        async with leaving(hub):
            await asyncio.to_thread(server.wait_for, 10)
        left = Counter((await states(hub)).values())
        assert set(left) == {"sent", "queued"}, "nothing is held by a worker that is gone"
        assert left["sent"] == len(server.bodies)
        server.become("")
        async with leaving(hub):  # another goes on at once
            await until_all(hub, "sent")
    assert set(server.copies().values()) == {1}
    assert len(server.bodies) == 80
