"""The walk of every channel: Marta uses them all over their real protocols, Ana sees one person and one matter.

The world outside is the lab's: its mail server, its pretend Twilio, its fax machine; the hub's doors are real.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from hub.channels import connections
from hub.channels.connections import Channel
from hub.channels.paper.typeset import Block
from hub.conversations import joining
from hub.customers import merging
from hub.lab import customer, fax_machine, mail_server
from hub.lab.customer import Letter
from hub.lab.fax_machine import Machine
from hub.lab.sent import Outbox, Sent
from hub.operating.stories import GUARD
from hub.plumbing.hub import Hub
from tests.channels.texting import MARTA, PHOTO, Texting, texting
from tests.deliveries.road import PATIENT, running
from tests.fakes.ports import free_port
from tests.mailroom import rooms
from tests.waiting import until
from tests.web.browsing import Browser
from tests.web.chatting import chat_line, heard, visitor
from tests.world import World
from workers.mailroom.smtp_door import SmtpDoor
from workers.todo import Chores

MAIL = "marta@acme.test"
TELEPHONE = "+34910000123"
FAX = "+34912345678"


class Walk(msgspec.Struct, frozen=True, kw_only=True):
    """The hub with a line of every kind, and the world around it."""

    hub: Hub
    world: World
    texts: Texting
    door: SmtpDoor
    outbox: Outbox
    ana: Browser
    fax: Channel
    chat: Channel

    async def writes_mail(self, letter: Letter) -> None:
        """Marta's mail program, over SMTP to our door."""
        await customer.post(letter, "127.0.0.1", self.door.port)

    async def rings(self) -> None:
        """Nobody is here: she hears so, speaks after the tone and hangs up."""
        calls = self.texts.twilio.calls
        leg = await calls.ring(MARTA, TELEPHONE)
        while leg.state == "listening":
            await calls.wait(MARTA)
        assert leg.state == "speaking", leg.heard
        await calls.speak(MARTA, 12, "Llamadme por lo del pedido, por favor.")
        if MARTA in calls.phones:
            await calls.hang_up(MARTA)

    async def faxes(self) -> None:
        """A typed sheet as a TIFF in the mail of a gateway."""
        machine = Machine(gateway="efax", caller=FAX, csid="ACME")
        sheet = (Block("title", "Contrato de mantenimiento"), Block("text", "Firmado: Marta Ruiz"))
        await fax_machine.transmit_words(machine, sheet, self.fax.address, self.door.port)

    async def stands_at_the_desk(self, matter: int) -> None:
        """Ana finds her, and writes down what she said and brought into the matter that is going on."""
        found = await self.ana.text("/desk?q=Marta")
        assert "Marta Ruiz" in found
        entry = {
            "client_id": "visit-1",
            "what": "visit",
            "contact_id": str(self.world.marta),
            "conversation_id": str(matter),
            "text": "Ha traído la tarjeta de firmas",
        }
        written = await self.ana.post("/desk", entry)
        assert written.headers["Location"] == f"/c/{matter}", await written.text()

    async def answer(self, conversation: int, text: str, channel: int) -> None:
        """Ana's composer, with the channel she chose."""
        form = {"text": text, "channel_id": str(channel), "force": "1"}
        answered = await self.ana.post(f"/c/{conversation}/messages", form)
        assert answered.status < 400, (answered.status, await answered.text())

    async def settled(self, states: Sequence[str]) -> list[Any]:
        """Our deliveries once they stand so; what follows commits is done meanwhile, as workers do."""
        rows: list[Any] = []

        async def done() -> bool:
            await Chores(self.hub).turn()
            rows[:] = await self.texts.deliveries()
            return [row["state"] for row in rows] == list(states)

        try:
            await until(done)
        except AssertionError as error:
            raise AssertionError([(row["recipient"], row["state"], row["reason"]) for row in rows]) from error
        return rows

    async def said(self) -> list[tuple[str, str]]:
        """The matter's timeline as it is stored: (kind of channel, direction), oldest first."""
        rows = await self.hub.pool.fetch(
            """
            SELECT n.kind, m.direction FROM message m JOIN channel n ON n.id = m.channel_id
            ORDER BY m.created_at, m.id
            """
        )
        return [(row["kind"], row["direction"]) for row in rows]


