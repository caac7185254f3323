"""Promise 26: NUL, lone surrogates, odd charsets are stored."""

from __future__ import annotations

import pytest

from hub.channels.base import Raw
from hub.channels.email.parsing import read_facts
from hub.channels.facts import MessageReceived
from tests.channels.test_mail_hostile import LINE, assert_storable
from tests.fakes.hostile_mails import HOSTILE

NAMES = [name for name in HOSTILE if name.startswith("charset_")] + [
    "nul_bytes",
    "lone_surrogates",
    "bare_cr",
    "noise",
]


@pytest.mark.parametrize("name", NAMES)
def test_promise_26_nul_surrogates_and_odd_charsets_are_stored(name: str) -> None:
    facts = read_facts(Raw(body=HOSTILE[name]()), LINE)
    assert_storable(facts)
    if name != "noise":
        fact = facts[0]
        assert isinstance(fact, MessageReceived)
        assert fact.sender.address == "eva@evil.example"
        assert fact.text.strip()
        assert fact.subject
