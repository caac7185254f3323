"""An answer becomes one mail with the right headers, and its delivery says sent."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast

from hub.conversations.media import upload
from hub.plumbing.hub import Hub
from tests.deliveries.road import (
    answer,
    connect,
    matter,
    party,
    running,
    until_all,
    without_undo_window,
)
from tests.fakes.faulty_smtp import FaultySmtp
from tests.world import World


async def test_the_answer_leaves_with_threading_headers(hub: Hub, world: World) -> None:
    await without_undo_window(hub, world)
    await hub.pool.execute("UPDATE agent SET signature = 'Ana\nDialogo' WHERE id = $1", world.ana)
    with FaultySmtp() as server:
        await connect(hub, world.mail.id, server)
        async with hub.transaction() as tx:
            id_ = await matter(tx, world)
        parent = await hub.pool.fetchval("SELECT message_id FROM message WHERE conversation_id = $1", id_)
        done = await answer(hub, world, id_)
        async with running(hub):
            await until_all(hub, "sent")
        [attempt] = server.bodies
    mail = cast(EmailMessage, message_from_bytes(attempt.raw, policy=policy.default))
    assert mail["From"] == "Ana · Support mail <help@dialogo.test>"
    assert mail["To"] == "Marta Ruiz <marta@acme.test>"
    assert mail["Subject"] == "Re: Pedido 48213"
    assert mail["In-Reply-To"] == f"<{parent}>"
    assert mail["References"].split() == ["<first@acme.test>", f"<{parent}>"]
    assert mail["Message-ID"].startswith(f"<{id_}.{done.id}.")
    reply_to = mail["Reply-To"].addresses[0].addr_spec
    local, _, token = reply_to.partition("@")[0].partition("+r.")
    assert (local, hub.crypto.verify("reply", token)) == ("help", id_)
    local, _, token = attempt.mail_from.partition("@")[0].partition("+b.")
    assert (local, hub.crypto.verify("bounce", token)) == ("help", done.deliveries[0].id)
    text = mail.get_body(("plain",)).get_content().replace("\r\n", "\n")  # type: ignore[union-attr]
    assert text.startswith("Ya está de camino.")
    assert "\n-- \nAna\nDialogo\n" in text
    assert "Marta Ruiz" in text
    assert "> Hola, ¿dónde está mi pedido?" in text


async def test_the_next_answer_continues_the_thread(hub: Hub, world: World) -> None:
    await without_undo_window(hub, world)
    with FaultySmtp() as server:
        await connect(hub, world.mail.id, server)
        first = await answer(hub, world)
        await answer(hub, world, first.conversation_id, text="Y llega mañana.")
        async with running(hub):
            await until_all(hub, "sent")
        mails = [message_from_bytes(one.raw, policy=policy.default) for one in server.bodies]
    by_parent = {mail["In-Reply-To"]: mail for mail in mails}
    one = next(mail for mail in mails if mail["In-Reply-To"].startswith("<marta-"))
    other = by_parent[one["Message-ID"]]
    assert other["References"].split()[-2:] == [one["In-Reply-To"], one["Message-ID"]]


async def test_html_files_and_copies_leave(hub: Hub, world: World) -> None:
    await without_undo_window(hub, world)
    file = await upload(hub, world.ana, "../../etc/factura.pdf", b"%PDF-1.7 hello", "text/html")
    with FaultySmtp() as server:
        await connect(hub, world.mail.id, server)
        await answer(
            hub,
            world,
            html="<p>Ya está <b>de camino</b>.</p>",
            cc=[party("compras@acme.test", "Compras")],
            attachments=[file.token],
        )
        async with running(hub):
            await until_all(hub, "sent")
        envelopes = sorted(attempt.rcpt_to for attempt in server.bodies)
        assert envelopes == [["compras@acme.test"], ["marta@acme.test"]]
        assert len(server.copies()) == 1  # one Message-ID, one envelope each
        mail = cast(EmailMessage, message_from_bytes(server.bodies[0].raw, policy=policy.default))
    assert mail["Cc"] == "Compras <compras@acme.test>"
    assert "<b>de camino</b>" in mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
    [attached] = mail.iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == ("factura.pdf", "application/pdf")
    assert attached.get_content() == b"%PDF-1.7 hello"


async def test_a_scheduled_answer_waits_for_its_time(hub: Hub, world: World) -> None:
    from datetime import timedelta

    from hub.plumbing.clock import now

    done = await answer(hub, world, send_at=now() + timedelta(hours=2))
    [delivery] = done.deliveries
    assert delivery.state == "held"
    assert delivery.due_at > now() + timedelta(minutes=119)
