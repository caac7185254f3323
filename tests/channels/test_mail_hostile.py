"""No mail stops the mailbox: every hostile one is read in bounded time into facts that PostgreSQL can store."""

# ruff: noqa: E501 — pieces of mails
from __future__ import annotations

import time

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.channels.base import Raw
from hub.channels.confined import most_ever_held
from hub.channels.email.parsing import read_facts
from hub.channels.facts import AnyFact, MessageReceived, to_json
from hub.channels.mail.html import clean
from hub.channels.outgoing import Line
from tests.channels.client_mails import CASES
from tests.fakes.hostile_mails import HOSTILE

LINE = Line(id=1, key="mail", kind="email", name="Soporte", address="support@dialogo.example")


def assert_storable(facts: list[AnyFact]) -> None:
    assert facts
    for fact in facts:
        assert fact.key
        written = msgspec.json.encode(to_json(fact))  # a lone surrogate raises here
        assert b"\\u0000" not in written
        assert b"\x00" not in written
        if isinstance(fact, MessageReceived):
            one_liners = [fact.subject, fact.sender.name, fact.sender.address, fact.external_id]
            one_liners += [file.name for file in fact.attachments] + [party.name for party in fact.to]
            assert not any("\n" in each or "\r" in each for each in one_liners)
            assert fact.new_text or not fact.text.strip()
            assert not any("/" in file.name or "\\" in file.name for file in fact.attachments)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_mail_costs_little_and_is_stored(name: str) -> None:
    raw = HOSTILE[name]()
    held, before = most_ever_held(), time.process_time()
    facts = read_facts(Raw(body=raw), LINE)
    seconds = time.process_time() - before
    assert_storable(facts)
    assert seconds < 5
    assert most_ever_held() < max(800 * 1024 * 1024, held + 1)  # tests before this one may have held more


@pytest.mark.parametrize(
    "name", [name for name in HOSTILE if name.startswith("html") or name == "entities_bomb"]
)
def test_hostile_html_is_cleaned_in_little_time(name: str) -> None:
    body = HOSTILE[name]().partition(b"\r\n\r\n")[2].decode("latin-1")
    before = time.process_time()
    clean(body)
    assert time.process_time() - before < 5


REAL = [make().raw for make in CASES.values()]
PIECES = st.sampled_from(
    [b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"--b", b"--b--", b"=?utf-8?b?", b"?=", b"=?x?q?", b"\x00", b"\xff\xfe", b"\xed\xa0\x80",
     b"Content-Type: ", b"multipart/mixed; boundary=b", b"text/html", b"; charset=utf-7", b"; name*0*=", b"From: ", b"To: ",
     b"Subject: ", b"<a@b>", b'"', b"(", b">", b"<", b"=", b"begin 644 x\n", b"end\n", b"Content-Transfer-Encoding: base64\r\n",
     b"message/rfc822", b"message/delivery-status", b"Action: failed\r\n", b"BEGIN:VEVENT\r\n", b"DTSTART:2", b"-- \r\n", b"<div class=gmail_quote>"]
)  # fmt: skip


@given(st.lists(st.one_of(PIECES, st.binary(max_size=12)), max_size=60))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_bytes_raise_and_all_facts_are_storable(pieces: list[bytes]) -> None:
    assert_storable(read_facts(Raw(body=b"".join(pieces)), LINE))


@given(
    st.sampled_from(REAL),
    st.lists(
        st.tuples(st.integers(0, 6_000), st.integers(0, 40), st.one_of(PIECES, st.binary(max_size=8))),
        max_size=8,
    ),
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_damage_to_a_real_mail_raises(raw: bytes, damages: list[tuple[int, int, bytes]]) -> None:
    for place, length, instead in damages:
        place %= len(raw) + 1
        raw = raw[:place] + instead + raw[place + length :]
    assert_storable(read_facts(Raw(body=raw), LINE))
