"""Promise 35 in small: mails of many programs, languages and charsets say what a careful reader finds in them."""

from __future__ import annotations

import hashlib

import pytest

from hub.channels.base import Raw
from hub.channels.email.adapter import EmailAdapter
from hub.channels.facts import MessageReceived
from hub.channels.outgoing import Line
from tests.channels.client_mails import CASES

LINE = Line(id=1, key="mail", kind="email", name="Soporte", address="support@dialogo.example")


def read(raw: bytes) -> MessageReceived:
    facts = EmailAdapter().parse(Raw(body=raw), LINE)
    assert len(facts) == 1
    assert isinstance(facts[0], MessageReceived), facts[0]
    return facts[0]


@pytest.mark.parametrize("name", CASES)
def test_a_mail_says_what_its_reader_would_find(name: str) -> None:
    case = CASES[name]()
    fact = read(case.raw)
    assert (fact.sender.address, fact.sender.name) == case.sender
    assert fact.subject == case.subject
    if case.new_text is not None:
        assert fact.new_text == case.new_text
    for words in case.text_has:
        assert words in fact.text
    if case.files is not None:
        found = [(file.name, file.type, file.content, file.inline) for file in fact.attachments]
        assert found == list(case.files)
    for file in fact.attachments:
        assert (file.size, file.sha256) == (len(file.content), hashlib.sha256(file.content).hexdigest())
    assert fact.external_id == "CAF1=x@mail.acme.example"
    assert fact.in_reply_to == "7.9.ab@dialogo.example"
    assert fact.date is not None
    assert fact.date.isoformat() == "2026-11-03T10:22:11+01:00"
