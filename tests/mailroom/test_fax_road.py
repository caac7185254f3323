"""A fax comes in by a gateway's mail and goes out by one; only what the gateway reports is delivered."""

from __future__ import annotations

import io
import os
import re
from email import message_from_bytes, policy

import aiosmtplib
import pypdfium2
import pytest

from hub.channels import connections
from hub.channels.facts import Party
from hub.conversations import media, outcomes
from hub.conversations.replies import Answer, reply
from hub.conversations.search_index import fill
from hub.deliveries import unreported
from hub.plumbing.errors import BadInput
from tests.channels.fax_mails import GUARD, mail, pdf, tiff
from tests.deliveries import road
from tests.fakes.faulty_smtp import FaultySmtp
from tests.mailroom import rooms
from workers.todo import READING, Chores

SUBJECT = 'eFax message from "ACME LEGAL" - 2 page(s), Caller-ID: 34912345678'
GATEWAY = "eFax <message@inbound.efax.com>"


async def fax_line(hub, server: FaultySmtp, **settings) -> connections.Channel:
    async with hub.transaction() as tx:
        return await connections.add(
            tx,
            hub.crypto,
            kind="fax",
            name="Fax",
            address="fax@dialogo.test",
            address_type="email",
            settings={
                "authserv_id": GUARD,
                "gateway": "efax",
                "number": "+34910000001",
                "smtp_host": server.host,
                "smtp_port": server.port,
                "smtp_security": "none",
                **settings,
            },
        )


async def post(door, body: bytes, to: str) -> None:
    await aiosmtplib.send(
        body,
        sender="m@gateway.example",
        recipients=[to],
        hostname="127.0.0.1",
        port=door.port,
        start_tls=False,
    )


async def newest(hub):
    return await hub.pool.fetchrow(
        """
        SELECT m.id, m.conversation_id, n.kind, a.type, a.value, a.verified, m.new_text, m.fact, m.warnings
        FROM message m JOIN channel n ON n.id = m.channel_id LEFT JOIN address a ON a.id = m.address_id
        ORDER BY m.id DESC LIMIT 1
        """
    )


async def test_a_fax_arrives_anywhere_is_answered_and_its_report_settles_it(hub, world):
    with FaultySmtp() as server:
        line = await fax_line(hub, server)
        await road.without_undo_window(hub, world)
        async with rooms.door(hub) as door:
            await post(
                door, mail(GATEWAY, SUBJECT, document=tiff(2), to="help@dialogo.test"), "help@dialogo.test"
            )
            came = await newest(hub)
            assert (came["kind"], came["type"], came["value"]) == ("fax", "fax", "+34912345678")
            assert came["verified"]
            assert came["fact"]["fax"]["csid"] == "ACME LEGAL"
            file = await hub.pool.fetchrow("SELECT name, type, pages FROM attachment")
            assert tuple(file) == ("fax00012.pdf", "application/pdf", 2)

            forged = mail(GATEWAY, SUBJECT, document=pdf(1), proven=False, more={"X-Other": "1"})
            await post(door, forged, "fax@dialogo.test")
            stays = await newest(hub)
            assert (stays["kind"], stays["type"]) == ("email", "email"), "what nobody proves is ordinary mail"

            upload = await media.upload(hub, world.ana, "contrato.pdf", pdf(2))
            async with hub.transaction() as tx:
                answer = Answer(
                    text="¿Firmamos el año próximo? Un saludo, señor Núñez.", attachments=[upload.token]
                )
                await reply(tx, road.DOMAIN, came["conversation_id"], world.ana, answer)
            async with road.running(hub, road.PATIENT):
                await road.until_all(hub, "sent")
            sent = message_from_bytes(server.attempts[-1].raw, policy=policy.default)
            assert sent["To"] == "34912345678@efaxsend.com"
            token = re.search(r"\[fx:[\w-]+\]", sent["Subject"])[0]
            document = next(part.get_content() for part in sent.walk() if part.get_filename() == "fax.pdf")
            with pypdfium2.PdfDocument(io.BytesIO(document)) as opened:
                assert len(opened) == 3

            report = mail(
                "eFax <report@efax.com>", f"Successful transmission to 34912345678. Re: Oferta {token}"
            )
            await post(door, report, "fax@dialogo.test")
            assert set((await road.states(hub)).values()) == {"delivered"}
    assert await hub.pool.fetchval("SELECT count(*) FROM message WHERE channel_id = $1", line.id) == 2


