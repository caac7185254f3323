"""Promise 69: opt-out is final on that channel until a new opt-in; nothing leaves after, and the reason is kept."""

from __future__ import annotations

import pytest

from hub.channels.base import Raw
from hub.channels.facts import AnyFact, DeliveryReported, OptedIn, OptedOut, Party
from hub.channels.registry import adapter
from hub.customers import merging, preferences
from hub.customers.consent import Wish, record
from hub.deliveries.claiming import claim, refuse
from hub.deliveries.permission import No, may_send
from hub.intake import Inbound
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub
from tests.campaigns.planning import planned
from tests.deliveries.road import answers, without_undo_window
from tests.world import World

MARTA = Party("marta@acme.test")


async def test_promise_69_opt_out_is_final(hub: Hub, world: World) -> None:
    """STOP between queueing and sending, twice, for an unknown address, and a new opt-in: all by the road in."""
    await without_undo_window(hub, world)
    inbound = Inbound(hub)
    await inbound.start()
    await agree(hub, world)
    [marketing] = await answers(hub, world, 1)
    await hub.pool.execute("UPDATE delivery SET purpose = 'marketing' WHERE id = $1", marketing)
    [service] = await answers(hub, world, 1)

    await receive(inbound, world, OptedOut(key="opt:SM1", sender=MARTA, word="BAJA"))
    await receive(inbound, world, OptedOut(key="opt:SM1", sender=MARTA, word="BAJA"))
    await receive(inbound, world, OptedOut(key="opt:SM2", sender=Party("nobody-yet@acme.test"), word="STOP"))

    assert await leaves(hub, world) == []
    async with hub.transaction() as tx:
        refused = {one.id: one.code for one in await refuse(tx)}
    assert refused == {marketing: "opted_out", service: "opted_out"}
    rows = await hub.pool.fetch("SELECT purpose, granted, proof FROM consent WHERE NOT granted ORDER BY id")
    assert [tuple(row) for row in rows] == [
        ("service", False, "BAJA"),
        ("marketing", False, "BAJA"),
        ("service", False, "STOP"),
        ("marketing", False, "STOP"),
    ]

    await receive(inbound, world, OptedIn(key="opt:SM3", sender=MARTA, word="ALTA"))
    [after] = await answers(hub, world, 1)
    assert await leaves(hub, world) == [after]
    await inbound.close()


@pytest.mark.parametrize(
    ("fact", "blocked"),
    [
        (DeliveryReported(state="failed", permanent=True, status_code="21610", opted_out=True), "opted_out"),
        (DeliveryReported(state="failed", permanent=True, status_code="30006", dead=True), "unusable"),
        (DeliveryReported(state="failed", permanent=True, status_code="5.1.1"), "unusable"),
        (DeliveryReported(state="complained", reason="abuse"), "opted_out"),
    ],
    ids=["carrier", "landline", "hard bounce", "complaint"],
)
async def test_what_a_report_says_ends_marketing_too(
    hub: Hub, world: World, fact: DeliveryReported, blocked: str
) -> None:
    await agree(hub, world)
    [id_] = await answers(hub, world, 1)
    await hub.pool.execute("UPDATE delivery SET state = 'sent', provider_id = 'SM9' WHERE id = $1", id_)
    inbound = Inbound(hub)
    await inbound.start()
    told = {"key": "status:SM9", "provider_id": "SM9"}
    await receive(inbound, world, type(fact)(**({**_fields(fact), **told})))
    await inbound.close()
    async with hub.transaction() as tx:
        answer = await may_send(tx, world.marta_address, "marketing", channel_id=world.mail.id)
        assert isinstance(answer, No)
        assert answer.code == blocked
        # imported again, and the address works again: what was refused stays refused
        await tx.execute("UPDATE address SET usable = true WHERE id = $1", world.marta_address)
        again = await may_send(tx, world.marta_address, "marketing", channel_id=world.mail.id)
    assert isinstance(again, No)


