"""What we write can be read back alike by the standard library's parser and by ours, and nothing typed leaves its place."""

# ruff: noqa: E501 — mails are data
from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.channels.base import Raw
from hub.channels.email.adapter import EmailAdapter
from hub.channels.facts import MessageReceived, Party
from hub.channels.mail.building import build
from hub.channels.outgoing import FileToSend, Line, Outgoing
from hub.channels.text import one_line, storable, with_plain_ends

LINE = Line(id=1, key="mail", kind="email", name="Soporte", address="marta@acme.example")
NOW = datetime(2026, 11, 3, 10, 22, 11, tzinfo=UTC)
KNOWN = {"From", "To", "Cc", "Reply-To", "Subject", "Date", "Message-ID", "X-Dialogo-Id", "In-Reply-To", "References",
         "Auto-Submitted", "X-Auto-Response-Suppress", "MIME-Version", "Content-Type"}  # fmt: skip


def outgoing(**changes: object) -> Outgoing:
    values: dict[str, object] = {
        "token": "tok", "message_id": "7.9.ab@dialogo.example", "recipient": "marta@acme.example",
        "sender": Party("support@dialogo.example", "Ana Núñez"), "to": (Party("marta@acme.example", "García, Marta"),),
        "reply_address": "support+r.tok@dialogo.example", "subject": "Re: Pedido 48213", "text": "Hola, Marta.\n\nYa salió.",
    }  # fmt: skip
    return Outgoing(**(values | changes))  # type: ignore[arg-type]


def ours(raw: bytes) -> MessageReceived:
    fact = EmailAdapter().parse(Raw(body=raw), LINE)[0]
    assert isinstance(fact, MessageReceived)
    return fact