async def test_walk_every_channel(hub: Hub, world: World) -> None:
    async with walking(hub, world) as walk:
        await walk.writes_mail(
            Letter(
                sender=f"Marta Ruiz <{MAIL}>",
                to=world.mail.address,
                subject="Pedido 48213",
                text="¿Y mi pedido?",
            )
        )
        matter = await the_matter(hub)
        await walk.answer(matter, "¿Te viene bien por WhatsApp?", world.mail.id)
        await walk.settled(["sent"])
        [mailed] = await walk.outbox.newest()
        assert "¿Te viene bien por WhatsApp?" in read(mailed)

        await walk.texts.says_on_whatsapp("Sí, mejor por aquí")
        await walk.texts.says("Mirad el golpe", files=[("image/png", PHOTO)])
        await walk.texts.chores()
        await walk.rings()
        await walk.texts.chores()
        await chats(walk, matter)
        await walk.faxes()
        await walk.stands_at_the_desk(matter)
        assert await walk.said() == [
            ("email", "in"),
            ("email", "out"),
            ("whatsapp", "in"),
            ("sms", "in"),
            ("voice", "in"),
            ("voice", "in"),  # the call, and what she said after the tone
            ("webchat", "in"),
            ("webchat", "in"),
            ("fax", "in"),
            ("desk", "in"),
        ]
        assert await the_matter(hub) == matter, "one person, one matter"
        files = await hub.pool.fetch("SELECT type FROM attachment WHERE file <> '' ORDER BY id")
        assert [row["type"] for row in files] == ["image/png", "audio/mpeg", "application/pdf"]
        page = await walk.ana.text(f"/inbox/all/c/{matter}")
        for seen in (
            "¿Y mi pedido?",
            "Sí, mejor por aquí",
            "Mirad el golpe",
            "Llamadme",
            "Hola",
            "ACME",
            "tarjeta",
        ):
            assert seen in page, seen

        await walk.texts.says("BAJA")
        walk.texts.twilio.texts.fates[MARTA] = "63016"
        await walk.answer(matter, "Sale hoy por mensajero.", walk.texts.whatsapp.id)
        _asked, failed, went_on = await walk.settled(["sent", "failed", "sent"])
        assert "63016" in failed["reason"]
        assert (went_on["fallback_of"], went_on["recipient"]) == (failed["id"], MAIL), (
            "not by SMS: she said stop"
        )
        newest = await walk.outbox.newest()
        assert [one.kind for one in newest] == ["email", "whatsapp", "email"]
        assert "Sale hoy por mensajero." in read(newest[0])
        page = await walk.ana.text(f"/inbox/all/c/{matter}")
        assert "63016" in page
        assert MAIL in page

        await walk.writes_mail(customer.answer_to(newest[0]))
        assert (await walk.said())[-1] == ("email", "in")
        assert await the_matter(hub) == matter, "what went on by mail is answered in the same place"


@asynccontextmanager
async def walking(hub: Hub, world: World) -> AsyncIterator[Walk]:
    """Everything up, every line connected, Marta's numbers known; answers leave at once and go on at once."""
    outbox = Outbox(hub.settings.data)
    async with texting(hub, world) as texts, rooms.door(hub) as door, running(hub, PATIENT):
        port, texts.twilio.texts.outbox = free_port(), outbox
        async with mail_server.running(outbox, "127.0.0.1", port):
            mail = {
                "smtp_host": "127.0.0.1",
                "smtp_port": port,
                "smtp_security": "none",
                "authserv_id": GUARD,
            }
            await hub.pool.execute("UPDATE channel SET settings = $2 WHERE id = $1", world.mail.id, mail)
            fax = await _line(hub, world, "fax", "fax@dialogo.test", "email", mail | {"gateway": "efax"})
            twilio = texts.twilio
            voice = await _line(
                hub,
                world,
                "voice",
                TELEPHONE,
                "phone",
                twilio.settings() | {"transcribe": True},
                twilio.secrets(),
            )
            twilio.calls.lines[TELEPHONE] = f"{hub.settings.base_url}/in/{voice.key}"
            await _line(hub, world, "desk", "", "desk", {})
            await _known(hub, world, "fax", FAX)
            order = {"fallback": {"cancel_minutes": 0, "to": [texts.sms.key, world.mail.key]}}
            await hub.pool.execute("UPDATE channel SET settings = settings || $1", order)
            yield Walk(
                hub=hub,
                world=world,
                texts=texts,
                door=door,
                outbox=outbox,
                ana=await texts.site.browser(world.ana),
                fax=fax,
                chat=await chat_line(hub),
            )


async def chats(walk: Walk, matter: int) -> None:
    """Over the widget: what she types is a claim, so Ana says who it is; from then on she is known."""
    marta = await visitor(walk.texts.site, walk.chat)
    await marta.open(start=True, name="Marta", email=MAIL)
    socket = await marta.socket()
    first = await marta.said("Hola, soy Marta")
    assert (await heard(socket, "messages", id=first))["text"] == "Hola, soy Marta"
    row = await walk.hub.pool.fetchrow("SELECT contact_id, conversation_id FROM message WHERE id = $1", first)
    assert row is not None
    assert row["contact_id"] != walk.world.marta
    async with walk.hub.transaction() as tx:
        await merging.merge(tx, row["contact_id"], walk.world.marta, agent_id=walk.world.ana)
        await joining.join(tx, row["conversation_id"], matter, agent_id=walk.world.ana)
    await marta.said("¿Seguís ahí?", "c2")
    await socket.close()


async def the_matter(hub: Hub) -> int:
    """The one open conversation there is, of one person; its id."""
    rows = await hub.pool.fetch(
        """
        SELECT v.id, r.root_id FROM conversation v JOIN contact r ON r.id = v.contact_id
        WHERE v.joined_into_id IS NULL AND v.state = 'open'
        """
    )
    assert len(rows) == 1, [dict(row) for row in rows]
    roots = await hub.pool.fetchval(
        "SELECT count(DISTINCT r.root_id) FROM message m JOIN contact r ON r.id = m.contact_id"
    )
    assert roots == 1
    return int(rows[0]["id"])


def read(sent: Sent) -> str:
    """What a mail program shows of it."""
    understood = customer.read(sent)
    assert understood is not None
    return understood.text


async def _line(
    hub: Hub,
    world: World,
    kind: str,
    address: str,
    type_: str,
    settings: dict[str, Any],
    secrets: dict[str, str] | None = None,
) -> Channel:
    async with hub.transaction() as tx:
        return await connections.add(
            tx,
            hub.crypto,
            kind=kind,
            name=kind,
            address=address,
            address_type=type_,
            team_id=world.support,
            settings=settings,
            secrets=secrets,
        )


async def _known(hub: Hub, world: World, type_: str, value: str) -> None:
    await hub.pool.execute(
        "INSERT INTO address (type, value, contact_id, verified, source, compared)"
        " VALUES ($1, $2, $3, true, 'agent', true)",
        type_,
        value,
        world.marta,
    )
