"""Promise 27: deep MIME, 20,000 parts, mails in mails: bounded time and memory."""

from __future__ import annotations

import time

import pytest

from hub.channels.base import Raw
from hub.channels.email.parsing import read_facts
from hub.channels.facts import MessageReceived
from tests.channels.test_mail_hostile import LINE, assert_storable
from tests.fakes.hostile_mails import HOSTILE


@pytest.mark.parametrize(
    "name",
    ["deep_multipart", "deep_multipart_same_boundary", "deep_forwards", "parts_20000", "parts_without_headers",
     "multiparts_without_boundary"],
)  # fmt: skip
def test_promise_27_deep_and_wide_mails_are_bounded(name: str) -> None:
    before = time.process_time()
    facts = read_facts(Raw(body=HOSTILE[name]()), LINE)
    assert time.process_time() - before < 10
    assert_storable(facts)
    fact = facts[0]
    assert isinstance(fact, MessageReceived)
    assert len(fact.attachments) <= 1_000
    if name.startswith("deep_multipart"):
        assert "fondo" in fact.text
    if name == "parts_20000":
        assert any("attachments" in warning for warning in fact.warnings)
