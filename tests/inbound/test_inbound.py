"""The road in: a mail becomes a conversation with the right people, owner and reason."""

from __future__ import annotations

import asyncio

import pytest

from hub.channels import children
from hub.channels.base import Raw
from hub.channels.facts import Ignored, Unreadable
from hub.intake import MOST_WAITING_BYTES, Inbound
from hub.plumbing.crypto import Crypto
from hub.plumbing.errors import Conflict, Unavailable
from hub.plumbing.hub import Hub
from tests.mails import mail
from tests.world import SECRET, World


async def arrive(inbound: Inbound, world: World, raw: bytes, **envelope: str):
    return await inbound.receive(world.mail, Raw(body=raw, envelope=envelope))


async def conversation(hub: Hub, id_: int):
    return await hub.pool.fetchrow("SELECT * FROM conversation WHERE id = $1", id_)


async def test_a_mail_from_the_accounts_person_reaches_its_owner_with_a_reason(hub, world, inbound):
    outcome = await arrive(inbound, world, mail("Marta Ruiz <marta@acme.test>"))
    assert outcome.state == "stored"
    found = await conversation(hub, outcome.conversation_id)
    assert (found["assignee_id"], found["account_id"], found["contact_id"]) == (
        world.ana,
        world.acme,
        world.marta,
    )
    assert found["state"] == "open"
    assert found["subject"] == "Pedido 48213"
    assert found["waiting_since"] is not None
    decision = await hub.pool.fetchrow("SELECT * FROM decision WHERE conversation_id = $1", found["id"])
    assert decision["row_name"] == "owner"
    assert found["reason"] == decision["reason"]


async def test_pepe_the_newcomer_is_suggested_for_acme_and_reaches_ana(hub, world, inbound):
    outcome = await arrive(inbound, world, mail("Pepe Gil <pepe@acme.test>"))
    found = await conversation(hub, outcome.conversation_id)
    pepe = await hub.pool.fetchrow("SELECT * FROM contact WHERE id = $1", found["contact_id"])
    assert (pepe["name"], pepe["account_id"], pepe["account_standing"]) == (
        "Pepe Gil",
        world.acme,
        "suggested",
    )
    assert found["assignee_id"] == world.ana


async def test_a_free_mail_domain_suggests_nothing(hub, world, inbound):
    await hub.pool.execute("INSERT INTO account_domain VALUES ('gmail.com', $1)", world.acme)
    outcome = await arrive(inbound, world, mail("Nadie <nadie@gmail.com>"))
    found = await conversation(hub, outcome.conversation_id)
    assert found["account_id"] is None


async def test_a_denied_account_is_not_suggested_again(hub, world, inbound):
    first = await arrive(inbound, world, mail("Pepe <pepe@acme.test>"))
    pepe = (await conversation(hub, first.conversation_id))["contact_id"]
    await hub.pool.execute("UPDATE contact SET account_id = NULL, account_standing = '' WHERE id = $1", pepe)
    await hub.pool.execute(
        "INSERT INTO account_denial (contact_id, account_id) VALUES ($1, $2)", pepe, world.acme
    )
    second = await arrive(inbound, world, mail("Pepe <pepe@acme.test>", "Otra cosa"))
    assert (await conversation(hub, second.conversation_id))["account_id"] is None


async def test_the_same_mail_twice_is_one_message_and_the_second_names_the_first(hub, world, inbound):
    raw = mail("Marta <marta@acme.test>")
    first, second = await asyncio.gather(arrive(inbound, world, raw), arrive(inbound, world, raw))
    third = await arrive(inbound, world, raw)
    assert sorted([first.state, second.state]) == ["duplicate", "stored"]
    assert third.state == "duplicate"
    assert third.arrival_id == first.arrival_id
    assert await hub.pool.fetchval("SELECT count(*) FROM message") == 1


async def test_an_answer_to_her_own_mail_joins_it(hub, world, inbound):
    first = await arrive(inbound, world, mail("Marta <marta@acme.test>", message_id="<a1@acme.test>"))
    second = await arrive(
        inbound,
        world,
        mail("Marta <marta@acme.test>", "Re: Pedido", in_reply_to="<a1@acme.test>", text="¿Y bien?"),
    )
    assert second.conversation_id == first.conversation_id
    found = await conversation(hub, first.conversation_id)
    assert (found["last_seq"], found["last_preview"]) == (2, "¿Y bien?")


