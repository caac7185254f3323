"""Promise 32: decompression and entity bombs are never expanded: memory stays flat, the file stays a file."""

from __future__ import annotations

import tracemalloc

import pytest

from hub.channels.base import Raw
from hub.channels.email.parsing import read_facts
from hub.channels.facts import MessageReceived
from tests.channels.test_mail_hostile import LINE, assert_storable
from tests.fakes.hostile_mails import HOSTILE


@pytest.mark.parametrize(
    "name",
    [
        "zip_bomb",
        "gzip_bomb",
        "zlib_charset",
        "svg_billion_laughs",
        "png_60000",
        "entities_bomb",
        "winmail_rtf_bomb",
        "winmail_lies",
    ],
)
def test_promise_32_bombs_are_never_expanded(name: str) -> None:
    raw = HOSTILE[name]()
    tracemalloc.start()
    try:
        facts = read_facts(Raw(body=raw), LINE)
        highest = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert_storable(facts)
    assert highest < 80_000_000  # the mails have up to 7 MB, what they claim to hold up to 14 GB
    fact = facts[0]
    assert isinstance(fact, MessageReceived)
    assert (
        sum(file.size for file in fact.attachments) + len(fact.text) + len(fact.html) < len(raw) + 5_000_000
    )
    assert fact.text.count("ja") <= 1