async def test_a_report_without_our_token_settles_the_only_one_that_waits_and_silence_is_doubt(hub, world):
    with FaultySmtp() as server:
        line = await fax_line(hub, server, report_hours=2)
        await road.without_undo_window(hub, world)
        async with rooms.door(hub) as door:
            await post(door, mail(GATEWAY, SUBJECT, document=tiff(1)), "fax@dialogo.test")
            conversation = (await newest(hub))["conversation_id"]
            failed = "Unsuccessful transmission to 34912345678"

            async def send(text: str) -> None:
                async with hub.transaction() as tx:
                    await reply(tx, road.DOMAIN, conversation, world.ana, Answer(text=text, force=True))
                async with road.running(hub, road.PATIENT):
                    await road.until_all(hub, "sent", "failed", "unknown")

            await send("one")
            await post(door, mail("eFax <r@efax.com>", failed, "Reason: Busy"), "fax@dialogo.test")
            assert list((await road.states(hub)).values()) == ["failed"]
            assert await hub.pool.fetchval("SELECT reason FROM delivery") == "Busy"

            await send("two")
            await send("three")
            await post(door, mail("eFax <r@efax.com>", failed, "Reason: Busy again"), "fax@dialogo.test")
            assert list((await road.states(hub)).values()) == ["failed", "sent", "sent"], "nobody knows which"

            await hub.pool.execute(
                "UPDATE delivery SET sent_at = now() - interval '3 hours' WHERE state = 'sent'"
            )
            async with hub.transaction() as tx:
                await outcomes.tell(tx, await unreported.doubt(tx))
            assert list((await road.states(hub)).values()) == ["failed", "unknown", "unknown"]
            assert (
                await hub.pool.fetchval("SELECT count(*) FROM delivery WHERE channel_id = $1", line.id) == 3
            )


async def test_a_withheld_number_is_nobody_to_answer_and_its_words_can_be_found(hub, world):
    with FaultySmtp() as server:
        await fax_line(hub, server)
        async with rooms.door(hub) as door:
            for number in (1, 2):
                withheld = mail(
                    GATEWAY,
                    'eFax message from "ACME" - 1 page(s), Caller-ID: unknown',
                    document=tiff(1),
                    more={"X-Number": str(number)},
                ).replace(b"<fax-1@", f"<fax-{number}@".encode())
                await post(door, withheld, "fax@dialogo.test")
        rows = await hub.pool.fetch("SELECT conversation_id, contact_id FROM message WHERE direction = 'in'")
        assert len({row["contact_id"] for row in rows}) == len({row["conversation_id"] for row in rows}) == 2
        with pytest.raises(BadInput):
            async with hub.transaction() as tx:
                await reply(tx, road.DOMAIN, rows[0]["conversation_id"], world.ana, Answer(text="Hola"))
        async with hub.transaction() as tx:
            given = Answer(text="Hola", to=[Party("934 567 890")])
            done = await reply(tx, road.DOMAIN, rows[0]["conversation_id"], world.ana, given)
            assert [one.recipient for one in done.deliveries] == ["+34934567890"]
            assert await fill(tx, [done.id]) == 1


@pytest.fixture
def tesseract(tmp_path, monkeypatch) -> None:
    """The program that reads, played: it says how many bytes of picture it got."""
    program = tmp_path / "bin" / "tesseract"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = --list-langs ]; then printf "List of languages:\\neng\\nspa\\n"; exit; fi\n'
        'printf "Cláusula zarzamora en $4, %s\\n\\f" "$(wc -c)"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


async def test_the_words_on_the_pages_are_read_by_machine_and_found(hub, world, tesseract):
    with FaultySmtp() as server:
        await fax_line(hub, server)
        async with rooms.door(hub) as door:
            await post(door, mail(GATEWAY, SUBJECT, document=tiff(2)), "fax@dialogo.test")
    for chores in (Chores(hub, READING), Chores(hub)):
        while await chores.turn():
            pass
    text = await hub.pool.fetchval("SELECT machine_text FROM attachment")
    assert text.count("Cláusula zarzamora en spa+eng") == 2
    found = await hub.pool.fetchval(
        "SELECT count(*) FROM message_search WHERE tsv @@ to_tsquery('simple', 'zarzamora')"
    )
    assert found == 1
    shown = await hub.pool.fetchrow(
        "SELECT v.subject, m.subject AS written FROM message m JOIN conversation v ON v.id = m.conversation_id"
    )
    assert tuple(shown) == ("Fax, 2 páginas", ""), "a gateway's subject is nobody's words"
