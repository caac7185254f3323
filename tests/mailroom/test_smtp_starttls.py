"""The door encrypts when it has a certificate, forgets what was said before, and somebody reads for postmaster."""

from __future__ import annotations

import asyncio
import shutil
import smtplib
import socket
import ssl
from pathlib import Path

import pytest

from config.settings import SettingError, Settings
from hub.plumbing.hub import Hub
from tests.fakes.certificates import make_certificate
from tests.mailroom.rooms import door, mail, subjects
from tests.world import LINE, World
from workers.mailroom import smtp_tls
from workers.mailroom.smtp_session import Bounds, Connection
from workers.mailroom.smtp_tls import Certificate


def trusting(pem: str) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=pem)


def deliver_encrypted(port: int, pem: str, body: bytes) -> list[str]:
    """Through STARTTLS; what the door offered before and after."""
    with smtplib.SMTP("localhost", port, timeout=10) as client:
        client.ehlo()
        before = sorted(client.esmtp_features)
        client.starttls(context=trusting(pem))
        client.ehlo()
        client.sendmail("marta@acme.test", [LINE], body)
        return [*before, "then", *sorted(client.esmtp_features)]


async def test_a_mail_comes_in_encrypted(hub: Hub, world: World, tmp_path: Path) -> None:
    made = make_certificate(tmp_path)
    certificate = Certificate(made.certificate_file, made.key_file)
    async with door(hub, certificate=certificate) as open_door:
        offered = await asyncio.to_thread(
            deliver_encrypted, open_door.port, made.pem, mail(1, text="ñ" * 60_000)
        )
        before, after = offered[: offered.index("then")], offered[offered.index("then") + 1 :]
        assert "starttls" in before
        assert not {"starttls", "auth"} & set(after)
        assert await subjects(hub) == ["Pedido 1"]
        envelope = await hub.pool.fetchval("SELECT envelope FROM arrival")
        assert envelope["tls"] == "TLSv1.3"

        renewed = make_certificate(tmp_path / "renewed")
        shutil.copy(renewed.certificate_file, made.certificate_file)
        shutil.copy(renewed.key_file, made.key_file)
        await asyncio.to_thread(deliver_encrypted, open_door.port, renewed.pem, mail(2))
        assert await subjects(hub) == ["Pedido 1", "Pedido 2"]


async def test_what_was_said_in_the_open_is_forgotten(hub: Hub, world: World, tmp_path: Path) -> None:
    """RFC 3207 §5 and §4.2: commands smuggled in behind STARTTLS are never answered in the encrypted session."""
    made = make_certificate(tmp_path)

    def smuggle(port: int) -> tuple[bytes, bytes]:
        with smtplib.SMTP("localhost", port, timeout=5) as plain:
            plain.ehlo("evil.test")
            assert isinstance(plain.sock, socket.socket)
            plain.sock.sendall(b"STARTTLS\r\nMAIL FROM:<evil@evil.test>\r\n")
            plain.getreply()
            with trusting(made.pem).wrap_socket(plain.sock, server_hostname="localhost") as client:
                plain.sock = None
                client.sendall(b"RCPT TO:<help@dialogo.test>\r\n")
                first = client.recv(500)
                client.sendall(b"NOOP\r\n")
                return first, client.recv(500)

    async with door(hub, certificate=Certificate(made.certificate_file, made.key_file)) as open_door:
        first, second = await asyncio.to_thread(smuggle, open_door.port)
    assert first.startswith(b"503")
    assert second.startswith(b"250")


async def test_a_failed_handshake_holds_no_place(hub: Hub, world: World, tmp_path: Path) -> None:
    made = make_certificate(tmp_path)

    def talk_nonsense(port: int) -> None:
        with socket.create_connection(("localhost", port), timeout=5) as plain:
            plain.recv(500)
            plain.sendall(b"STARTTLS\r\n")
            plain.recv(500)
            plain.sendall(b"this is no handshake\r\n" * 20)
            while plain.recv(500):
                continue

    async with door(
        hub, certificate=Certificate(made.certificate_file, made.key_file), most_connections=1
    ) as open_door:
        for _ in range(2):
            await asyncio.to_thread(talk_nonsense, open_door.port)
        async with asyncio.timeout(5):
            while open_door.bounds.connections:
                await asyncio.sleep(0.01)
        await asyncio.to_thread(deliver_encrypted, open_door.port, made.pem, mail(1))
    assert await subjects(hub) == ["Pedido 1"]