async def test_merging_and_importing_again_lift_nothing(tx: Tx, world: World) -> None:
    """Marta unsubscribes; then she is merged with Jorge, who agreed, and the fair's list is imported once more."""
    yes = [
        Wish(address_id=one, purpose="marketing", granted=True, source="import", proof="feria")
        for one in (world.marta_address, world.jorge_address)
    ]
    await record(tx, yes)
    await preferences.stop(tx, world.marta_address, source="one_click", proof="“Otoño” #1")
    await merging.merge(tx, world.jorge, world.marta, agent_id=world.ana)
    await record(tx, yes)
    assert isinstance(await may_send(tx, world.marta_address, "marketing", channel_id=world.mail.id), No)
    [row] = await tx.fetch("SELECT source, proof FROM consent WHERE NOT granted")
    assert tuple(row) == ("one_click", "“Otoño” #1"), "and the reason is kept"


COMPLAINT = """\
From: feedback@mailbox.example
To: help@dialogo.test
Subject: Abuse report
Message-ID: <arf1@mailbox.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="B"

--B
Content-Type: text/plain

This is an abuse report.
--B
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Mailbox/1.0
Version: 1
--B
Content-Type: message/rfc822

From: Ana <help@dialogo.test>
To: marta@acme.test
Subject: Oto\u00f1o
Message-ID: <{id}>

Hola
--B--
"""
RETURNED = """\
From: MAILER-DAEMON@mx.acme.test
To: help@dialogo.test
Subject: Undelivered Mail Returned to Sender
Message-ID: <dsn1@mx.acme.test>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.acme.test

Final-Recipient: rfc822; marta@acme.test
Action: failed
Status: 5.1.1
--B
Content-Type: text/rfc822-headers

From: Ana <help@dialogo.test>
To: marta@acme.test
Message-ID: <{id}>

--B--
"""


@pytest.mark.parametrize(
    ("mail", "source", "usable"),
    [(COMPLAINT, "complaint", True), (RETURNED, "bounce", False)],
    ids=["ARF, RFC 5965", "DSN, RFC 3464"],
)
async def test_a_mail_that_tells_of_a_campaign_ends_it_for_that_address(
    hub: Hub, world: World, mail: str, source: str, usable: bool
) -> None:
    """The whole road: the mail as it comes, the campaign's own delivery, the ledger; only for whom it was about."""
    async with hub.transaction() as tx:
        _campaign, recipients = await planned(tx, world)
    body = mail.format(id=f"c.{recipients[world.marta_address]}@dialogo.test").replace("\n", "\r\n").encode()
    raw = Raw(body=body, envelope={"mail_from": ""})
    facts = adapter(world.mail.kind).parse(raw, world.mail.line(hub.crypto))
    inbound = Inbound(hub)
    await inbound.start()
    await inbound.receive(world.mail, raw, facts)
    await inbound.close()
    [row] = await hub.pool.fetch("SELECT address_id, purpose, source FROM consent WHERE NOT granted")
    assert tuple(row) == (world.marta_address, "marketing", source)
    assert await hub.pool.fetchval("SELECT usable FROM address WHERE id = $1", world.marta_address) is usable
    assert await hub.pool.fetchval("SELECT count(*) FROM conversation") == 0


async def agree(hub: Hub, world: World) -> None:
    async with hub.transaction() as tx:
        await record(
            tx, [Wish(address_id=world.marta_address, purpose="marketing", granted=True, source="import")]
        )


async def receive(inbound: Inbound, world: World, fact: AnyFact) -> None:
    await inbound.receive(world.mail, Raw(body=b"signed"), [fact])


async def leaves(hub: Hub, world: World) -> list[int]:
    async with hub.transaction() as tx:
        return [one.id for one in await claim(tx, "w", {world.mail.id: 9}, lease_seconds=60)]


def _fields(fact: DeliveryReported) -> dict[str, object]:
    return {name: getattr(fact, name) for name in fact.__struct_fields__}
