"""The lab plays the customer: its letters reach the hub's door by SMTP, and what leaves the hub can be answered."""

from __future__ import annotations

from hub.lab.customer import Letter, answer_to, post, read
from hub.lab.mail_server import running
from hub.lab.sent import Outbox
from tests.fakes.faulty_smtp import FaultySmtp


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
