"""Promise 28: 10,000 recipients, 100,000 header lines: bounded, and the mail says what was left out."""

from __future__ import annotations

import time

import pytest

from hub.channels.base import Raw
from hub.channels.email.parsing import read_facts
from hub.channels.facts import MessageReceived
from tests.channels.test_mail_hostile import LINE
from tests.fakes.hostile_mails import HOSTILE


@pytest.mark.parametrize(
    "name", ["to_10000", "headers_100000", "cc_lines_100000", "one_header_of_5_mb", "folded_forever"]
)
def test_promise_28_many_recipients_and_headers_are_bounded(name: str) -> None:
    before = time.process_time()
    facts = read_facts(Raw(body=HOSTILE[name]()), LINE)
    assert time.process_time() - before < 10
    fact = facts[0]
    assert isinstance(fact, MessageReceived)
    assert (fact.sender.address, fact.text) == ("eva@evil.example", "hola")
    assert len(fact.to) <= 500
    assert len(fact.cc) <= 500
    if name in ("to_10000", "cc_lines_100000", "headers_100000"):
        assert any("first" in warning for warning in fact.warnings)
