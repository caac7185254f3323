"""Our own door: only our addresses, 250 only after the commit, and nobody can hold it shut."""

from __future__ import annotations

import asyncio
import smtplib
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import asyncpg
import pytest

from hub.channels import connections
from hub.channels.arrivals import Outcome
from hub.channels.base import Raw
from hub.plumbing.hub import Hub
from tests.fakes.servers import Servers
from tests.mailroom.rooms import door, mail, subjects
from tests.world import LINE, World
from workers.mailroom import smtp_session


def deliver(
    port: int, body: bytes, *recipients: str, sender: str = "marta@acme.test"
) -> dict[str, tuple[int, bytes]]:
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        return client.sendmail(sender, list(recipients) or [LINE], body)


async def test_250_means_stored(hub: Hub, world: World) -> None:
    async with door(hub) as open_door:
        await asyncio.to_thread(deliver, open_door.port, mail(1))
        assert await subjects(hub) == ["Pedido 1"]
        envelope = await hub.pool.fetchval("SELECT envelope FROM arrival")
    assert (envelope["mail_from"], envelope["rcpt_to"], envelope["door"]) == ("marta@acme.test", LINE, "smtp")


async def test_plus_addresses_and_any_case_reach_their_channel(hub: Hub, world: World) -> None:
    async with door(hub) as open_door:
        await asyncio.to_thread(deliver, open_door.port, mail(1), "HELP+r.abc@Dialogo.test")
        assert (
            await hub.pool.fetchval("SELECT envelope->>'rcpt_to' FROM arrival") == "HELP+r.abc@Dialogo.test"
        )
        assert await subjects(hub) == ["Pedido 1"]


async def test_it_is_no_relay(hub: Hub, world: World) -> None:
    async with door(hub) as open_door:
        for stranger in ("victim@elsewhere.test", "nobody@dialogo.test", "help@dialogo.test@evil.test"):
            with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
                await asyncio.to_thread(deliver, open_door.port, mail(1), stranger)
            assert next(iter(caught.value.recipients.values()))[0] in (550, 553)
        refused = await asyncio.to_thread(deliver, open_door.port, mail(2), LINE, "victim@elsewhere.test")
        assert list(refused) == ["victim@elsewhere.test"]
        assert await subjects(hub) == ["Pedido 2"]


async def test_a_bounce_with_the_empty_sender_comes_in(hub: Hub, world: World) -> None:
    async with door(hub) as open_door:
        await asyncio.to_thread(deliver, open_door.port, mail(1), sender="")
        assert await hub.pool.fetchval("SELECT envelope->>'mail_from' FROM arrival") == ""


async def test_one_mail_to_two_channels_is_two_and_the_same_twice_is_one(hub: Hub, world: World) -> None:
    async with hub.transaction() as tx:
        await connections.add(
            tx, hub.crypto, kind="email", name="Sales", address="sales@dialogo.test", address_type="email"
        )
    async with door(hub) as open_door:
        for _ in range(2):
            await asyncio.to_thread(
                deliver, open_door.port, mail(1), LINE, "sales@dialogo.test", "help+x@dialogo.test"
            )
    assert await subjects(hub) == ["Pedido 1", "Pedido 1"]


async def test_database_away_means_later_never_lost(hub: Hub, servers: Servers, world: World) -> None:
    async with door(hub) as open_door:
        await asyncio.to_thread(deliver, open_door.port, mail(1))
        await reachable(hub, servers, False)
        with pytest.raises(smtplib.SMTPException) as caught:
            await asyncio.to_thread(deliver, open_door.port, mail(2))
        assert "451" in str(caught.value)
        await reachable(hub, servers, True)
        await asyncio.to_thread(deliver, open_door.port, mail(2))
    assert await subjects(hub) == ["Pedido 1", "Pedido 2"]


async def reachable(hub: Hub, servers: Servers, yes: bool) -> None:
    """Let nobody into the database, and out who is in; or let them in again."""
    name = urlsplit(hub.settings.database_url).path.removeprefix("/")
    connection = await asyncpg.connect(servers.dsn)
    await connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {yes}')
    await connection.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1 AND NOT $2",
        name,
        yes,
    )
    await connection.close()