async def test_in_one_batch_the_answer_joins_the_mail_before_it(hub, world, inbound):
    first, second = await asyncio.gather(
        arrive(inbound, world, mail("Marta <marta@acme.test>", message_id="<b1@acme.test>")),
        arrive(inbound, world, mail("Marta <marta@acme.test>", "Re: x", in_reply_to="<b1@acme.test>")),
    )
    assert second.conversation_id == first.conversation_id


async def test_a_signed_reply_address_joins_and_a_forged_one_does_not(hub, world, inbound):
    first = await arrive(inbound, world, mail("Marta <marta@acme.test>"))
    token = Crypto(SECRET, hub.crypto._generation).sign("reply", first.conversation_id)
    other = "a" if token[0] != "a" else "b"
    good = await arrive(
        inbound, world, mail("Marta <marta@acme.test>", "sin relación", to=f"help+r.{token}@dialogo.test")
    )
    bad = await arrive(
        inbound,
        world,
        mail("Marta <marta@acme.test>", "sin relación", to=f"help+r.{other}{token[1:]}@dialogo.test"),
    )
    assert good.conversation_id == first.conversation_id
    assert bad.conversation_id != first.conversation_id


async def test_a_stranger_with_a_reference_joins_but_is_only_suggested(hub, world, inbound):
    first = await arrive(inbound, world, mail("Marta <marta@acme.test>"))
    token = hub.crypto.sign("reply", first.conversation_id)
    second = await arrive(inbound, world, mail("Eva <eva@elsewhere.test>", to=f"help+r.{token}@dialogo.test"))
    assert second.conversation_id == first.conversation_id
    role = await hub.pool.fetchval(
        "SELECT role FROM participant p JOIN address a ON a.id = p.address_id WHERE a.value = 'eva@elsewhere.test'"
    )
    assert role == "suggested"
    assert await hub.pool.fetchval("SELECT warnings FROM message WHERE id = $1", second.message_id) == [
        "stranger"
    ]


async def test_a_newsletter_starts_aside_and_belongs_to_nobody(hub, world, inbound):
    raw = mail("News <news@shop.test>", extra="List-Unsubscribe: <https://shop.test/u>\r\nPrecedence: bulk")
    found = await conversation(hub, (await arrive(inbound, world, raw)).conversation_id)
    assert (found["state"], found["assignee_id"], found["waiting_since"]) == ("aside", None, None)


async def test_an_out_of_office_joins_without_reopening(hub, world, inbound):
    first = await arrive(inbound, world, mail("Marta <marta@acme.test>", message_id="<c1@acme.test>"))
    await hub.pool.execute(
        "UPDATE conversation SET state = 'closed', closed_at = now(), waiting_since = NULL"
    )
    raw = mail(
        "Marta <marta@acme.test>",
        "Respuesta automática: Re",
        in_reply_to="<c1@acme.test>",
        extra="Auto-Submitted: auto-replied",
    )
    second = await arrive(inbound, world, raw)
    assert second.conversation_id == first.conversation_id
    found = await conversation(hub, first.conversation_id)
    assert (found["state"], found["waiting_since"]) == ("closed", None)


async def test_a_persons_answer_reopens_what_was_closed(hub, world, inbound):
    first = await arrive(inbound, world, mail("Marta <marta@acme.test>", message_id="<d1@acme.test>"))
    await hub.pool.execute(
        "UPDATE conversation SET state = 'closed', closed_at = now(), waiting_since = NULL"
    )
    await arrive(inbound, world, mail("Marta <marta@acme.test>", in_reply_to="<d1@acme.test>"))
    found = await conversation(hub, first.conversation_id)
    assert (found["state"], found["closed_at"], found["assignee_id"]) == ("open", None, world.ana)


async def test_an_absent_owner_is_covered_by_the_deputy(hub, world, inbound):
    await hub.pool.execute(
        "INSERT INTO absence (agent_id, deputy_id, starts_at, ends_at) "
        "VALUES ($1, $2, now() - interval '1 day', now() + interval '3 days')",
        world.ana,
        world.luis,
    )
    found = await conversation(
        hub, (await arrive(inbound, world, mail("Marta <marta@acme.test>"))).conversation_id
    )
    assert (found["assignee_id"], found["covering_for_id"]) == (world.luis, world.ana)


async def test_a_number_in_a_subject_suggests_and_never_joins(hub, world, inbound):
    first = await arrive(inbound, world, mail("Marta <marta@acme.test>"))
    second = await arrive(inbound, world, mail("Eva <eva@x.test>", f"Sobre el caso #{first.conversation_id}"))
    assert second.conversation_id != first.conversation_id
    suggested = await hub.pool.fetchval("SELECT belongs_to_id FROM message WHERE id = $1", second.message_id)
    assert suggested == first.conversation_id


