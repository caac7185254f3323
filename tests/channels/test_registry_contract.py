"""One contract over the whole registry: what every kind of channel must do, whoever wrote it.

A new kind brings recorded payloads in `payloads/<kind>/` (named after the facts they are) and its line in WIRES.
"""

from __future__ import annotations

import math
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog
from structlog.testing import capture_logs

from hub.channels import connections
from hub.channels.base import Raw
from hub.channels.errors import SendError, Throttled, Unreachable
from hub.channels.facts import Attached, MessageReceived, Party, Unreadable
from hub.channels.moves import Dial
from hub.channels.outgoing import Line, Outgoing
from hub.channels.registry import ADAPTERS, adapter
from hub.lab.other_system import OtherSystem
from hub.lab.twilio import PretendTwilio
from hub.lab.twilio_texts import Trouble
from hub.plumbing.hub import Hub
from tests.channels.fax_mails import GUARD
from tests.fakes.faulty_smtp import FaultySmtp
from tests.web.browsing import Web
from tests.world import World

PAYLOADS = Path(__file__).parent / "payloads"
FILES = sorted(PAYLOADS.glob("*/*"))
KINDS = sorted(ADAPTERS)
TYPES = {".form": "application/x-www-form-urlencoded", ".json": "application/json", ".eml": "message/rfc822"}
JUNK = (
    b"",
    b"\0",
    b"\xff\xfe" * 50,
    b"{}",
    b"[]",
    b"null",
    b'"x"',
    b"[" * 5_000,
    b"a=1&" * 5_000,
    b"%00=%ff",
)
SECRET = "hushhush" * 4


def line(kind: str, **more: Any) -> Line:
    """A line of a kind, with the settings its payloads need."""
    usual: dict[str, Any] = {
        "id": 1,
        "key": "a-line-of-tests",
        "kind": kind,
        "name": "A line",
        "address": {"email": "help@dialogo.test", "fax": "fax@dialogo.test"}.get(kind, "+34910000000"),
        "settings": {"authserv_id": GUARD, "number": "+34910000001"},
    }
    return Line(**(usual | more))


def raw_of(path: Path) -> Raw:
    """A payload as its door hands it over; a telephone's third word is the address that was called."""
    rest = path.name.split(".")[1] if path.parent.name == "voice" else ""
    return Raw(body=path.read_bytes(), envelope={"rest": rest, "type": TYPES[path.suffix], "id": path.name})


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_brings_what_it_was_told_by_its_provider(kind: str) -> None:
    facts = {
        name for path in FILES if path.parent.name == kind for name in path.name.split(".")[0].split("+")
    }
    assert facts & {"MessageReceived", "CallChanged"}, f"record what {kind} says in {PAYLOADS / kind}"
    assert facts & {"Ignored", "Unreadable", "DeliveryReported"}, "and something that is no message"
    for name in ("README.md", "icon.svg", "adapter.py"):
        assert (Path(sys.modules[type(adapter(kind)).__module__].__file__ or "").parent / name).is_file()


@pytest.mark.parametrize("path", FILES, ids=[f"{path.parent.name}/{path.name}" for path in FILES])
def test_recorded_payloads_parse(path: Path) -> None:
    """Into the facts of their names, the same keys each time; what is said has words and a sender."""
    kind = path.parent.name
    facts = adapter(kind).parse(raw_of(path), line(kind))
    assert [type(one).__name__ for one in facts] == path.name.split(".")[0].split("+")
    assert [one.key for one in facts] == [one.key for one in adapter(kind).parse(raw_of(path), line(kind))]
    for fact in facts:
        if isinstance(fact, MessageReceived):
            assert fact.key
            assert fact.sender.address
            assert fact.text or fact.media or fact.attachments
            assert all(isinstance(one, Attached) and one.content for one in fact.attachments)
            assert all(adapter(kind).worded(fact.details))
            msgspec.json.encode(fact)


@pytest.mark.parametrize("kind", KINDS)
def test_junk_is_never_more_than_unreadable(kind: str) -> None:
    """Nothing raises; what an unknown sender of bytes can reach is the quarantine, or nobody's mail."""
    for body in JUNK:
        facts = adapter(kind).parse(Raw(body=body, envelope={"rest": ""}), line(kind))
        assert facts, body[:20]
        assert all(
            isinstance(one, Unreadable) or kind in ("email", "fax") or not one.key.startswith("msg:")
            for one in facts
        )


async def test_what_is_not_signed_is_403_and_no_row(hub: Hub, world: World) -> None:
    """Promise 46 for every kind there is: without, with an empty and with a made-up signature of any provider."""
    site = Web(hub)
    await site.start()
    browser = await site.browser()
    wrong = (
        {},
        {"Authorization": "Bearer "},
        {"Authorization": f"Bearer {'x' * 32}", "X-Twilio-Signature": "x"},
        {"webhook-id": "1", "webhook-timestamp": "1", "webhook-signature": "v1,"},
    )
    for kind in KINDS:
        async with hub.transaction() as tx:
            secrets = {"auth_token": SECRET, "signing_secret": "whsec_" + "A" * 43 + "=", "token": SECRET}
            channel = await connections.add(
                tx,
                hub.crypto,
                kind=kind,
                name=kind,
                address="",
                address_type=adapter(kind).can.own_type,
                secrets=secrets,
            )
        for path in [one for one in FILES if one.parent.name == kind]:
            rest = f"/{path.name.split('.')[1]}" if kind == "voice" else ""
            for headers in wrong:
                answer = await browser.client.post(
                    f"/in/{channel.key}{rest}",
                    data=path.read_bytes(),
                    headers={"Content-Type": TYPES[path.suffix]} | headers,
                )
                assert answer.status == 403, (kind, path.name, headers)
    await site.close()
    assert await hub.pool.fetchval("SELECT count(*) FROM arrival") == 0


