"""Promise 38: threading needs proof, and a stranger with a stolen one is never written to."""

from __future__ import annotations

import asyncio

from hub.plumbing.hub import Hub
from tests.deliveries.road import answer
from tests.mails import mail
from tests.promises.arriving import arriving, english, message
from tests.web.browsing import Web
from tests.world import World

EVE = "Eve <eve@evil.test>"
MARTA = "Marta <marta@acme.test>"
STRANGER = "This person was not part of the conversation: answers do not go to them"


async def test_promise_38_threading_needs_proof(hub: Hub, world: World) -> None:
    """The number in the subject joins nothing, neither a stranger's mail nor one with a customer's typed From."""
    async with arriving(hub, world.mail) as arrive:
        first = await arrive(mail(MARTA, message_id="<a1@acme.test>"))
        number = first.conversation_id
        for subject in (f"[#{number}]", f"Re: [#{number}] Pedido 48213", f"caso #{number}", f"#{number}"):
            for sender in (EVE, "Marta <marta@acme.test.evil.test>", MARTA):
                outcome = await arrive(mail(sender, subject))
                assert outcome.conversation_id != number, (subject, sender)
                assert (await message(hub, outcome))["belongs_to_id"] == number, "not even suggested"
    seen = await hub.pool.fetchval("SELECT last_seq FROM conversation WHERE id = $1", number)
    assert seen == 1


async def test_her_own_message_id_in_a_strangers_mail_proves_nothing(hub: Hub, world: World) -> None:
    """What Marta wrote may be known to all she copied: only she, on this line, goes on from it."""
    async with arriving(hub, world.mail) as arrive:
        first = await arrive(mail(MARTA, message_id="<a1@acme.test>"))
        for header in ("in_reply_to", "references"):
            outcome = await arrive(mail(EVE, "Re: Pedido 48213", **{header: "<a1@acme.test>"}))
            assert outcome.conversation_id != first.conversation_id


async def test_a_stolen_reference_joins_marked_and_no_answer_ever_goes_there(
    hub: Hub, site: Web, world: World
) -> None:
    """By our Message-ID and by the signed address; twice, and last of all: Ana's default answer is still Marta's."""
    async with arriving(hub, world.mail) as arrive:
        first = await arrive(mail(MARTA, message_id="<a1@acme.test>"))
        done = await answer(hub, world, first.conversation_id)
        ours = await hub.pool.fetchval("SELECT message_header FROM delivery")
        token = hub.crypto.sign("reply", done.conversation_id)
        for raw in (
            mail(EVE, "Re: Pedido 48213", in_reply_to=f"<{ours}>", extra="Reply-To: eve2@evil.test"),
            mail(EVE, "otra cosa", references=f"<x@y.test> <{ours}>", extra="Cc: eve3@evil.test"),
            mail(EVE, "y otra", to=f"help+r.{token}@dialogo.test"),
        ):
            outcome = await arrive(raw)
            assert outcome.conversation_id == first.conversation_id
            assert "stranger" in (await message(hub, outcome))["warnings"]
    assert await recipients(hub, world, first.conversation_id) == ["marta@acme.test"]
    roles = await hub.pool.fetch(
        "SELECT a.value, p.role FROM participant p JOIN address a ON a.id = p.address_id ORDER BY a.value"
    )
    assert [tuple(row) for row in roles] == [("eve@evil.test", "suggested"), ("marta@acme.test", "main")]
    ana = await english(site, world)
    page = await ana.text(f"/inbox/all/c/{first.conversation_id}")
    assert page.count(STRANGER) == 3
    composer = page[page.index("<form") :]
    assert 'value="eve@evil.test"' not in composer


async def test_in_one_batch_a_stranger_is_a_stranger_too(hub: Hub, world: World) -> None:
    """The stranger's second mail of a batch must not take the first one for a right to be there."""
    async with arriving(hub, world.mail) as arrive:
        first = await arrive(mail(MARTA))
        await answer(hub, world, first.conversation_id)
        ours = await hub.pool.fetchval("SELECT message_header FROM delivery")
        many = [
            mail(EVE, f"Re: {n}", message_id=f"<e{n}@evil.test>", in_reply_to=f"<{ours}>") for n in range(4)
        ]
        many += [mail(EVE, "Re: otra", in_reply_to="<e0@evil.test>")]
        outcomes = await asyncio.gather(*(arrive(raw) for raw in many))
    for outcome in outcomes:
        if outcome.conversation_id == first.conversation_id:
            assert "stranger" in (await message(hub, outcome))["warnings"]
    assert await recipients(hub, world, first.conversation_id) == ["marta@acme.test"]


async def recipients(hub: Hub, world: World, conversation_id: int | None) -> list[str]:
    """To whom Ana's next answer goes when she chooses nobody."""
    done = await answer(hub, world, conversation_id)
    return [one.recipient for one in done.deliveries]