async def test_what_nobody_can_read_is_in_the_quarantine_and_blocks_nobody(hub, world, inbound):
    bad, good = await asyncio.gather(
        arrive(inbound, world, b""), arrive(inbound, world, mail("Marta <marta@acme.test>"))
    )
    assert (bad.state, good.state) == ("unreadable", "stored")
    row = await hub.pool.fetchrow("SELECT outcome, reason FROM arrival WHERE id = $1", bad.arrival_id)
    assert row["outcome"] == "unreadable"
    assert row["reason"]


async def test_only_what_is_in_quarantine_is_processed_again(hub, world, inbound):
    stored = await arrive(inbound, world, mail("Marta <marta@acme.test>"))
    with pytest.raises(Conflict):
        await inbound.retry(stored.arrival_id)
    assert await hub.pool.fetchval("SELECT outcome FROM arrival WHERE id = $1", stored.arrival_id) == "stored"


async def test_what_was_unreadable_is_read_again_in_a_child(hub, world, inbound, monkeypatch):
    """Also two at once: the second finds the child still starting."""
    marta, pepe = Raw(body=mail("Marta <marta@acme.test>")), Raw(body=mail("Pepe <pepe@acme.test>"))
    kept = [
        await inbound.receive(world.mail, raw, [Unreadable(key=f"raw:{n}", reason="the old parser")])
        for n, raw in enumerate((marta, pepe))
    ]
    assert {one.state for one in kept} == {"unreadable"}
    starting, start, second = asyncio.Event(), children.start, None

    async def slow(*given):
        starting.set()
        await asyncio.wait([second], timeout=0.2)
        return await start(*given)

    monkeypatch.setattr(children, "start", slow)
    first = asyncio.create_task(inbound.retry(kept[0].arrival_id))
    second = asyncio.create_task(inbound.retry(kept[1].arrival_id))
    await starting.wait()
    again = [await first, await second]
    assert [(one.state, one.arrival_id) for one in again] == [("stored", one.arrival_id) for one in kept]


async def test_large_mails_that_wait_count_with_all_their_bytes(hub, world, inbound):
    inbound._bytes = MOST_WAITING_BYTES - 100_000
    with pytest.raises(Unavailable):
        await arrive(inbound, world, mail("Marta <marta@acme.test>", text="x" * 200_000))
    inbound._bytes = 0
    big = asyncio.create_task(
        inbound.receive(world.mail, Raw(body=b"x" * 300_000), [Ignored(key="k", reason="r")])
    )
    await asyncio.sleep(0)
    assert inbound._bytes == 300_000  # although they lie in a file, not in the row
    await big
    assert inbound._bytes == 0


async def test_the_first_name_counts_for_all_addresses_of_a_person(hub, world, inbound):
    await hub.pool.execute("UPDATE contact SET name = '' WHERE id = $1", world.marta)
    await hub.pool.execute(
        "INSERT INTO address (type, value, contact_id) VALUES ('email', 'm.ruiz@other.test', $1)", world.marta
    )
    await asyncio.gather(
        arrive(inbound, world, mail("Marta <marta@acme.test>")),
        arrive(inbound, world, mail("Otra <m.ruiz@other.test>", "Otro asunto")),
    )
    assert await hub.pool.fetchval("SELECT name FROM contact WHERE id = $1", world.marta) == "Marta"


async def test_a_second_message_in_the_same_batch_is_not_decided_again(hub, world, inbound):
    first = mail("Jorge <jorge@gmail.com>", message_id="<first@customers.test>")
    second = mail("Jorge <jorge@gmail.com>", in_reply_to="<first@customers.test>")
    one, two = await asyncio.gather(arrive(inbound, world, first), arrive(inbound, world, second))
    assert one.conversation_id == two.conversation_id
    assert await hub.pool.fetchval("SELECT count(*) FROM decision WHERE row_name <> 'balance'") == 1


async def test_every_change_is_told_to_the_live_pages(hub, world, inbound):
    cursor = await hub.signals.cursor()
    outcome = await arrive(inbound, world, mail("Marta <marta@acme.test>"))
    async with asyncio.timeout(5):
        while len(found := await hub.signals.since(cursor)) < 2:
            await asyncio.sleep(0.01)
    told = {(signal.kind, topic) for _, signal in found for topic in signal.topics}
    assert ("conversation", f"mine:{world.ana}") in told
    assert ("message", f"conversation:{outcome.conversation_id}") in told
