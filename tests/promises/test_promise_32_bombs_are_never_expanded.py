"""Promise 32: decompression and entity bombs are never expanded: memory stays flat, the file stays a file."""

from __future__ import annotations

from pathlib import Path

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
    before = forgotten_peak()
    facts = read_facts(Raw(body=raw), LINE)
    highest = held("VmHWM")
    assert_storable(facts)
    assert highest - before < 80_000_000  # the mails have up to 7 MB, what they claim to hold up to 14 GB
    fact = facts[0]
    assert isinstance(fact, MessageReceived)
    assert (
        sum(file.size for file in fact.attachments) + len(fact.text) + len(fact.html) < len(raw) + 5_000_000
    )
    assert fact.text.count("ja") <= 1


def forgotten_peak() -> int:
    """The bytes this process holds; from now on VmHWM is the most it held since (proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5")
    return held("VmRSS")


def held(what: str) -> int:
    """Bytes of memory, as the kernel counts them."""
    return int(Path("/proc/self/status").read_text().partition(f"{what}:")[2].split()[0]) * 1024
