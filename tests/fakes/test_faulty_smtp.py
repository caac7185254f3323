"""The faulty SMTP server does each fault it is asked for, and keeps an honest log."""

from __future__ import annotations

import smtplib
import socket
import time
from collections.abc import Callable

import pytest

from tests.fakes.faulty_smtp import FaultySmtp, Script

MAIL = b"Message-ID: <1@hub.test>\r\nSubject: hi\r\n\r\nHello\r\n.dot\r\n"


def hand_over(server: FaultySmtp, *recipients: str) -> None:
    with smtplib.SMTP(server.host, server.port, timeout=3) as client:
        client.sendmail("hub@hub.test", list(recipients) or ["marta@acme.test"], MAIL)


def test_a_good_server_logs_envelope_body_and_message_id() -> None:
    with FaultySmtp() as server:
        hand_over(server)
        [attempt] = server.wait_for(1)
    assert attempt.raw == MAIL
    assert (attempt.mail_from, attempt.rcpt_to) == ("hub@hub.test", ["marta@acme.test"])
    assert attempt.message_id == "<1@hub.test>"
    assert attempt.result.startswith("250")
    assert not attempt.bare_lf
    assert server.copies() == {"<1@hub.test>": 1}


@pytest.mark.parametrize(
    ("script", "error", "result", "holds_body"),
    [
        ("BANNER=421", smtplib.SMTPConnectError, "421", False),
        ("MAIL=451", smtplib.SMTPSenderRefused, "451", False),
        ("RCPT=450", smtplib.SMTPRecipientsRefused, "450", False),
        ("RCPT:marta@acme.test=550 nobody", smtplib.SMTPRecipientsRefused, "550 nobody", False),
        ("DATA=554", smtplib.SMTPDataError, "554", False),
        ("DOT=451", smtplib.SMTPDataError, "451", False),
        ("DOT=554", smtplib.SMTPDataError, "554", False),
        ("drop-before-dot", smtplib.SMTPServerDisconnected, "drop-before-dot", False),
        ("drop-after-dot", smtplib.SMTPServerDisconnected, "drop-after-dot", True),
        ("drop-in-body", smtplib.SMTPServerDisconnected, "drop-in-body", False),
        ("421-mid", smtplib.SMTPSenderRefused, "421-mid", False),
        ("421-mid:RCPT", smtplib.SMTPRecipientsRefused, "421-mid", False),
    ],
)
def test_each_fault(script: str, error: type[Exception], result: str, holds_body: bool) -> None:
    with FaultySmtp(script) as server:
        with pytest.raises(error):
            hand_over(server)
        [attempt] = server.wait_for(1)
    assert attempt.result.startswith(result)
    assert attempt.has_body is holds_body


def test_the_second_recipient_alone_is_refused() -> None:
    with FaultySmtp("RCPT2=550") as server:
        hand_over(server, "marta@acme.test", "bad@acme.test")
        [attempt] = server.wait_for(1)
    assert attempt.rcpt_to == ["marta@acme.test"]
    assert [address for address, _ in attempt.refused] == ["bad@acme.test"]


def test_turns_are_one_message_each() -> None:
    with FaultySmtp() as server:
        server.then("DOT=451", "")
        with pytest.raises(smtplib.SMTPDataError):
            hand_over(server)
        hand_over(server)
        results = [attempt.result[:3] for attempt in server.wait_for(2)]
    assert results == ["451", "250"]


def test_a_bare_lf_is_noticed() -> None:
    with FaultySmtp() as server:
        with smtplib.SMTP(server.host, server.port, timeout=3) as client:
            client.mail("a@b.test")
            client.rcpt("c@d.test")
            client.docmd("DATA")
            client.send(b"Subject: x\r\n\r\none\n.\ntwo\r\n.\r\n")
            client.getreply()
        [attempt] = server.wait_for(1)
    assert attempt.bare_lf


@pytest.mark.parametrize("script", ["blackhole", "blackhole:DOT", "tarpit:30:RCPT", "drop-at-connect"])
def test_silence_and_hanging_up(script: str) -> None:
    def impatient(server: FaultySmtp) -> Callable[[], None]:
        def call() -> None:
            client = smtplib.SMTP(timeout=0.5)
            client.connect(server.host, server.port)
            client.sendmail("a@b.test", ["c@d.test"], MAIL)

        return call

    with FaultySmtp(script) as server, pytest.raises(OSError):
        impatient(server)()


def test_login_is_checked() -> None:
    with FaultySmtp("with-AUTH", users={"hub": "right"}) as server:
        with (
            smtplib.SMTP(server.host, server.port, timeout=3) as client,
            pytest.raises(smtplib.SMTPAuthenticationError),
        ):
            client.login("hub", "wrong")
        with smtplib.SMTP(server.host, server.port, timeout=3) as client:
            client.login("hub", "right")


def test_an_unknown_word_is_refused() -> None:
    with pytest.raises(ValueError, match="knows no"):
        Script.of("explode")


def test_who_is_still_there_at_its_end_is_hung_up_on_without_a_complaint(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with FaultySmtp("blackhole") as server:
        client = socket.create_connection((server.host, server.port), 30)
        while not server.open_sessions:
            time.sleep(0.01)
    with client:
        assert client.recv(1) == b""
    assert [record for record in caplog.records if record.name == "asyncio"] == []
