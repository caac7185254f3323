"""Answers to a campaign stand in the conversation of whoever sent it, below the message that was sent."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hub.campaigns import campaigns, holds, steps
from hub.campaigns.steps import Wanted
from hub.channels.base import Raw
from hub.channels.mail.tokens import reply_address
from hub.intake import Inbound
from hub.plumbing.crypto import Crypto
from hub.plumbing.hub import Hub
from tests.mails import mail
from tests.waiting import until
from tests.world import LINE, World

HEADER = "spring.1@hub.test"
JORGE = "Jorge <jorge@gmail.com>"


@pytest.fixture
async def sent(hub: Hub, world: World) -> int:
    """Jorge got the first step of "Spring" from Luis yesterday, and another follows; his recipient's id."""
    async with hub.transaction() as tx:
        campaign = await campaigns.create(tx, "Spring", agent_id=world.mario)
        await steps.say(
            tx,
            campaign.id,
            Wanted(subject="Lamps, {{ contact.first_name }}", text="Hello {{ contact.first_name }}"),
            agent_id=world.mario,
        )
        await steps.add(tx, campaign.id, after_days=3, agent_id=world.mario)
        await tx.execute("UPDATE campaign SET state = 'running', started_at = now() - interval '2 days'")
        address = await tx.value("SELECT id FROM address WHERE value = 'jorge@gmail.com'")
        first = await tx.value(
            """
            INSERT INTO recipient (campaign_id, step, contact_id, state, variant, text_version, address_id, address,
                                   channel_id, sender_id, variables, made_at)
            VALUES ($1, 1, $2, 'made', 'a', 1, $3, 'jorge@gmail.com', $4, $5, $6, now() - interval '1 day')
            RETURNING id
            """,
            campaign.id,
            world.jorge,
            address,
            world.mail.id,
            world.luis,
            {"contact.first_name": "Jorge"},
        )
        await tx.execute(
            "INSERT INTO recipient (campaign_id, step, contact_id, state, variant) VALUES ($1, 2, $2, 'ready', 'a')",
            campaign.id,
            world.jorge,
        )
        await tx.execute(
            """
            INSERT INTO delivery (token, recipient_id, channel_id, address_id, recipient, state, message_header,
                                  purpose, sent_at)
            VALUES ('t', $1, $2, $3, 'jorge@gmail.com', 'sent', $4, 'marketing', now() - interval '1 day')
            """,
            first,
            world.mail.id,
            address,
            HEADER,
        )
    return int(first)


async def arrive(inbound: Inbound, world: World, raw: bytes):
    return await inbound.receive(world.mail, Raw(body=raw))


async def thread(hub: Hub, id_: int) -> list[tuple[Any, ...]]:
    rows = await hub.pool.fetch(
        "SELECT seq, direction, subject, text, agent_id FROM message WHERE conversation_id = $1 ORDER BY seq",
        id_,
    )
    return [tuple(row) for row in rows]


async def states(hub: Hub) -> list[tuple[Any, ...]]:
    rows = await hub.pool.fetch(
        """
        SELECT step, state, reason, answered_at IS NOT NULL, probable_at IS NOT NULL, conversation_id
        FROM recipient ORDER BY step
        """
    )
    return [tuple(row) for row in rows]


def our_address(crypto: Crypto, recipient: int) -> str:
    return reply_address(LINE, crypto.sign("campaign", recipient))


async def test_an_answer_opens_a_conversation_with_the_sender_below_what_was_sent(hub, world, inbound, sent):
    outcome = await arrive(inbound, world, mail(JORGE, "Re: Lamps, Jorge", "Yes!", in_reply_to=f"<{HEADER}>"))
    assert await thread(hub, outcome.conversation_id) == [
        (1, "out", "Lamps, Jorge", "Hello Jorge", world.luis),
        (2, "in", "Re: Lamps, Jorge", "Yes!", None),
    ]
    found = await hub.pool.fetchrow(
        "SELECT assignee_id, contact_id, last_seq, state FROM conversation WHERE id = $1",
        outcome.conversation_id,
    )
    assert tuple(found) == (world.luis, world.jorge, 2, "open")
    assert await states(hub) == [
        (1, "made", "", True, False, outcome.conversation_id),
        (2, "stopped", "reply", False, False, None),
    ]


async def test_our_signed_address_is_proof_without_any_header(hub, world, inbound, sent):
    outcome = await arrive(inbound, world, mail(JORGE, "Lamps?", "Yes", to=our_address(hub.crypto, sent)))
    assert [row[1] for row in await thread(hub, outcome.conversation_id)] == ["out", "in"]
    second = await arrive(
        inbound, world, mail(JORGE, "And one more", "thing", to=our_address(hub.crypto, sent))
    )
    assert second.conversation_id == outcome.conversation_id
    assert [row[1] for row in await thread(hub, outcome.conversation_id)] == ["out", "in", "in"]