async def test_without_a_certificate_nothing_is_offered(hub: Hub, world: World) -> None:
    def asked(port: int) -> tuple[bool, int]:
        with smtplib.SMTP("localhost", port, timeout=10) as client:
            client.ehlo()
            return client.has_extn("starttls"), client.docmd("STARTTLS")[0]

    async with door(hub) as open_door:
        assert await asyncio.to_thread(asked, open_door.port) == (False, 454)


async def test_somebody_reads_for_postmaster(hub: Hub, world: World) -> None:
    """RFC 5321 §4.5.1: with our domain or none, in any case; never for a stranger's domain."""

    def deliver(port: int, number: int, recipient: str) -> int:
        with smtplib.SMTP("localhost", port, timeout=10) as client:
            client.ehlo()
            client.mail("marta@acme.test")
            code, _words = client.docmd(f"RCPT TO:<{recipient}>")
            if code == 250:
                client.data(mail(number))
            return code

    async with door(hub) as open_door:
        for number, recipient in enumerate(("postmaster", "Postmaster", "POSTMASTER@dialogo.test")):
            assert await asyncio.to_thread(deliver, open_door.port, number, recipient) == 250
        assert await asyncio.to_thread(deliver, open_door.port, 9, "postmaster@elsewhere.test") == 550
        assert await asyncio.to_thread(deliver, open_door.port, 9, "hostmaster") in (550, 553)
    assert await hub.pool.fetchval("SELECT count(*) FROM arrival WHERE channel_id = $1", world.mail.id) == 3


def test_a_certificate_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    made, other = make_certificate(tmp_path / "a"), make_certificate(tmp_path / "b")
    for chain, key in ((tmp_path / "missing.pem", made.key_file), (made.certificate_file, other.key_file)):
        with pytest.raises(SettingError, match="HUB_SMTP_CERT"):
            smtp_tls.given(Settings(smtp_cert=str(chain), smtp_key=str(key)))
    assert smtp_tls.given(Settings()) is None


class Yes:
    """Takes everything: what is tested is the session around it."""

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server, session, envelope, address, options):
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server, session, envelope):
        return f"250 2.0.0 {len(envelope.content)} {session.ssl['cipher'][1]}"


def test_the_sessions_work_on_uvloop_too(tmp_path: Path) -> None:
    """The mailroom runs on it where it is installed, and its transports are not asyncio's."""
    made = make_certificate(tmp_path)

    def talk(port: int) -> tuple[str, bytes]:
        with smtplib.SMTP("localhost", port, timeout=10) as client:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as second:
                refused = second.recv(500)
            client.starttls(context=trusting(made.pem))
            client.ehlo()
            client.mail("a@a.test")
            client.rcpt("b@b.test")
            return client.data("x\r\n" * 100_000)[1].decode(), refused

    async def both() -> tuple[str, bytes]:
        loop = asyncio.get_running_loop()
        bounds = Bounds(
            name="hub.test",
            largest=1_000_000,
            most_connections=1,
            most_held_bytes=1_000_000,
            command_seconds=5,
            mail_seconds=5,
            certificate=Certificate(made.certificate_file, made.key_file),
        )
        server = await loop.create_server(lambda: Connection(bounds, Yes(), loop), "127.0.0.1", 0)
        said = await asyncio.to_thread(talk, server.sockets[0].getsockname()[1])
        await bounds.close(1)
        server.close()
        return said

    uvloop = pytest.importorskip("uvloop")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        said, refused = runner.run(both())
    assert said == "2.0.0 300000 TLSv1.3"
    assert refused.startswith(b"421 4.7.0")
