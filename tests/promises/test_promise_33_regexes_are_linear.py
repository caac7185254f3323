"""Promise 33: regexes are linear: twice the mail never costs much more than twice the time."""

# ruff: noqa: E501
from __future__ import annotations

import time

import pytest

from hub.channels.base import Raw
from hub.channels.email.parsing import read_facts
from hub.channels.facts import MessageReceived
from hub.channels.mail.html import clean
from tests.channels.test_mail_hostile import LINE, assert_storable
from tests.fakes.hostile_mails import HOSTILE


@pytest.mark.parametrize(
    "name",
    ["quotes_200_kb", "attributions_everywhere", "html_100k_tags", "html_20k_links", "html_quote_regex", "html_unclosed",
     "brackets_in_address", "encoded_words_unending", "params_unending", "base64_noise", "qp_noise", "uu_bomb", "calendar_bomb"],
)  # fmt: skip
def test_promise_33_regexes_are_linear(name: str) -> None:
    before = time.process_time()
    facts = read_facts(Raw(body=HOSTILE[name]()), LINE)
    html = facts[0].html if isinstance(facts[0], MessageReceived) else ""
    clean(html)
    assert time.process_time() - before < 5


REPEATED = [
    b">", b"> ", b"On ", b"From: ", b"De: a\n", b"-", b"_", b"=", b"*", b"a@", b"@", b"<", b"(", b'"', b"\\", b"=?", b"=?utf-8?q?a?= ",
    b"wrote:", b"El 3/11/2026 10:00 escribi\xc3\xb3 ", b"-- \n", b"\n", b" ", b"\t\n", b"<div>", b"<blockquote type=cite>", b"<a href='",
    b"<!--", b"&", b"&#", b"<p", b"</p>", b"<title>", b"--b\n", b"begin 644 a\n", b"[", b";", b":", b"\xff", b"\xc3", b"\x1b$B", b"+A", b"550 ",
    b"5.1.1 ", b"<x@y.example>:\n", b"a" * 50, b"https://x", b"cid:",
]  # fmt: skip
PLACES = {
    "text": b"From: mailer-daemon@x.example\r\nSubject: Undelivered mail\r\nMessage-ID: <a@b>\r\n\r\n%s",
    "html": b"From: a@x.example\r\nIn-Reply-To: <b@c>\r\nContent-Type: text/html\r\n\r\n%s",
    "header": b"From: %s\r\nTo: a@x.example\r\n\r\nhola",
    "subject": b"From: a@x.example\r\nSubject: %s\r\n\r\nhola",
    "type": b"From: a@x.example\r\nContent-Type: text/plain; %s\r\n\r\nhola",
    "calendar": b"From: a@x.example\r\nContent-Type: text/calendar\r\n\r\nBEGIN:VEVENT\r\nSUMMARY%s",
}


@pytest.mark.parametrize("place", PLACES)
def test_nothing_repeated_anywhere_is_slow(place: str) -> None:
    for piece in REPEATED:
        filling = piece * (200_000 // len(piece))
        if place not in ("text", "html"):
            filling = filling.replace(b"\n", b"\n ")
        before = time.process_time()
        facts = read_facts(Raw(body=PLACES[place] % filling), LINE)
        seconds = time.process_time() - before
        assert seconds < 2, (piece, seconds)
        assert_storable(facts)