async def test_a_forged_address_proves_nothing(hub, world, inbound, sent):
    forged = our_address(Crypto("x" * 32), sent)
    outcome = await arrive(inbound, world, mail("Eve <eve@evil.test>", "Hi", "give me", to=forged))
    assert [row[1] for row in await thread(hub, outcome.conversation_id)] == ["in"]
    assert (await states(hub))[0] == (1, "made", "", False, False, None)


async def test_an_out_of_office_is_no_answer_and_wakes_nobody_until_the_person_writes(
    hub, world, inbound, sent
):
    away = mail(
        JORGE, "Away", "Back on Monday", in_reply_to=f"<{HEADER}>", extra="Auto-Submitted: auto-replied"
    )
    outcome = await arrive(inbound, world, away)
    state = "SELECT state FROM conversation WHERE id = $1"
    assert await hub.pool.fetchval(state, outcome.conversation_id) == "aside"
    assert [row[:2] for row in await states(hub)] == [(1, "made"), (2, "ready")]
    real = await arrive(inbound, world, mail(JORGE, "Re: Lamps", "Yes!", in_reply_to=f"<{HEADER}>"))
    assert real.conversation_id == outcome.conversation_id
    assert await hub.pool.fetchval(state, outcome.conversation_id) == "open"
    assert [row[1] for row in await thread(hub, real.conversation_id)] == ["out", "in", "in"]
    assert (await states(hub))[0][3] is True


async def test_somebody_else_who_answers_is_suggested_and_never_a_new_matter(hub, world, inbound, sent):
    outcome = await arrive(
        inbound, world, mail("Wife <wife@gmail.com>", "Re: Lamps", "For us", to=our_address(hub.crypto, sent))
    )
    found = await hub.pool.fetchrow(
        """
        SELECT v.contact_id, v.assignee_id,
               ARRAY(SELECT a.value || ' ' || p.role FROM participant p JOIN address a ON a.id = p.address_id
                     WHERE p.conversation_id = v.id ORDER BY 1) AS people
        FROM conversation v WHERE v.id = $1
        """,
        outcome.conversation_id,
    )
    assert tuple(found) == (world.jorge, world.luis, ["wife@gmail.com suggested"])


async def test_who_writes_by_another_way_soon_after_has_probably_answered(hub, world, inbound, sent):
    outcome = await arrive(inbound, world, mail(JORGE, "A question", "Do you sell lamps?"))
    assert [row[1] for row in await thread(hub, outcome.conversation_id)] == ["in"]
    assert await states(hub) == [
        (1, "made", "", False, True, None),
        (2, "stopped", "reply", False, False, None),
    ]


async def test_a_week_later_it_is_just_a_question(hub, world, inbound, sent):
    await hub.pool.execute("UPDATE delivery SET sent_at = now() - interval '8 days'")
    await arrive(inbound, world, mail(JORGE, "A question", "Do you sell lamps?"))
    assert await states(hub) == [
        (1, "made", "", False, False, None),
        (2, "ready", "", False, False, None),
    ]


@pytest.mark.parametrize("together", [True, False])
async def test_two_answers_at_once_bring_the_message_along_once(hub, world, sent, together):
    """INVARIANTS §2: one batch of two is two batches of one."""
    inbound = Inbound(hub)
    raws = [
        mail(JORGE, "Re: Lamps", f"Answer {n}", in_reply_to=f"<{HEADER}>", message_id=f"<{n}@x.test>")
        for n in (1, 2)
    ]
    if together:
        waiting = [inbound.receive(world.mail, Raw(body=raw)) for raw in raws]
        tasks = [asyncio.create_task(one) for one in waiting]
        await until(lambda: len(inbound._waiting) == len(raws))
        await inbound.start()
        outcomes = await asyncio.gather(*tasks)
    else:
        await inbound.start()
        outcomes = [await arrive(inbound, world, raw) for raw in raws]
    await inbound.close()
    assert len({one.conversation_id for one in outcomes}) == 1
    assert [row[1] for row in await thread(hub, outcomes[0].conversation_id)] == ["out", "in", "in"]


async def test_a_later_step_about_to_leave_is_held_back_in_its_claim(hub, world, inbound, sent):
    later = await hub.pool.fetchval("UPDATE recipient SET state = 'made' WHERE step = 2 RETURNING id")
    await arrive(inbound, world, mail(JORGE, "Re: Lamps, Jorge", "Yes!", in_reply_to=f"<{HEADER}>"))
    assert (await states(hub))[1][1:3] == ("made", "reply")
    await hub.pool.execute(
        "UPDATE recipient SET sender_id = $1, address_id = (SELECT address_id FROM recipient WHERE step = 1)"
        " WHERE step = 2",
        world.luis,
    )
    async with hub.transaction() as tx:
        assert await holds.check(tx, [later]) == {later: "reply"}
