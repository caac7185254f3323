"""Promise 35: parse no worse than known parsers: against the standard library's own on mails both can read."""

from __future__ import annotations

from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, compat32
from html import escape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.channels.base import Raw
from hub.channels.email.parsing import read_facts
from hub.channels.facts import MessageReceived
from hub.channels.mail.attachments import safe_name
from hub.channels.text import one_line, storable, without_direction_tricks
from tests.channels.client_mails import CASES
from tests.channels.test_mail_hostile import LINE, assert_storable

WORDS = st.text(
    alphabet=st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"], max_codepoint=0xFFFF),
    min_size=1,
    max_size=60,
)
NAMES = WORDS.map(lambda text: " ".join(text.split())).filter(lambda text: text and "=?" not in text)
FILES = st.tuples(
    st.text("abcdeñçß 0123-_", min_size=1, max_size=30).map(str.strip).filter(bool), st.binary(max_size=200)
)


@given(
    subject=NAMES,
    name=NAMES,
    text=st.lists(WORDS, max_size=5),
    files=st.lists(FILES, max_size=3),
    html=st.booleans(),
    charset=st.sampled_from(["utf-8", "utf-8", "gb18030", "utf-7"]),
    cte=st.sampled_from(["base64", "quoted-printable"]),
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_promise_35_fidelity(
    subject: str,
    name: str,
    text: list[str],
    files: list[tuple[str, bytes]],
    html: bool,
    charset: str,
    cte: str,
) -> None:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(name, "marta", "acme.example")
    mail["To"] = "support@dialogo.example"
    mail["Subject"] = subject
    mail["Message-ID"] = "<a@acme.example>"
    body = "\n".join(text)
    mail.set_content(body, charset=charset, cte=cte)
    if html:
        mail.add_alternative(f"<p>{escape(body)}</p>", subtype="html", charset="utf-8", cte=cte)
    for file, content in files:
        mail.add_attachment(content, maintype="application", subtype="x-thing", filename=f"{file}.bin")
    fact = read_facts(Raw(body=bytes(mail)), LINE)[0]
    assert isinstance(fact, MessageReceived)
    assert_storable([fact])
    if body.strip() and not html:
        assert " ".join(fact.text.split()) == " ".join(storable(body).split())
    assert fact.subject == one_line(mail["Subject"])
    if not set(name) & set("\"\\'<>"):
        # The standard library's writer loses blanks between encoded and plain words.
        assert fact.sender.name.replace(" ", "") == without_direction_tricks(one_line(name)).replace(" ", "")
    assert [(each.name, each.content) for each in fact.attachments] == [
        (safe_name(f"{file}.bin"), content) for file, content in files
    ]


@pytest.mark.parametrize("name", CASES)
def test_what_both_parsers_can_read_they_read_alike(name: str) -> None:
    """Every file the standard library finds in a mail, we find too, byte for byte (but what we open: winmail.dat)."""
    raw = CASES[name]().raw
    theirs = message_from_bytes(raw, policy=compat32)
    fact = read_facts(Raw(body=raw), LINE)[0]
    assert isinstance(fact, MessageReceived)
    ours = {file.content for file in fact.attachments}
    for part in theirs.walk():
        content = part.get_payload(decode=True)
        if (
            part.get_filename()
            and isinstance(content, bytes)
            and name not in ("winmail", "forwarded_as_attachment")
        ):
            assert content.rstrip(b"\r\n") in {each.rstrip(b"\r\n") for each in ours}
