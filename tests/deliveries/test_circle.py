"""Out and in again: the bounce marks delivery and address, the customer's next mail joins and mends it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from email import message_from_bytes, policy

import pytest

from hub.channels.base import Raw
from hub.intake import Inbound
from hub.plumbing.hub import Hub
from tests.deliveries.road import answer, connect, running, until_all, without_undo_window
from tests.fakes.faulty_smtp import Attempt, FaultySmtp
from tests.mails import mail
from tests.world import World

BOUNCE = """\
From: Mail Delivery System <mailer-daemon@relay.test>
To: <{bounce}>
Subject: Undelivered Mail Returned to Sender
Message-ID: <bounce-1@relay.test>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain

I could not deliver it.

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.test

Final-Recipient: rfc822; {recipient}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user

--B--
"""


@pytest.fixture
async def inbound(hub: Hub) -> AsyncIterator[Inbound]:
    inbound = Inbound(hub)
    await inbound.start()
    yield inbound
    await inbound.close()


async def sent(hub: Hub, world: World) -> tuple[int, Attempt]:
    """An answer of Ana's as Marta's server received it."""
    await without_undo_window(hub, world)
    with FaultySmtp() as server:
        await connect(hub, world.mail.id, server)
        done = await answer(hub, world)
        async with running(hub):
            await until_all(hub, "sent")
        [attempt] = server.bodies
    return done.conversation_id, attempt


async def test_a_bounce_marks_delivery_and_address(hub: Hub, world: World, inbound: Inbound) -> None:
    conversation_id, attempt = await sent(hub, world)
    raw = BOUNCE.format(bounce=attempt.mail_from, recipient=attempt.rcpt_to[0]).replace("\n", "\r\n").encode()
    envelope = {"mail_from": "", "rcpt_to": attempt.mail_from}
    await inbound.receive(world.mail, Raw(body=raw, envelope=envelope))
    row = await hub.pool.fetchrow("SELECT state, reason FROM delivery")
    assert row["state"] == "failed"
    assert "no such user" in row["reason"]
    assert not await hub.pool.fetchval("SELECT usable FROM address WHERE id = $1", world.marta_address)
    verbs = await hub.pool.fetch("SELECT verb FROM history WHERE conversation_id = $1", conversation_id)
    assert [row["verb"] for row in verbs][-1] == "delivery_failed"
    assert await hub.pool.fetchval("SELECT count(*) FROM conversation") == 1, "a bounce is no new matter"

    await inbound.receive(world.mail, Raw(body=mail("Marta Ruiz <marta@acme.test>", "Ya funciona")))
    assert await hub.pool.fetchval("SELECT usable FROM address WHERE id = $1", world.marta_address)


@pytest.mark.parametrize("how", ["reply address", "references"])
async def test_her_answer_joins_the_conversation(hub: Hub, world: World, inbound: Inbound, how: str) -> None:
    conversation_id, attempt = await sent(hub, world)
    received = message_from_bytes(attempt.raw, policy=policy.default)
    if how == "references":
        raw = mail(
            "Marta Ruiz <marta@acme.test>", "Re: Pedido 48213", in_reply_to=str(received["Message-ID"])
        )
        envelope = {}
    else:
        raw = mail("Marta Ruiz <marta@acme.test>", "Otro asunto")
        envelope = {"rcpt_to": received["Reply-To"].addresses[0].addr_spec}
    outcome = await inbound.receive(world.mail, Raw(body=raw, envelope=envelope))
    assert outcome.conversation_id == conversation_id
