"""Promise 29: an unknown or absurd charset never raises, in a body, a subject or a file name."""

from __future__ import annotations

import pytest

from hub.channels.base import Raw
from hub.channels.email.parsing import read_facts
from hub.channels.facts import MessageReceived
from tests.channels.test_mail_hostile import LINE, assert_storable
from tests.fakes.hostile_mails import ODD_CHARSETS


@pytest.mark.parametrize("label", [*ODD_CHARSETS, "", "\x00", "utf-8" * 100, "ñ", "zlib_codec", "uu"])
def test_promise_29_unknown_charsets_never_raise(label: str) -> None:
    mail = (
        f"From: =?{label}?Q?Marta_Garc=EDa?= <marta@acme.example>\r\nSubject: =?{label}?B?8fEh?= fin\r\n"
        f"Content-Type: text/plain; charset={label}; name*={label}'es'a%F1o.txt\r\n\r\nMa\xf1ana s\xed\r\n"
    )
    facts = read_facts(Raw(body=mail.encode("latin-1", "replace")), LINE)
    assert_storable(facts)
    fact = facts[0]
    assert isinstance(fact, MessageReceived)
    assert fact.sender.address == "marta@acme.example"
    assert "fin" in fact.subject


def test_ordinary_accents_survive_a_charset_nobody_knows() -> None:
    mail = "From: m@x.example\r\nContent-Type: text/plain; charset=x-unknown\r\n\r\nMañana sí, señor\r\n"
    for codec in ("cp1252", "utf-8"):
        fact = read_facts(Raw(body=mail.encode(codec)), LINE)[0]
        assert isinstance(fact, MessageReceived)
        assert fact.text == "Mañana sí, señor"
