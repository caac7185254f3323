"""Chat lines: hours and settings are read, what the door noted becomes facts, nothing raises for bad content."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest

from hub.channels.base import Raw
from hub.channels.facts import DeliveryReported, MessageReceived, TypingSeen, Unreadable
from hub.channels.outgoing import Line
from hub.channels.registry import adapter
from hub.channels.webchat import hours, settings

LINE = Line(id=1, key="k", kind="webchat", name="Chat", address="")


def line(**said: object) -> Line:
    return Line(id=1, key="k", kind="webchat", name="Chat", address="", settings=said)


def parsed(**noted: object) -> list[object]:
    return list(adapter("webchat").parse(Raw(body=json.dumps(noted).encode()), LINE))


def test_a_message_with_a_file_is_one_fact_of_its_session() -> None:
    (fact,) = parsed(
        t="message",
        session="s1",
        address="visitor:s1",
        id="c1",
        text="Hola\x00",
        name="Marta",
        claims={"email": "marta@acme.test"},
        files=[{"name": "a.png", "type": "image/png", "content": base64.b64encode(b"png").decode()}],
    )
    assert isinstance(fact, MessageReceived)
    assert (fact.key, fact.thread, fact.verified) == ("msg:s1:c1", "s1", False)
    assert (fact.attachments[0].content, fact.attachments[0].size) == (b"png", 3)
    assert "\x00" not in fact.text
    assert adapter("webchat").worded(fact.details) == ["Typed by the visitor, not proven: marta@acme.test"]


def test_reports_and_typing() -> None:
    seen = parsed(t="seen", state="read", address="visitor:s1", messages=["1.2.a@h", "1.3.b@h"])
    assert [type(one) for one in seen] == [DeliveryReported] * 2
    assert isinstance(parsed(t="typing", session="s1", address="visitor:s1")[0], TypingSeen)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"t":"?","address":"x"}', b'{"t":"message"}', b"\xff\xfe"]
)
def test_what_cannot_be_read_is_said_to_be(body: bytes) -> None:
    (fact,) = adapter("webchat").parse(Raw(body=body), LINE)
    assert isinstance(fact, Unreadable)


@pytest.mark.parametrize(
    ("at", "is_open", "opens"),
    [
        ("2026-11-20T08:59", True, None),  # 9:59 in Madrid, a Friday
        ("2026-11-20T07:59", False, "2026-11-20T09:00+01:00"),
        ("2026-11-20T17:00", False, "2026-11-21T10:00+01:00"),  # 18:00 sharp is over
        ("2026-11-22T12:00", False, "2026-11-23T09:00+01:00"),
        ("2026-03-28T23:30", False, "2026-03-30T09:00+02:00"),  # the night the clock changes
    ],
)
def test_hours_are_of_the_lines_own_zone(at: str, is_open: bool, opens: str | None) -> None:
    chat = line(hours="mon-fri 9:00-18:00; sat 10:00-14:00", time_zone="Europe/Madrid")
    found = hours.opening(chat, datetime.fromisoformat(at).replace(tzinfo=UTC))
    assert (found.open, found.opens_at and found.opens_at.isoformat(timespec="minutes")) == (is_open, opens)


@pytest.mark.parametrize("text", ["9-18", "mon 9:00", "xyz 9:00-18:00", "mon-fri 9:00-99:00"])
def test_hours_nobody_can_read_are_told_by_the_check(text: str) -> None:
    with pytest.raises(ValueError):
        hours.read(text)


async def test_the_check_says_what_is_missing_and_what_to_paste() -> None:
    tried = await adapter("webchat").check(line(hours="whenever"))
    assert [bool(one.trouble) for one in tried] == [True, True]
    [tag] = adapter("webchat").to_copy(line(), "https://hub.test")
    assert 'src="https://hub.test/static/chat.js" data-key="k"' in tag.text


def test_only_origins_are_sites_and_the_form_is_as_asked() -> None:
    chat = line(sites="https://a.test http://b.test:8080 https://*.c.test a.test https://x.test/p 'self' *")
    assert settings.sites(chat) == ["https://a.test", "http://b.test:8080", "https://*.c.test"]
    asked = settings.fields(line(ask="name* email order_number"))
    assert [(one.name, one.required) for one in asked] == [
        ("name", True),
        ("email", False),
        ("order_number", False),
    ]
    assert settings.fields(line(ask="")) == []
