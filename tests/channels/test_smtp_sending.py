"""Every way a mail server can fail us has its own answer, and none of them is a second copy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from hub.channels.email.sending import TOKENS, account_of, send
from hub.channels.email.smtp_pool import SmtpPool
from hub.channels.errors import Misconfigured, Rejected, SendError, Throttled, Unknown, Unreachable
from hub.channels.facts import Party
from hub.channels.outgoing import Line, Outgoing, Sent
from hub.plumbing.clock import monotonic
from tests.fakes.certificates import make_certificate
from tests.fakes.faulty_smtp import FaultySmtp
from tests.fakes.smtp_sink import smtp_sink
from tests.fakes.tcp_proxy import TcpProxy
from tests.fakes.token_server import TokenServer
from tests.waiting import until

MESSAGE_ID = "7.1.abc@hub.test"


@pytest.fixture
def server() -> Iterator[FaultySmtp]:
    with FaultySmtp() as server:
        yield server


@pytest.fixture
async def pool() -> AsyncIterator[SmtpPool]:
    pool = SmtpPool(seconds=2.0)
    yield pool
    await pool.close()


class Wire:
    """Counts how often content was about to leave; may refuse, or allow it for so many seconds only."""

    def __init__(self, refuse: Exception | None = None, seconds: float = 60.0) -> None:
        self.calls = 0
        self.refuse = refuse
        self.seconds = seconds

    async def __call__(self) -> float:
        self.calls += 1
        if self.refuse:
            raise self.refuse
        return monotonic() + self.seconds


def line(server: FaultySmtp | int, secrets: dict[str, str] | None = None, **settings: Any) -> Line:
    port = server if isinstance(server, int) else server.port
    usual = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "none"}
    return Line(
        id=1,
        key="k",
        kind="email",
        name="Support mail",
        address="help@dialogo.test",
        settings=usual | settings,
        secrets=secrets or {},
    )


def reply(recipient: str = "marta@acme.test", text: str = "Hola, Marta.", **more: Any) -> Outgoing:
    usual: dict[str, Any] = {
        "token": "t1",
        "message_id": MESSAGE_ID,
        "recipient": recipient,
        "sender": Party("help@dialogo.test", "Ana"),
        "to": (Party(recipient, "Marta"),),
        "bounce_address": "help+b.t1@dialogo.test",
        "subject": "Pedido",
        "text": text,
    }
    return Outgoing(**usual | more)


async def test_a_mail_arrives_once_with_its_id(server: FaultySmtp, pool: SmtpPool) -> None:
    wire = Wire()
    sent = await send(reply(), line(server), wire, pool)
    assert isinstance(sent, Sent)
    assert sent.answer.startswith("250 2.0.0 queued")
    [attempt] = server.wait_for(1)
    assert attempt.mail_from == "help+b.t1@dialogo.test"
    assert attempt.rcpt_to == ["marta@acme.test"]
    assert attempt.message_id == f"<{MESSAGE_ID}>"
    assert not attempt.bare_lf
    assert wire.calls == 1


@pytest.mark.parametrize(
    ("script", "error", "words", "reached_wire"),
    [
        ("BANNER=421 too busy", Throttled, "421 too busy", 0),
        ("BANNER=554 no service", Misconfigured, "554 no service", 0),
        ("drop-at-connect", Unreachable, "cannot be reached", 0),
        ("MAIL=451", Throttled, "451", 0),
        ("MAIL=530 5.7.0 authenticate first", Misconfigured, "530", 0),
        ("MAIL=553 5.7.1 Sender address rejected: not owned by user", Misconfigured, "553", 0),
        ("RCPT=450", Throttled, "450", 0),
        ("RCPT=550 5.1.1 nobody of that name", Rejected, "550 5.1.1 nobody of that name", 0),
        ("RCPT=554 5.7.1 Relay access denied", Misconfigured, "Relay", 0),
        ("421-mid", Throttled, "421", 0),
        ("421-mid:RCPT", Throttled, "421", 0),
        ("DATA=451", Throttled, "451", 1),
        ("DATA=554", Rejected, "554", 1),
        ("421-mid:DATA", Throttled, "421", 1),
        ("DOT=451", Throttled, "451", 1),
        ("DOT=554 5.7.1 looks like spam", Rejected, "looks like spam", 1),
        (
            "DOT=550 5.7.60 SMTP; Client does not have permissions to send as this sender",
            Misconfigured,
            "5.7.60",
            1,
        ),
        ("DOT=421", Throttled, "421", 1),
        ("drop-after-dot", Unknown, "perhaps sent", 1),
        ("drop-before-dot", Unknown, "perhaps sent", 1),  # from here it looks the same
        ("blackhole:DOT", Unknown, "perhaps sent", 1),
        ("blackhole", Unreachable, "in time", 0),
        ("blackhole:RCPT", Unreachable, "in time", 0),
        ("blackhole:DATA", Unreachable, "in time", 1),
        ("tarpit:5:MAIL", Unreachable, "in time", 0),
    ],
)
async def test_each_fault_has_its_answer(
    server: FaultySmtp, pool: SmtpPool, script: str, error: type[SendError], words: str, reached_wire: int
) -> None:
    server.become(script)
    wire = Wire()
    with pytest.raises(SendError, match=words) as caught:
        await send(reply(), line(server), wire, pool)
    assert type(caught.value) is error
    assert wire.calls == reached_wire
    assert len(server.bodies) <= (1 if error is Unknown else 0)


async def test_a_refused_connection_is_tried_again_later(pool: SmtpPool) -> None:
    with FaultySmtp() as server:
        port = server.port
    with pytest.raises(Unreachable, match="cannot be reached"):
        await send(reply(), line(port), Wire(), pool)


async def test_a_server_that_welcomes_the_content_too_late_gets_none_of_it(
    server: FaultySmtp, pool: SmtpPool
) -> None:
    server.become("tarpit:0.3:DATA")
    with pytest.raises(Unreachable, match="stopped just before sending"):
        await send(reply(), line(server), Wire(seconds=0.1), pool)
    [attempt] = await asyncio.to_thread(server.wait_for, 1)
    assert attempt.raw == b""
    assert server.copies() == {}


async def test_when_the_row_cannot_be_marked_nothing_is_sent(server: FaultySmtp, pool: SmtpPool) -> None:
    class LostTheRow(Exception):
        pass

    with pytest.raises(LostTheRow):
        await send(reply(), line(server), Wire(LostTheRow()), pool)
    [attempt] = server.wait_for(1)
    assert attempt.result == "rset"
    await send(reply(), line(server), Wire(), pool)
    assert server.sessions == 1
    assert len(server.bodies) == 1


async def test_a_cancelled_send_leaves_no_connection_behind(server: FaultySmtp, pool: SmtpPool) -> None:
    server.become("blackhole:DOT")
    sending = asyncio.create_task(send(reply(), line(server), Wire(), pool))
    await asyncio.to_thread(server.wait_for, 1)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    server.become("")
    await send(reply(), line(server), Wire(), pool)
    assert server.sessions == 2


async def test_connections_are_reused_and_refusals_do_not_cost_one(
    server: FaultySmtp, pool: SmtpPool
) -> None:
    server.then("", "RCPT=550", "DOT=554", "DATA=451", "")
    for _ in range(5):
        try:
            await send(reply(), line(server), Wire(), pool)
        except SendError:
            continue
    assert server.sessions == 1
    assert len(server.bodies) == 2


async def test_a_connection_that_died_at_rest_is_replaced_unseen(server: FaultySmtp, pool: SmtpPool) -> None:
    await send(reply(), line(server), Wire(), pool)
    with FaultySmtp() as other, TcpProxy("127.0.0.1", other.port) as proxy:
        await send(reply(), line(proxy.port), Wire(), pool)
        proxy.cut_on(b"MAIL")
        wire = Wire()
        await send(reply(), line(proxy.port), wire, pool)
        assert wire.calls == 1
        assert len(other.bodies) == 2
    server.become("drop-after-250")
    await send(reply(), line(server), Wire(), pool)
    await send(reply(), line(server), Wire(), pool)
    assert len(server.bodies) == 3


async def test_a_line_has_as_many_connections_as_it_says(server: FaultySmtp, pool: SmtpPool) -> None:
    """A worker begins so many sends: those without a connection would blame the mail server for it."""
    account = account_of(line(server, connections=10))
    async with AsyncExitStack() as stack:
        for _ in range(10):
            await stack.enter_async_context(pool.connection(account))


async def test_at_most_so_many_connections(server: FaultySmtp) -> None:
    server.become("tarpit:0.2:DOT")
    pool = SmtpPool(most=2, seconds=5)
    await asyncio.gather(*(send(reply(), line(server), Wire(), pool) for _ in range(6)))
    assert server.sessions == 2
    assert len(server.bodies) == 6
    await pool.close()


async def test_one_slow_server_does_not_hold_the_others(server: FaultySmtp) -> None:
    patient = SmtpPool(seconds=30.0)
    with FaultySmtp("tarpit:300") as slow, FaultySmtp("blackhole") as dead:
        stuck = [
            asyncio.create_task(send(reply(), line(bad), Wire(), patient))
            for bad in (slow, dead)
            for _ in range(20)
        ]
        await until(lambda: slow.sessions == dead.sessions == patient.most)
        await send(reply(), line(server), Wire(), patient)
        assert not any(task.done() for task in stuck), "it waited for the others"
        for task in stuck:
            task.cancel()
        await asyncio.gather(*stuck, return_exceptions=True)
    await patient.close()


async def test_a_quit_that_hangs_costs_nobody_anything(server: FaultySmtp) -> None:
    server.become("quit-hang")
    pool = SmtpPool(seconds=1)
    assert await send(reply(), line(server), Wire(), pool)
    async with asyncio.timeout(40):  # it hangs for an hour
        await pool.close()


@pytest.mark.parametrize(
    "text",
    [
        "hi\n.\nMAIL FROM:<evil@x.test>\nRCPT TO:<victim@x.test>\nDATA\nevil",
        "hi\r\n.\r\nMAIL FROM:<evil@x.test>\r\n",
        "hi\r.\rMAIL FROM:<evil@x.test>\r",
        "hi\n.\r\nMAIL FROM:<evil@x.test>\r\n",
        ".\n..\n...",
    ],
)
async def test_no_text_ends_the_data_early(server: FaultySmtp, pool: SmtpPool, text: str) -> None:
    await send(reply(text=text), line(server), Wire(), pool)
    await send(reply(), line(server), Wire(), pool)
    assert [attempt.rcpt_to for attempt in server.attempts] == [["marta@acme.test"]] * 2
    assert not any(attempt.bare_lf for attempt in server.attempts)
    assert len(server.bodies) == 2


async def test_a_subject_with_line_ends_adds_no_header(server: FaultySmtp, pool: SmtpPool) -> None:
    evil = "Hola\r\nBcc: victim@x.test\r\n\r\nbody"
    try:
        await send(reply(subject=evil, sender=Party("help@dialogo.test", evil)), line(server), Wire(), pool)
    except Rejected:
        assert server.bodies == []
        return
    [attempt] = server.bodies
    header = attempt.raw.partition(b"\r\n\r\n")[0].lower()
    assert b"\nbcc:" not in header
    assert header.count(b"\nsubject:") + header.startswith(b"subject:") == 1


async def test_an_envelope_address_cannot_carry_a_command(server: FaultySmtp, pool: SmtpPool) -> None:
    for address in ("a@b.test>\r\nRCPT TO:<evil@x.test", "a@b.test\r\nDATA", "a\0@b.test"):
        with pytest.raises(SendError):
            await send(reply(address), line(server), Wire(), pool)
    assert server.bodies == []


async def test_letters_outside_ascii_in_addresses(server: FaultySmtp, pool: SmtpPool) -> None:
    await send(reply("info@año.test"), line(server), Wire(), pool)
    assert [a.rcpt_to for a in server.bodies] == [["info@xn--ao-zja.test"]]
    for to in ((Party("josé@año.test"),), (Party("marta@acme.test"),)):
        with pytest.raises(Rejected, match="address"):
            await send(reply("josé@año.test", to=to), line(server), Wire(), pool)
    assert len(server.attempts) == 1


async def test_a_mail_too_large_is_refused_before_it_is_sent(pool: SmtpPool) -> None:
    with FaultySmtp("size:500") as small:
        with pytest.raises(Rejected, match="larger"):
            await send(reply(text="x" * 1000), line(small), Wire(), pool)
        assert small.attempts == []


async def test_a_large_mail_cut_in_the_middle_is_safe_to_repeat(server: FaultySmtp) -> None:
    pool = SmtpPool()  # large mails take their time, on a busy machine more than two seconds
    with TcpProxy("127.0.0.1", server.port) as proxy:
        proxy.cut_after_bytes(3_000_000, "up")
        with pytest.raises((Unreachable, Unknown)) as caught:
            await send(reply(text="palabra " * 2_000_000), line(proxy.port), Wire(), pool)
        assert type(caught.value) is Unreachable
        await send(reply(text="palabra " * 200_000), line(proxy.port), Wire(), pool)
        await pool.close()
    assert len(server.bodies) == 1


async def test_a_missing_attachment_is_said(server: FaultySmtp, pool: SmtpPool, tmp_path: Path) -> None:
    from hub.channels.outgoing import FileToSend

    gone = FileToSend(name="x.pdf", type="application/pdf", size=3, path=tmp_path / "gone.pdf")
    with pytest.raises(Rejected, match="attachment"):
        await send(reply(attachments=(gone,)), line(server), Wire(), pool)


async def test_signing_in(pool: SmtpPool) -> None:
    with FaultySmtp("with-AUTH", users={"hub": "right"}) as server:
        good = line(server, {"smtp_password": "right"}, smtp_user="hub")
        await send(reply(), good, Wire(), pool)
        assert server.bodies[0].user == "hub"
        with pytest.raises(Misconfigured, match="535") as caught:
            await send(reply(), line(server, {"smtp_password": "wr0ng"}, smtp_user="hub"), Wire(), pool)
        assert "wr0ng" not in repr(caught.value)
        server.become("with-AUTH, AUTH=454 4.7.0 later")
        with pytest.raises(Throttled, match="454"):
            await send(reply(), line(server, {"smtp_password": "x"}, smtp_user="hub"), Wire(), pool)
    with FaultySmtp() as server, pytest.raises(Misconfigured, match="sign-in"):
        await send(reply(), line(server, {"smtp_password": "x"}, smtp_user="hub"), Wire(), pool)


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_encryption_is_verified(pool: SmtpPool, tmp_path: Path, security: str) -> None:
    certificate = make_certificate(tmp_path)
    with FaultySmtp(
        "with-STARTTLS", tls=certificate.server_context(), implicit_tls=security == "tls"
    ) as server:
        trusting = line(server, smtp_security=security, smtp_certificate=certificate.pem)
        await send(reply(), trusting, Wire(), pool)
        assert server.bodies[0].tls
        with pytest.raises(Misconfigured, match="certificate"):
            await send(reply(), line(server, smtp_security=security), Wire(), pool)
    with FaultySmtp() as plain, pytest.raises(SendError):
        await send(reply(), line(plain, smtp_security=security), Wire(), pool)


async def test_encryption_is_never_skipped_when_starttls_is_not_offered(
    server: FaultySmtp, pool: SmtpPool
) -> None:
    with pytest.raises(Misconfigured, match="encryption"):
        await send(reply(), line(server, smtp_security="starttls"), Wire(), pool)
    assert server.attempts == []


async def test_xoauth2(pool: SmtpPool) -> None:
    with TokenServer() as tokens, FaultySmtp("with-AUTH") as server:
        refresh = tokens.grant("help@dialogo.test")
        settings = {
            "oauth_provider": "microsoft",
            "oauth_client_id": tokens.client_id,
            "oauth_token_url": tokens.token_url,
            "smtp_user": "help@dialogo.test",
        }
        secrets = {"oauth_client_secret": tokens.client_secret, "oauth_refresh_token": refresh}
        with pytest.raises(Misconfigured, match="535"):
            await send(reply(), line(server, secrets, **settings), Wire(), pool)
        assert len(tokens.requests) == 1

        class Latest(dict[str, str]):
            def get(self, user: str, default: Any = None) -> Any:
                return list(tokens.access_tokens)[-1]

        server.tokens = Latest()
        await send(reply(), line(server, secrets, **settings), Wire(), pool)
        assert server.bodies[0].user == "help@dialogo.test"
        assert len(tokens.requests) == 2  # the refused token was not used again
        await pool.close()
        TOKENS.forget(list(tokens.access_tokens)[-1])
        tokens.revoke_everything()
        with pytest.raises(Misconfigured, match="sign in again"):
            await send(reply(), line(server, secrets, **settings), Wire(), pool)


@pytest.mark.parametrize(
    "settings",
    [
        {"smtp_host": ""},
        {"smtp_port": "many"},
        {"smtp_security": "maybe"},
        {"smtp_certificate": "no PEM", "smtp_security": "tls"},
    ],
)
async def test_wrong_settings_are_for_the_operator(
    server: FaultySmtp, pool: SmtpPool, settings: dict[str, Any]
) -> None:
    with pytest.raises(Misconfigured):
        await send(reply(), line(server, **settings), Wire(), pool)


async def test_a_servers_answer_is_made_harmless(server: FaultySmtp, pool: SmtpPool) -> None:
    server.become("RCPT=550 bad\x00\x1b[31m words " + "x" * 2000)
    with pytest.raises(Rejected) as caught:
        await send(reply(), line(server), Wire(), pool)
    assert len(caught.value.reason) <= 500
    assert caught.value.reason.isprintable()


async def test_thousands_leave_over_few_connections() -> None:
    pool = SmtpPool(most=4)
    with smtp_sink() as port:
        await asyncio.gather(*(send(reply(), line(port), Wire(), pool) for _ in range(500)))
        await pool.close()
