"""Mail to many over one connection: pipelined where the server offers it, and each letter's end told truly."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.channels.courier import Carrier, Letter
from hub.channels.email.bulk import InTurn, SmtpCourier
from hub.channels.email.pipelining import Pipe, on_the_wire
from hub.channels.email.sending import dot_stuffed
from hub.channels.errors import Misconfigured, Rejected, SendError, Throttled, Unknown, Unreachable
from hub.channels.outgoing import Line, Sent
from hub.plumbing.clock import monotonic
from tests.fakes.certificates import make_certificate
from tests.fakes.faulty_smtp import FaultySmtp

Outcomes = dict[int, Sent | SendError | None]
PLAIN = "no-PIPELINING"


class Journey:
    """Letters put on one connection, one after the other, each announced while the one before is on the wire."""

    def __init__(self) -> None:
        self.outcomes: Outcomes = {}
        self.letters: deque[Letter] = deque()
        self.all_ended = asyncio.Event()
        self.carrier: Carrier | None = None

    async def connect(self, server: FaultySmtp, *, seconds: float = 10.0, **settings: object) -> Carrier:
        self.carrier = await SmtpCourier(line(server, **settings), seconds=seconds).connect(self.ended)
        return self.carrier

    def ended(self, carrier: Carrier, letter: Letter, outcome: Sent | SendError | None) -> None:
        assert letter.id not in self.outcomes, "ended twice"
        self.outcomes[letter.id] = outcome
        if letter is carrier.current:
            carrier.current = None
        if letter is carrier.next:
            carrier.next = None
        if carrier.current is None:
            self.go_on(carrier)

    def go_on(self, carrier: Carrier) -> None:
        letter = carrier.next or self.another(carrier)
        carrier.current, carrier.next = letter, self.another(carrier)
        if letter is None:
            self.all_ended.set()
        else:
            carrier.put(letter, carrier.next)

    def another(self, carrier: Carrier) -> Letter | None:
        return self.letters.popleft() if self.letters and not carrier.closed else None

    async def carry(self, letters: list[Letter]) -> Outcomes:
        assert self.carrier is not None
        self.letters.extend(letters)
        self.go_on(self.carrier)
        looking = asyncio.create_task(self._look())
        async with asyncio.timeout(20):
            await self.all_ended.wait()
        looking.cancel()
        return self.outcomes

    async def _look(self) -> None:
        while True:
            assert self.carrier is not None
            self.carrier.look(monotonic())
            await asyncio.sleep(0.05)


def line(server: FaultySmtp, **settings: object) -> Line:
    usual = {"smtp_host": "127.0.0.1", "smtp_port": server.port, "smtp_security": "none"}
    return Line(
        id=1, key="k", kind="email", name="News", address="news@dialogo.test", settings=usual | settings
    )


def letters(count: int, **more: object) -> list[Letter]:
    return [letter(number, **more) for number in range(1, count + 1)]


def letter(number: int, *, content: bytes = b"", until: float = 60.0, recipient: str = "") -> Letter:
    head = f"Message-ID: <{number}@dialogo.test>\r\n\r\n".encode()
    return Letter(
        id=number,
        attempt=1,
        tries=0,
        gate_id=1,
        recipient_id=number,
        sender=f"news+b.{number}@dialogo.test",
        recipient=recipient or f"c{number}@customers.test",
        content=head + (content or b"Hola\r\n.\r\n..\r\nAdi\xc3\xb3s\r\n"),
        until=monotonic() + until,
    )


@pytest.fixture(params=["", PLAIN], ids=["pipelined", "in turn"])
def server(request: pytest.FixtureRequest) -> Iterator[FaultySmtp]:
    with FaultySmtp(request.param) as running:
        running.way = request.param  # type: ignore[attr-defined]
        yield running


def become(server: FaultySmtp, script: str) -> None:
    server.become(",".join(filter(None, (server.way, script))))  # type: ignore[attr-defined]


async def test_all_arrive_once_byte_for_byte_over_one_connection(server: FaultySmtp) -> None:
    journey = Journey()
    carrier = await journey.connect(server)
    assert isinstance(carrier, InTurn if server.way else Pipe)  # type: ignore[attr-defined]
    sent = letters(50)
    outcomes = await journey.carry(sent)
    assert all(isinstance(one, Sent) for one in outcomes.values())
    assert {one.message_id: one.raw for one in server.bodies} == {
        f"<{one.id}@dialogo.test>": one.content for one in sent
    }
    assert [one.rcpt_to for one in server.bodies] == [[one.recipient] for one in sent]
    assert [one.mail_from for one in server.bodies] == [one.sender for one in sent]
    assert server.sessions == 1
    carrier.leave()


async def test_a_pipelined_envelope_follows_the_content_in_one_write_and_content_waits_for_leave() -> None:
    with FaultySmtp() as server:
        journey = Journey()
        carrier = await journey.connect(server)
        journey.go_on = lambda carrier: None  # type: ignore[method-assign]
        first, second = letters(2)
        carrier.current, carrier.next = first, second
        carrier.put(first, second)
        while len(server.commands) < 7:  # EHLO, and MAIL RCPT DATA of both
            await asyncio.sleep(0.005)
        assert [verb.split(" ")[0] for _, verb in server.commands][4:7] == ["MAIL", "RCPT", "DATA"]
        assert list(journey.outcomes) == [1]
        await asyncio.sleep(0.1)
        assert len(server.bodies) == 1, "the second was sent before anybody said that it may go"
        carrier.withdraw(second)
        await asyncio.sleep(0.1)
        assert carrier.closed
        assert (len(server.bodies), list(journey.outcomes)) == (1, [1])


@pytest.mark.parametrize("script", ["", "RCPT:c1@customers.test=550"], ids=["welcome", "refused"])
async def test_one_announced_while_another_waits_for_its_welcome_never_takes_its_place(script: str) -> None:
    """What is claimed meanwhile is announced too: its content in the other's envelope would be a stranger's mail."""
    with FaultySmtp(f"{script},tarpit:0.1") as server:
        journey = Journey()
        carrier = await journey.connect(server)
        first, second = letters(2)
        carrier.current, carrier.next = first, None
        carrier.put(first, None)
        await asyncio.sleep(0.05)
        carrier.next = second
        carrier.announce(second)
        async with asyncio.timeout(10):
            await journey.all_ended.wait()
        assert isinstance(journey.outcomes[1], Rejected if script else Sent)
        assert isinstance(journey.outcomes[2], Sent)
        assert [(one.rcpt_to[0], one.message_id) for one in server.bodies] == [
            (f"c{one}@customers.test", f"<{one}@dialogo.test>") for one in ((2,) if script else (1, 2))
        ]


async def test_one_refused_recipient_is_told_and_the_others_arrive(server: FaultySmtp) -> None:
    become(server, "RCPT:c2@customers.test=550,RCPT:c4@customers.test=450")
    journey = Journey()
    await journey.connect(server)
    outcomes = await journey.carry(letters(5))
    assert isinstance(outcomes[2], Rejected)
    assert "no such user" in outcomes[2].reason
    assert isinstance(outcomes[4], Throttled)
    assert sorted(one.rcpt_to[0] for one in server.bodies) == [f"c{n}@customers.test" for n in (1, 3, 5)]
    assert server.sessions == 1


async def test_a_refused_recipient_whose_data_is_welcome_gets_an_empty_message() -> None:
    with FaultySmtp("RCPT:c2@customers.test=550,354-anyway") as server:
        journey = Journey()
        await journey.connect(server)
        outcomes = await journey.carry(letters(3))
        assert isinstance(outcomes[2], Rejected)
        assert server.attempts[1].raw == b""
        assert len(server.bodies) == 2
        assert server.sessions == 1


async def test_a_refused_content_is_no_end_for_the_next(server: FaultySmtp) -> None:
    server.then(
        *(f"{server.way or 'RSET=250'},{fault}" for fault in ("DOT=554", "DATA=451", "MAIL=550", "DOT=452"))
    )  # type: ignore[attr-defined]
    journey = Journey()
    await journey.connect(server)
    outcomes = await journey.carry(letters(6))
    kinds = [type(outcomes[n]) for n in range(1, 7)]
    assert kinds == [Rejected, Throttled, Rejected, Throttled, Sent, Sent]
    assert len(server.bodies) == 2


async def test_a_refused_data_does_not_cost_the_next_their_mail(server: FaultySmtp) -> None:
    """The server still holds the envelope it would not take a content for: another MAIL would be a nested one."""
    become(server, "")
    server.then(f"{server.way or 'RSET=250'},DATA=451")  # type: ignore[attr-defined]
    journey = Journey()
    await journey.connect(server)
    outcomes = await journey.carry(letters(3))
    assert [type(outcomes[n]) for n in (1, 2, 3)] == [Throttled, Sent, Sent]
    assert server.sessions == 1


async def test_one_put_on_a_connection_that_has_just_ended_is_as_good_as_new() -> None:
    """The server welcomed its content and left before we were let go: not a byte of it went anywhere."""
    with FaultySmtp() as server:
        journey = Journey()
        carrier = await journey.connect(server)
        assert isinstance(carrier, Pipe)
        journey.go_on = lambda carrier: None  # type: ignore[method-assign]
        [first] = letters(1)
        carrier.next = first
        carrier.announce(first)
        async with asyncio.timeout(10):
            while not carrier._welcome:
                await asyncio.sleep(0.005)
        assert carrier._transport is not None
        carrier._transport.close()  # as asyncio does when it reads the end; it tells us a turn later
        carrier.current, carrier.next = first, None
        carrier.put(first, None)
        await asyncio.sleep(0)
        assert journey.outcomes == {1: None}
    assert server.bodies == []


async def test_what_broke_after_the_dot_is_perhaps_sent_and_nothing_else(server: FaultySmtp) -> None:
    server.then(server.way, server.way, f"{server.way},drop-after-dot".lstrip(","))  # type: ignore[attr-defined]
    journey = Journey()
    await journey.connect(server)
    outcomes = await journey.carry(letters(6))
    assert [type(outcomes[n]) for n in (1, 2, 3)] == [Sent, Sent, Unknown]
    assert outcomes.get(4) is None
    assert len(server.bodies) == 3


async def test_silence_after_the_dot_is_perhaps_sent() -> None:
    with FaultySmtp("blackhole:DOT") as server:
        journey = Journey()
        await journey.connect(server, seconds=0.3)
        outcomes = await journey.carry(letters(3))
    assert isinstance(outcomes[1], Unknown)
    assert outcomes[1].code == "timeout"
    assert outcomes.get(2) is None  # announced at most


async def test_a_server_that_closes_for_now_keeps_nobody_waiting(server: FaultySmtp) -> None:
    become(server, "421-mid:DATA")
    journey = Journey()
    carrier = await journey.connect(server)
    outcomes = await journey.carry(letters(3))
    assert isinstance(outcomes[1], Throttled)
    assert outcomes.get(2) is None
    assert carrier.closed


async def test_nothing_is_written_once_our_hold_is_over(server: FaultySmtp) -> None:
    journey = Journey()
    await journey.connect(server)
    outcomes = await journey.carry([letter(1, until=-1.0)])
    assert isinstance(outcomes[1], Unreachable)
    assert server.bodies == []


async def test_an_address_can_carry_no_command(server: FaultySmtp) -> None:
    journey = Journey()
    await journey.connect(server)
    bad = [
        letter(1, recipient="a@b.test>\r\nRCPT TO:<x@y.test"),
        letter(2, recipient="ñandú@b.test"),
        letter(3),
    ]
    outcomes = await journey.carry(bad)
    assert isinstance(outcomes[1], Rejected)
    assert isinstance(outcomes[2], Rejected)
    assert isinstance(outcomes[3], Sent)
    assert [one.rcpt_to for one in server.attempts] == [["c3@customers.test"]]


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_it_signs_in_over_tls(security: str, tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    users = {"news": "s3cret"}
    with FaultySmtp(
        "with-AUTH,with-STARTTLS",
        tls=certificate.server_context(),
        implicit_tls=security == "tls",
        users=users,
    ) as server:
        for password, ends in (("s3cret", True), ("wrong", False)):
            given = line(
                server,
                smtp_host="localhost",
                smtp_security=security,
                smtp_user="news",
                smtp_certificate=certificate.pem,
            )
            journey = Journey()
            courier = SmtpCourier(_with_password(given, password))
            if not ends:
                with pytest.raises(Misconfigured):
                    await courier.connect(journey.ended)
                continue
            journey.carrier = await courier.connect(journey.ended)
            assert isinstance(journey.carrier, Pipe)
            outcomes = await journey.carry(letters(5))
            assert all(isinstance(one, Sent) for one in outcomes.values())
        assert {(one.user, one.tls) for one in server.bodies} == {("news", True)}


def _with_password(given: Line, password: str) -> Line:
    return Line(
        id=given.id,
        key=given.key,
        kind=given.kind,
        name=given.name,
        address=given.address,
        settings=given.settings,
        secrets={"smtp_password": password},
    )


@given(st.lists(st.sampled_from([b"a", b".", b"\r\n", b"\r", b"\n", b"..", b"x" * 80]), max_size=30))
@example([b"\r\n", b".", b"\r\n"])
def test_promise_31_no_body_ends_data_early(parts: list[bytes]) -> None:
    content = b"".join(parts)
    wire = on_the_wire(content)
    assert wire == dot_stuffed(content)
    assert re.search(rb"(?<!\r)\n|\r(?!\n)", wire) is None
    assert wire.count(b"\r\n.\r\n") + wire.startswith(b".\r\n") == 1
