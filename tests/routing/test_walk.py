"""Real mails through the road in: owner, deputy while Ana is away, back to her, the queue shared out, a rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.agents import absence
from hub.channels.base import Raw
from hub.conversations import closing
from hub.conversations.assignment import assign_to
from hub.intake import Inbound
from hub.routing import decisions, explain, publishing, yaml_text
from hub.routing.balance import sweep
from hub.routing.covering import begin_due, end_due
from tests.conversations.making import row
from tests.mails import mail


@pytest.fixture
async def arrive(hub, world):
    """`await arrive(sender, subject)` answers the conversation's row."""
    inbound = Inbound(hub)
    await inbound.start()

    async def one(*words: str, **more: str):
        outcome = await inbound.receive(world.mail, Raw(body=mail(*words, **more)))
        async with hub.transaction() as tx:
            return await row(tx, outcome.conversation_id)

    yield one
    await inbound.close()


async def again(hub, conversation):
    async with hub.transaction() as tx:
        return await row(tx, conversation["id"])


async def test_marta_reaches_ana_or_whoever_stands_in(hub, world, arrive):
    before = await arrive("Marta <marta@acme.test>", "Antes")
    assert before["assignee_id"] == world.ana
    now = datetime.now(UTC)
    async with hub.transaction() as tx:
        ill = await absence.plan(
            tx, world.ana, world.luis, now - timedelta(hours=1), now + timedelta(days=3), "gripe"
        )
    assert await begin_due(hub) == 1
    during = await arrive("Marta <marta@acme.test>", "Durante")
    for one in (await again(hub, before), during):
        assert (one["assignee_id"], one["covering_for_id"]) == (world.luis, world.ana)
    said = explain.sentence(during["reason"], "en")
    assert said.startswith("To Luis: Ana, who owns Acme, is away until ")
    assert said.endswith(" and named Luis deputy")
    async with hub.transaction() as tx:
        await absence.cancel(tx, ill.id)
    assert await end_due(hub) == 2
    for one in (await again(hub, before), await again(hub, during)):
        assert (one["assignee_id"], one["covering_for_id"]) == (world.ana, None)
    assert (await arrive("Marta <marta@acme.test>", "Después"))["assignee_id"] == world.ana


async def test_what_was_closed_while_covered_returns_when_jorge_writes_again(hub, world, arrive):
    """Nobody owns Jorge: only that Luis covered for Ana says whose it is."""
    first = await arrive("Jorge <jorge@gmail.com>", "Pedido", message_id="<1@gmail.com>")
    now = datetime.now(UTC)
    async with hub.transaction() as tx:
        await assign_to(tx, [first["id"]], world.ana)
        ill = await absence.plan(tx, world.ana, world.luis, now - timedelta(hours=1), now + timedelta(days=3))
    assert await begin_due(hub) == 1
    async with hub.transaction() as tx:
        await closing.close(tx, first["id"], agent_id=world.luis)
        await absence.cancel(tx, ill.id)
    assert await end_due(hub) == 0
    closed = await again(hub, first)
    assert (closed["assignee_id"], closed["covering_for_id"]) == (world.luis, world.ana)

    reopened = await arrive("Jorge <jorge@gmail.com>", "Re: Pedido", in_reply_to="<1@gmail.com>")
    assert (reopened["id"], reopened["state"]) == (first["id"], "open")
    assert (reopened["assignee_id"], reopened["covering_for_id"]) == (world.ana, None)
    assert explain.sentence(reopened["reason"], "es") == "Vuelve a Ana, que ya está de vuelta"
    async with hub.transaction() as tx:
        [returned, *_before] = await decisions.of_conversation(tx, first["id"])
    assert (returned.row_name, returned.agent_id) == ("returned", world.ana)


async def test_pepe_reaches_ana_by_his_domain_not_confirmed(hub, world, arrive):
    conversation = await arrive("Pepe <pepe@acme.test>", "Hola")
    assert conversation["assignee_id"] == world.ana
    assert explain.sentence(conversation["reason"], "es") == (
        "Para Ana, responsable de Acme · Pepe escribe desde el dominio de Acme, sin confirmar"
    )


async def test_jorge_waits_in_the_queue_until_it_is_shared_out(hub, world, arrive):
    conversation = await arrive("Jorge <jorge@gmail.com>", "Hola")
    assert (conversation["assignee_id"], conversation["team_id"]) == (None, world.support)
    assert await sweep(hub) == 1
    shared = await again(hub, conversation)
    assert shared["assignee_id"] in (world.ana, world.luis, world.lola)
    assert (await arrive("Jorge <jorge@gmail.com>", "Otra cosa"))["assignee_id"] == shared["assignee_id"]


async def test_a_published_rule_counts_for_the_next_mail(hub, world, arrive):
    async with hub.transaction() as tx:
        rows = yaml_text.read("""
rows:
  - rule: Facturas
    when: {all: [{text: "factur*"}]}
    then: {assign: {person: Lola}, priority: high, tags: [facturas]}
  - row: owner
""")
        await publishing.publish(tx, rows)
    conversation = await arrive("Marta <marta@acme.test>", "Dos FACTURAS")
    assert (conversation["assignee_id"], conversation["priority"]) == (world.lola, "high")
    assert conversation["tags"] == ["facturas"]
