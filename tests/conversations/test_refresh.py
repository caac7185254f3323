"""Every denormalised column, computed again from the messages, equals what the roads wrote while running."""

from __future__ import annotations

import pytest

from hub.channels.base import Raw
from hub.conversations.refresh import refresh
from hub.intake import Inbound
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub
from tests.conversations.making import conversation, row, said
from tests.mails import mail
from tests.world import World


async def test_refresh_equals_what_the_road_in_wrote(hub: Hub, world: World) -> None:
    inbound = Inbound(hub)
    await inbound.start()
    mails = [
        mail("Marta <marta@acme.test>", "Pedido", message_id="<1@a>", text="Hola\n\n  ¿qué tal?\nMarta"),
        mail(
            "Marta <marta@acme.test>", "Re: Pedido", message_id="<2@a>", in_reply_to="<1@a>", text="¿Y bien?"
        ),
        mail("Jorge <jorge@gmail.com>", "Duda", message_id="<3@a>", text="x" * 500),
    ]
    for raw in mails:
        await inbound.receive(world.mail, Raw(body=raw))
    await inbound.close()
    async with hub.transaction() as tx:
        ids = [one["id"] for one in await tx.fetch("SELECT id FROM conversation ORDER BY id")]
        assert ids
        running = [await row(tx, id_) for id_ in ids]
        await refresh(tx, ids)
        assert [await row(tx, id_) for id_ in ids] == running


async def test_who_waits_is_the_first_unanswered_person(tx: Tx, world: World) -> None:
    id_ = await conversation(tx, world)
    await said(tx, world, id_, "Aviso", automatic=True)
    assert (await row(tx, id_))["waiting_since"] is None
    first = await said(tx, world, id_, "¿Hola?")
    await said(tx, world, id_, "¿¿Hola??")
    asked = await tx.value("SELECT created_at FROM message WHERE id = $1", first)
    assert (await row(tx, id_))["waiting_since"] == asked
    await said(tx, world, id_, "nota", direction="note", agent=world.ana)
    assert (await row(tx, id_))["waiting_since"] == asked
    await said(tx, world, id_, "Ya va", direction="out", agent=world.ana)
    assert (await row(tx, id_))["waiting_since"] is None


@pytest.mark.parametrize(("text", "preview"), [("  dos\n\t palabras ", "dos palabras"), ("", "")])
async def test_the_preview_is_one_line(tx: Tx, world: World, text: str, preview: str) -> None:
    id_ = await conversation(tx, world)
    await said(tx, world, id_, text)
    assert (await row(tx, id_))["last_preview"] == preview