def theirs(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def assert_clean(raw: bytes) -> None:
    assert raw.isascii()
    assert raw.endswith(b"\r\n")
    without = raw.replace(b"\r\n", b"")
    assert b"\r" not in without
    assert b"\n" not in without
    lines = raw.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert b"." not in lines
    assert set(message_from_bytes(raw).keys()) <= KNOWN


def test_both_parsers_read_what_was_meant() -> None:
    raw = build(
        outgoing(
            in_reply_to="x1@acme.example", references=("x0@acme.example",), cc=(Party("pepe@acme.example"),)
        ),
        NOW,
    )
    assert_clean(raw)
    message, fact = theirs(raw), ours(raw)
    assert message["From"].addresses[0].display_name == fact.sender.name == "Ana Núñez"
    assert message["To"].addresses[0].display_name == fact.to[0].name == "García, Marta"
    assert message["Subject"] == fact.subject == "Re: Pedido 48213"
    assert message["Message-ID"] == "<7.9.ab@dialogo.example>"
    assert message["References"].split() == ["<x0@acme.example>", "<x1@acme.example>"]
    assert fact.references == ("x0@acme.example", "x1@acme.example")
    assert (
        message["Reply-To"].addresses[0].addr_spec
        == fact.reply_to[0].address
        == "support+r.tok@dialogo.example"
    )
    assert message["Date"].datetime == fact.date == NOW
    plain = message.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().replace("\r\n", "\n") == "Hola, Marta.\n\nYa salió."
    assert fact.text == "Hola, Marta.\n\nYa salió."
    assert "<p>Hola, Marta.</p>" in fact.html
    assert "Auto-Submitted" not in message


def test_an_automatic_answer_says_so() -> None:
    raw = build(outgoing(automatic=True), NOW)
    assert theirs(raw)["Auto-Submitted"] == "auto-replied"
    assert ours(raw).automatic


def test_files_arrive_as_they_left(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(range(256)) * 9)
    (tmp_path / "b").write_bytes(b"png")
    files = (
        FileToSend(
            'Factura "año" 2026 — ' + "muy larga " * 8 + ".pdf", "application/pdf", 2304, tmp_path / "a"
        ),
        FileToSend("logo.png", "image/png", 3, tmp_path / "b", inline=True, content_id="logo@x"),
        FileToSend("../../x\r\nBcc: a.txt", "message/rfc822\r\nX: y", 3, tmp_path / "b"),
    )
    raw = build(outgoing(attachments=files, html='<p>hola <img src="cid:logo@x"></p>'), NOW)
    assert_clean(raw)
    found = {file.name: file for file in ours(raw).attachments}
    assert found["logo.png"].inline
    assert [file.content for file in found.values()] == [b"png", bytes(range(256)) * 9, b"png"]
    assert (
        any(name.startswith("Factura _año_ 2026 — muy larga") and name.endswith(".pdf") for name in found)
        or len(found) == 3
    )
    names = [part.get_filename() for part in theirs(raw).iter_attachments()]
    assert len([name for name in names if name]) >= 2
    assert ours(raw).html == '<p>hola <img src="cid:logo@x"></p>'


EVIL = "x\r\nBcc: victim@evil.example\r\n\r\nbody"


@pytest.mark.parametrize("field", ["subject", "name", "to name", "text", "html"])
@pytest.mark.parametrize(
    "evil",
    [
        EVIL,
        EVIL.replace("\r\n", "\n"),
        EVIL.replace("\r\n", "\r"),
        "a\x00b\x0bc\x85d\u2028Bcc: e",
        "=?utf-8?q?=0D=0ABcc:_x?=",
        "\ud800",
    ],
)
def test_nothing_typed_becomes_a_header(field: str, evil: str) -> None:
    changes: dict[str, dict[str, object]] = {
        "subject": {"subject": evil}, "name": {"sender": Party("support@dialogo.example", evil)},
        "to name": {"to": (Party("marta@acme.example", evil),)}, "text": {"text": evil}, "html": {"html": f"<p>{evil}</p>"},
    }  # fmt: skip
    raw = build(outgoing(**changes[field]), NOW)
    assert_clean(raw)
    assert message_from_bytes(raw)["Bcc"] is None


@pytest.mark.parametrize(
    "changes",
    [
        {"to": (Party("a@b.example\r\nBcc: c@d.example"),)}, {"to": (Party("a@b.example, c@d.example"),)}, {"to": (Party("nobody"),)},
        {"reply_address": "x@y.example>\r\nBcc: a@b"}, {"message_id": "a\r\nBcc: b"}, {"in_reply_to": "a>\r\nBcc: b"},
        {"references": ("a b@c",)}, {"sender": Party("ñ@dialogo.example")}, {"to": (Party('"a b"@x.example'),)},
    ],
)  # fmt: skip
def test_an_address_or_id_that_cannot_stand_in_a_header_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        build(outgoing(**changes), NOW)


ANY = st.text(max_size=300)


@given(subject=ANY, text=ANY, name=st.text(max_size=80))
@settings(max_examples=300, deadline=None)
def test_whatever_is_typed_arrives(subject: str, text: str, name: str) -> None:
    raw = build(outgoing(subject=subject, text=text, sender=Party("support@dialogo.example", name)), NOW)
    assert_clean(raw)
    fact = ours(raw)
    assert fact.subject == one_line(subject)
    expected = with_plain_ends(storable(text)).strip("\n").rstrip()
    assert fact.text == expected or not expected.strip()


def test_long_words_and_dots_stay_within_smtp() -> None:
    raw = build(outgoing(text=".\n..\n" + "x" * 5_000 + "\n.\nFrom aquí\n \n\t", subject="y" * 3_000), NOW)
    assert_clean(raw)
    assert not any(line.startswith(b".") for line in raw.split(b"\r\n"))
    assert ours(raw).subject == "y" * 3_000


def test_links_in_a_text_become_links_and_nothing_else_becomes_html() -> None:
    html = ours(build(outgoing(text='Vea https://x.example/?a=1&b="2". <script>\n\n> cita'), NOW)).html
    assert '<a href="https://x.example/?a=1&amp;b=">' in html
    assert "<script>" not in html
    assert '<blockquote type="cite">cita</blockquote>' in html
