"""The lab plays the customer: its letters reach the hub's door by SMTP, and what leaves the hub can be answered."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
import pytest

from hub.channels.registry import adapter
from hub.lab import playing
from hub.lab.customer import Letter, answer_to, post, read
from hub.lab.mail_server import running
from hub.lab.sent import Outbox
from hub.operating import demo_lines
from hub.operating.demo_lines import SHOP_BESIDE, SYSTEM_BESIDE, TWILIO_BESIDE
from hub.plumbing.hub import Hub
from tests.deliveries import road
from tests.fakes.faulty_smtp import FaultySmtp
from tests.fakes.ports import free_port
from tests.mailroom import rooms
from tests.web.browsing import Browser, Web
from tests.world import World
from workers.mailroom.addresses import Addresses
from workers.mailroom.smtp_door import SmtpDoor


async def test_a_letter_is_answered_under_its_own_thread(tmp_path, unused_tcp_port):
    outbox = Outbox(tmp_path)
    async with running(outbox, "127.0.0.1", unused_tcp_port):
        letter = Letter(
            sender="Pepe Gil <pepe@acme.example>", to="hola@iberluz.example", subject="¿Plazo?", text="Hola"
        )
        await post(letter, "127.0.0.1", unused_tcp_port)
    (sent,) = await outbox.newest()
    assert (sent.kind, sent.sender, sent.recipient) == ("email", "pepe@acme.example", "hola@iberluz.example")
    assert await outbox.find(sent.name) == sent
    understood = read(sent)
    assert understood is not None
    answer = answer_to(sent)
    assert (answer.to, answer.subject, answer.in_reply_to) == (
        "pepe@acme.example",
        "Re: ¿Plazo?",
        understood.external_id,
    )
    assert "> Hola" in answer.text


async def test_only_an_honest_letter_carries_the_guards_word():
    with FaultySmtp() as smtp:
        for forged in (False, True):
            letter = Letter(sender="a@x.example", to="b@y.example", text="x", forged=forged)
            await post(letter, "127.0.0.1", smtp.port)
        raws = [attempt.raw for attempt in smtp.bodies]
    assert [b"dmarc=pass" in raw for raw in raws] == [True, False]


@pytest.fixture
async def lab(hub: Hub, world: World) -> AsyncIterator[Browser]:
    """The lab of a small demo, at ports of its own, and Ana before it."""
    port, smtp = free_port(SHOP_BESIDE, TWILIO_BESIDE, SYSTEM_BESIDE), free_port(1)
    hub.settings = msgspec.structs.replace(hub.settings, demo=True, port=port, smtp_port=smtp)
    await hub.pool.execute("UPDATE agent SET undo_seconds = 0")
    await hub.pool.execute(
        "UPDATE channel SET settings = $2 WHERE id = $1",
        world.mail.id,
        demo_lines.mail_settings(hub.settings),
    )
    site = Web(hub)
    site.server.port = port
    await site.start()
    async with rooms.taking_in(hub) as taking:
        door = SmtpDoor(taking, Addresses(hub), host="127.0.0.1", port=smtp, name="hub.test")
        await door.open()
        yield await site.browser(world.ana)
        await door.close(2)
    await adapter("sms").close()
    await site.close()


async def test_every_channel_is_played_and_what_left_is_seen(lab: Browser, hub: Hub, world: World) -> None:
    me = {
        "sender": "Jorge Díaz <+34600100208>",
        "line": "whatsapp",
        "text": "¿Y mi lámpara?",
        "name": "Jorge",
    }
    told = await lab.post("/lab/texts", me)
    assert told.headers["Location"].startswith("/lab?as=jorge&by=whatsapp&sent=1")
    assert (await lab.post("/lab/texts", me | {"sender": "?"})).status == 422
    asked = await hub.pool.fetchrow("SELECT conversation_id, text FROM message WHERE direction = 'in'")
    assert asked is not None
    assert asked["text"] == "¿Y mi lámpara?"
    chosen = {"kind": "whatsapp", "address": "+34600100208", "end": "63016"}
    assert (await lab.post("/lab/fate", chosen)).status == 303
    assert (await lab.post("/lab/fate", chosen | {"end": "never"})).status == 422

    mail = {"sender": "jorge@gmail.com", "to": world.mail.address, "subject": "Lámpara", "text": "Hola"}
    assert (await lab.post("/lab/mail", mail)).status == 303
    assert (await lab.post("/lab/fax?as=marta", {"caller": "+34961000201", "csid": "ACME"})).status == 303
    assert (await lab.post("/lab/phones?as=jorge", {"number": "+34600100208"})).status == 303
    assert (
        await lab.post("/lab/phones", {"number": "+34600100208", "act": "speak", "words": "x"})
    ).status == 303
    kinds = await hub.pool.fetch(
        "SELECT DISTINCT n.kind FROM message m JOIN channel n ON n.id = m.channel_id ORDER BY n.kind"
    )
    assert [row["kind"] for row in kinds] == ["email", "fax", "voice", "whatsapp"]

    answer = {"text": "Sale hoy.", "force": "1"}
    matters = await hub.pool.fetch(
        """
        SELECT DISTINCT m.conversation_id, m.channel_id FROM message m JOIN channel n ON n.id = m.channel_id
        WHERE n.kind IN ('email', 'fax', 'whatsapp')
        """
    )
    for one in matters:
        where = {"channel_id": str(one["channel_id"])}
        assert (await lab.post(f"/c/{one['conversation_id']}/messages", answer | where)).status == 303
    async with road.running(hub, road.PATIENT):
        await road.until_all(hub, "sent", "delivered", "failed")
    shown = await (await lab.get("/lab/sent", headers={"Accept": "application/json"})).json()
    assert {one["kind"] for one in shown["items"]} == {"email", "fax", "whatsapp"}
    assert all(set(one) == {"at", "kind", "from", "to", "raw"} for one in shown["items"])
    assert await hub.pool.fetchval("SELECT count(*) FROM delivery WHERE state = 'failed'") == 1
    for by in playing.WAYS:
        page = await lab.text(f"/lab?as=marta&by={by}")
        assert page.count("Sale hoy.") == 2, "mail and WhatsApp; a fax is its pages"