async def test_too_large_is_refused_with_words_before_and_after_the_fact(hub: Hub, world: World) -> None:
    async with door(hub, largest=100_000) as open_door:
        with pytest.raises(smtplib.SMTPResponseException) as caught:
            await asyncio.to_thread(deliver, open_door.port, mail(1, text="x\r\n" * 60_000))
        assert caught.value.smtp_code == 552
        blunt = Blunt(open_door.port)
        await asyncio.to_thread(blunt.greet)
        assert (await asyncio.to_thread(blunt.mail, mail(1, text="x\r\n" * 60_000))).startswith("552")
        await asyncio.to_thread(deliver, open_door.port, mail(2, text="x\r\n" * 10_000))
    assert await subjects(hub) == ["Pedido 2"]


class Blunt:
    """A client that speaks bytes."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.file = self.socket.makefile("rb")

    def line(self) -> str:
        return self.file.readline().decode()

    def say(self, text: str) -> str:
        self.socket.sendall(text.encode() + b"\r\n")
        answer = self.line()
        while answer[3:4] == "-":
            answer = self.line()
        return answer

    def greet(self, verb: str = "EHLO") -> None:
        assert self.line().startswith("220")
        assert self.say(f"{verb} client.test").startswith("250")

    def mail(self, body: bytes, *recipients: str, behind: bytes = b"") -> str:
        assert self.say("MAIL FROM:<marta@acme.test>").startswith("250")
        for recipient in recipients or (LINE,):
            assert self.say(f"RCPT TO:<{recipient}>").startswith("250")
        assert self.say("DATA").startswith("354")
        self.socket.sendall(body + b".\r\n" + behind)
        return self.line()


async def test_lmtp_answers_once_a_recipient(hub: Hub, world: World) -> None:
    async with door(hub) as open_door:
        client = Blunt(open_door.port)
        await asyncio.to_thread(client.greet, "LHLO")
        first = await asyncio.to_thread(client.mail, mail(1), LINE, "help+r.x@dialogo.test")
        second = await asyncio.to_thread(client.line)
        assert first.startswith("250")
        assert second.startswith("250")
    assert await subjects(hub) == ["Pedido 1"]


async def test_pipelined_mails_in_one_session(hub: Hub, world: World) -> None:
    async with door(hub) as open_door:
        client = Blunt(open_door.port)
        await asyncio.to_thread(client.greet)
        for number in range(3):
            assert (await asyncio.to_thread(client.mail, mail(number))).startswith("250")
    assert len(await subjects(hub)) == 3


CONTENTS = [
    (b"", b""),
    (b"\r\n", b"\r\n"),
    (b"..\r\n", b".\r\n"),
    (b"a\r\n..b\r\n...\r\n", b"a\r\n.b\r\n..\r\n"),
    (b"x\n.\ny\r.\r\r\n", b"x\n.\ny\r.\r\r\n"),
    (b"l" * 400_000 + b"\r\n", b"l" * 400_000 + b"\r\n"),
]


async def test_the_content_is_what_was_sent(hub: Hub, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However it is cut into blocks, and with the next command right behind it."""
    taken: list[bytes] = []

    async def take_in(channel: object, raw: Raw) -> Outcome:
        taken.append(raw.body)
        return Outcome(state="stored", arrival_id=1)

    async with door(hub) as open_door:
        monkeypatch.setattr(open_door.taking_in, "take_in", take_in)
        client = Blunt(open_door.port)
        await asyncio.to_thread(client.greet)
        for block in (1, 3, 262_144):
            for sent, wanted in CONTENTS:
                monkeypatch.setattr(smtp_session, "BLOCK", max(block, len(sent) // 1000))
                answer = await asyncio.to_thread(client.mail, sent, LINE, behind=b"NOOP\r\n")
                assert answer.startswith("250")
                assert (await asyncio.to_thread(client.line)).startswith("250")
                assert taken.pop() == wanted


async def test_smuggled_ends_of_data_do_not_split_a_mail(hub: Hub, world: World) -> None:
    async with door(hub) as open_door:
        client = Blunt(open_door.port)
        await asyncio.to_thread(client.greet)
        evil = b"\n.\nMAIL FROM:<evil@x.test>\nRCPT TO:<help@dialogo.test>\nDATA\nSubject: smuggled\n\nx\r\n"
        assert (await asyncio.to_thread(client.mail, mail(1) + evil)).startswith("250")
        assert (await asyncio.to_thread(client.say, "NOOP")).startswith("250")
    assert await subjects(hub) == ["Pedido 1"]


async def test_idle_and_flooding_connections_do_not_shut_the_door(hub: Hub, world: World) -> None:
    async with door(hub, most_connections=20, command_seconds=1.5) as open_door:
        idle = [socket.create_connection(("127.0.0.1", open_door.port), timeout=5) for _ in range(30)]
        await met(lambda: len(open_door.bounds.connections) == 20)
        refused = [await asyncio.to_thread(one.recv, 100) for one in idle[25:]]
        assert all(answer.startswith(b"421") for answer in refused)
        await met(lambda: not open_door.bounds.connections)
        await asyncio.to_thread(deliver, open_door.port, mail(1))
    assert await subjects(hub) == ["Pedido 1"]


async def test_a_mail_that_drips_is_cut_and_all_mails_together_are_bounded(hub: Hub, world: World) -> None:
    async with door(hub, most_held_bytes=300_000, mail_seconds=3.0) as open_door:
        client = Blunt(open_door.port)
        await asyncio.to_thread(client.greet)
        for command in ("MAIL FROM:<a@b.test>", f"RCPT TO:<{LINE}>", "DATA"):
            await asyncio.to_thread(client.say, command)
        client.socket.sendall(b"x" * 200_000)
        await met(lambda: open_door.bounds.held_bytes >= 200_000)
        with pytest.raises((smtplib.SMTPException, OSError)):
            await asyncio.to_thread(deliver, open_door.port, mail(1, text=("y" * 70 + "\r\n") * 3_000))
        await met(lambda: open_door.bounds.held_bytes == 0 and not open_door.bounds.connections)
        await asyncio.to_thread(deliver, open_door.port, mail(2, text=("y" * 70 + "\r\n") * 3_000))
    assert await subjects(hub) == ["Pedido 2"]


async def test_junk_does_not_hurt(hub: Hub, world: World) -> None:
    async with door(hub) as open_door:
        for junk in (
            b"\x00\xff" * 5000 + b"\r\n",
            b"MAIL FROM:<\xff>\r\n",
            b"EHLO " + b"x" * 3_000_000 + b"\r\n",
        ):
            with socket.create_connection(("127.0.0.1", open_door.port), timeout=5) as client:
                await asyncio.to_thread(client.recv, 200)
                client.sendall(junk)
                await asyncio.sleep(0.05)
        circles = b"Received: by x\r\n" * 150 + mail(9)
        with pytest.raises(smtplib.SMTPDataError, match="circles"):
            await asyncio.to_thread(deliver, open_door.port, circles)
        await asyncio.to_thread(deliver, open_door.port, mail(1))
    assert await subjects(hub) == ["Pedido 1"]


async def test_stopping_lets_the_mail_in_hand_finish(hub: Hub, world: World) -> None:
    async with door(hub) as open_door:
        sending = asyncio.create_task(asyncio.to_thread(deliver, open_door.port, mail(1)))
        while not any(connection.storing for connection in open_door.bounds.connections):
            await asyncio.sleep(0)
            if sending.done():
                break
        await open_door.close()
        await asyncio.gather(sending, return_exceptions=True)
        with pytest.raises(OSError):
            await asyncio.to_thread(deliver, open_door.port, mail(2))
    assert await subjects(hub) == ["Pedido 1"]


async def met(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)