class Wire(msgspec.Struct, frozen=True):
    """A provider on loopback: the line on it, whom to send to, and how it says "wait" (429) or "not now" (5xx)."""

    line: Line
    recipient: str
    wait: Callable[[], Any]
    broken: Callable[[], Any]


@asynccontextmanager
async def _mail(kind: str) -> AsyncIterator[Wire]:
    own = {"gateway": "own", "way": {"to": "{e164_noplus}@fax.test"}} if kind == "fax" else {}
    with FaultySmtp() as server:
        settings = {"smtp_host": "127.0.0.1", "smtp_port": server.port, "smtp_security": "none"} | own
        yield Wire(
            line(kind, settings=settings),
            "+34910000009" if kind == "fax" else "marta@acme.test",
            lambda: server.become("RCPT=450"),
            lambda: server.become("MAIL=451"),
        )


@asynccontextmanager
async def _twilio(kind: str) -> AsyncIterator[Wire]:
    async with PretendTwilio(token=SECRET, by_itself=False).running() as twilio:
        yield Wire(
            line(kind, settings=twilio.settings(), secrets=twilio.secrets()),
            "+34600123456",
            lambda: (
                twilio.texts.troubles.append(Trouble(status=429, code=20429)),
                twilio.calls.troubles.append((429, 20429)),
            ),
            lambda: (
                twilio.texts.troubles.append(Trouble(status=503)),
                twilio.calls.troubles.append((503, 0)),
            ),
        )


@asynccontextmanager
async def _system(kind: str) -> AsyncIterator[Wire]:
    async with OtherSystem().running() as system:
        settings = {"callback_url": system.address, "allowed_hosts": "localhost"}
        yield Wire(
            line(kind, settings=settings, secrets={"signing_secret": system.secret, "token": SECRET}),
            "user:a-line-of-tests:42",
            lambda: system.troubles.append((429, {"Retry-After": "7"})),
            lambda: system.troubles.append((503, {})),
        )


WIRES = {
    "email": _mail,
    "fax": _mail,
    "sms": _twilio,
    "whatsapp": _twilio,
    "voice": _twilio,
    "api": _system,
    "webchat": None,  # our own widget: nothing leaves the house
    "desk": None,
    "form": None,
}
_connected: list[Any] = []
sys.addaudithook(lambda event, args: _connected.append(args[1]) if event == "socket.connect" else None)


@pytest.mark.parametrize("kind", KINDS)
async def test_how_a_provider_makes_us_wait(
    kind: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """429 → Throttled, 5xx before it was accepted → Unreachable; no secret in any log, no call beyond loopback."""
    assert kind in WIRES, "say how its provider is played"
    made = WIRES[kind]
    if made is None:
        assert not adapter(kind).can.sends or adapter(kind).can.live
        return
    _connected.clear()
    caplog.set_level("DEBUG")
    async with AsyncExitStack() as stack:
        logs = stack.enter_context(capture_logs())
        wire = await stack.enter_async_context(made(kind))
        assert await leave(wire) is None
        wire.wait()
        first = await leave(wire)
        assert isinstance(first, Throttled), first
        wire.broken()
        second = await leave(wire)
        assert isinstance(second, Unreachable | Throttled), second
        assert not second.permanent
        assert second.state == "queued", "safe to be tried again"
        tried = await adapter(kind).check(wire.line)
        structlog.get_logger().info("checked", tried=[one.trouble for one in tried])
    await adapter(kind).close()
    out, err = capfd.readouterr()
    written = f"{logs}{caplog.text}{out}{err}{first!r}{second!r}{[one.trouble for one in tried]}"
    for secret in wire.line.secrets.values():
        assert secret not in written
    hosts = {one[0] for one in _connected if isinstance(one, tuple)}
    assert hosts <= {"127.0.0.1", "::1"}, hosts
    assert hosts


async def leave(wire: Wire) -> SendError | None:
    """Hand over one message, or ring; how that went."""

    async def before_wire() -> float:
        return math.inf

    speaks = adapter(wire.line.kind)
    try:
        if speaks.can.sends:
            await speaks.send(_outgoing(wire), wire.line, before_wire)
        else:
            await speaks.dial(Dial(leg="l1", phone=wire.recipient, base_url="http://127.0.0.1:1"), wire.line)
    except SendError as error:
        return error
    return None


def _outgoing(wire: Wire) -> Outgoing:
    return Outgoing(
        token="t1",
        message_id="7.1.abc@hub.test",
        recipient=wire.recipient,
        sender=Party(wire.line.address, "Ana"),
        to=(Party(wire.recipient, "Marta"),),
        bounce_address="help+b.t1@dialogo.test",
        subject="Pedido",
        text="Ya sale.",
        report_url=f"http://127.0.0.1:1/in/{wire.line.key}/status/k3",
    )
