"""Reading one conversation: the last messages with files and deliveries, older ones page by page."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.conversations import thread
from hub.plumbing.db import Tx
from hub.plumbing.errors import NotFound
from tests.conversations.making import attached, conversation, said
from tests.world import World


async def test_the_last_fifty_then_the_ones_before(tx: Tx, world: World) -> None:
    id_ = await conversation(tx, world)
    made = [await said(tx, world, id_, f"Número {n}") for n in range(120)]
    last = await thread.messages(tx, id_)
    middle = await thread.messages(tx, id_, before=last[0].id)
    first = await thread.messages(tx, id_, before=middle[0].id)
    assert [message.id for message in first + middle + last] == made
    assert await thread.messages(tx, id_, before=first[0].id) == []


async def test_a_message_comes_with_its_files_and_deliveries(tx: Tx, world: World) -> None:
    id_ = await conversation(tx, world)
    asked = await said(tx, world, id_, html="<p>Hola</p>")
    await attached(tx, asked)
    reply = await said(tx, world, id_, "Hoy llega", direction="out", agent=world.ana)
    for state, attempt in (("delivered", 1), ("failed", 2)):
        await tx.execute(
            """
            INSERT INTO delivery (token, message_id, channel_id, recipient, state, message_header, attempt, reason)
            VALUES ($1, $2, $3, 'marta@acme.test', $1, 'h', $4, '550 no')
            """,
            state,
            reply,
            world.mail.id,
            attempt,
        )
    [one, two] = await thread.messages(tx, id_)
    assert (one.contact_name, one.has_html, one.has_raw) == ("Marta Ruiz", True, False)
    assert [file.name for file in one.attachments] == ["factura.pdf"]
    assert (two.agent_name, two.has_html) == ("Ana", False)
    assert [delivery.state for delivery in two.deliveries] == ["delivered", "failed"]
    assert one.version == 2  # its file counts: one that came later must be newer than the bubble without it
    assert two.version > one.version


async def test_the_head_tells_what_is_suggested_and_doubtful(tx: Tx, world: World) -> None:
    await tx.execute("UPDATE contact SET account_standing = 'suggested' WHERE id = $1", world.marta)
    id_ = await conversation(tx, world, account=world.acme, assignee=world.ana)
    await said(tx, world, id_, verified=False)
    head = await thread.head(tx, id_, world.ana)
    assert (head.suggested_name, head.doubt, head.assignee_name) == ("Acme", True, "Ana")


async def test_the_outsider_gets_not_found(tx: Tx, world: World) -> None:
    id_ = await conversation(tx, world, team=world.legal)
    assert (await thread.head(tx, id_, world.olga)).id == id_
    with pytest.raises(NotFound):
        await thread.head(tx, id_, world.ana)
    with pytest.raises(NotFound):
        await thread.head(tx, 987654321, world.olga)


async def test_a_suggestion_never_names_a_restricted_teams_conversation(tx: Tx, world: World) -> None:
    secret = await conversation(tx, world, subject="Despido", team=world.legal)
    other = await conversation(tx, world, subject="Factura")
    id_ = await conversation(tx, world)
    await said(tx, world, id_, belongs_to=secret)
    await said(tx, world, id_, belongs_to=other)
    [one, two] = await thread.messages(tx, id_)
    assert (one.belongs_to_id, two.belongs_to_subject) == (None, "Factura")


async def test_what_was_said_after_a_sequence(tx: Tx, world: World) -> None:
    id_ = await conversation(tx, world)
    for n in range(3):
        await said(tx, world, id_, f"{n}", after=timedelta(minutes=n))
    assert [message.text for message in await thread.after(tx, id_, 1)] == ["1", "2"]
