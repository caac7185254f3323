"""The second walk: Ana's WhatsApp answer cannot be delivered and goes on by mail; then a landline, a closed window."""

from __future__ import annotations

from email import message_from_bytes, policy
from typing import Any

from hub.channels.base import Raw
from hub.channels.facts import MessageReceived, Party
from hub.conversations.replies import Answer, reply
from hub.intake import Inbound
from hub.plumbing.hub import Hub
from tests.channels.texting import MARTA, Texting, texting
from tests.deliveries.road import DOMAIN, connect, running
from tests.fakes.faulty_smtp import FaultySmtp
from tests.waiting import until
from tests.world import World
from workers.todo import Chores

NOW = {"fallback": {"cancel_minutes": 0}}


async def test_an_answer_goes_on_by_mail_and_the_mail_comes_home(hub: Hub, world: World) -> None:
    with FaultySmtp() as server:
        async with texting(hub, world) as texts, running(hub):
            await connect(hub, world.mail.id, server)
            await hub.pool.execute("UPDATE channel SET settings = settings || $1", NOW)
            await texts.says_on_whatsapp("¿Dónde está mi pedido?")
            [asked] = await texts.messages()
            texts.twilio.texts.fates[MARTA] = "30005"
            await _answer(hub, world, asked["conversation_id"])
            await _until(texts, ("failed", "sent"))
        [mail] = [message_from_bytes(one.raw, policy=policy.default) for one in server.bodies]
    assert mail["To"] == "marta@acme.test"
    assert mail["Subject"] == "Nuestra respuesta"
    body = mail.get_body()
    assert body is not None
    assert "Sale hoy." in body.get_content()
    assert "¿Dónde está mi pedido?" not in body.get_content()
    assert not await hub.pool.fetchval("SELECT usable FROM address WHERE value = $1", MARTA)
    [sent] = await hub.pool.fetch("SELECT * FROM message WHERE direction = 'out'")
    assert mail["Message-ID"] == f"<{sent['message_id']}>"

    inbound = Inbound(hub)
    await inbound.start()
    back = MessageReceived(
        key="mail:back",
        external_id="back@acme.test",
        sender=Party("marta@acme.test", "Marta Ruiz"),
        text="Gracias",
        in_reply_to=sent["message_id"],
        verified=True,
    )
    outcome = await inbound.receive(world.mail, Raw(body=b"mail"), [back])
    await inbound.close()
    assert outcome.conversation_id == asked["conversation_id"], "one conversation over both channels"


async def test_what_no_longer_may_leave_goes_on_too(hub: Hub, world: World) -> None:
    """The window closes between writing and sending; the claim refuses it, and the number's other line takes it."""
    async with texting(hub, world) as texts:
        await texts.says_on_whatsapp("Hola")
        [asked] = await texts.messages()
        delivery_id = await _answer(hub, world, asked["conversation_id"])
        assert await hub.pool.fetchval("SELECT window_until > now() FROM delivery WHERE id = $1", delivery_id)
        await hub.pool.execute("UPDATE delivery SET window_until = now()")
        to = {"fallback": {"cancel_minutes": 0, "to": [texts.sms.key]}}
        await hub.pool.execute("UPDATE channel SET settings = settings || $1", to)
        async with running(hub):
            await _until(texts, ("failed", "delivered"))
    rows = await texts.deliveries()
    assert [row["code"] for row in rows] == ["window_closed", ""]
    assert rows[1]["channel_id"] == texts.sms.id
    assert rows[1]["fallback_of"] == delivery_id


async def _answer(hub: Hub, world: World, conversation_id: int) -> int:
    async with hub.transaction() as tx:
        made = await reply(tx, DOMAIN, conversation_id, world.ana, Answer(text="Sale hoy."))
    return made.deliveries[0].id


async def _until(texts: Texting, wanted: tuple[str, ...]) -> None:
    """Until the deliveries stand so; the work that follows commits is done meanwhile, as workers do."""

    async def done() -> bool:
        await Chores(texts.hub).turn()
        rows: list[Any] = await texts.deliveries()
        return tuple(row["state"] for row in rows) == wanted

    await until(done)
