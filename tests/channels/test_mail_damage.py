"""What relays, old programs and wrong labels do to a mail, and its reader hardly notices."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest

from hub.channels.base import Raw
from hub.channels.email.adapter import EmailAdapter
from hub.channels.facts import MessageReceived
from hub.channels.mail.headers import read_date
from hub.channels.mail.transfer import undone
from hub.channels.outgoing import Line

LINE = Line(id=1, key="mail", kind="email", name="Soporte", address="support@dialogo.example")
SAID = "Señora, el camión llegó: 10 €."
HEAD = "From: Marta <marta@acme.example>\nSubject: Pedido\nContent-Type: text/plain; charset=utf-8\n"


def read(raw: bytes | str) -> MessageReceived:
    body = raw if isinstance(raw, bytes) else raw.encode()
    (fact,) = EmailAdapter().parse(Raw(body=body), LINE)
    assert isinstance(fact, MessageReceived), fact
    return fact


def test_a_blank_before_the_colon_makes_no_field_an_mbox_line() -> None:
    fact = read("From : Marta <marta@acme.example>\nSubject : Pedido\n\nHola\n")
    assert (fact.sender.address, fact.subject, fact.text) == ("marta@acme.example", "Pedido", "Hola")
    assert read(f"From marta@acme.example Mon Nov  2 10:15:00 2026\n{HEAD}\nHola\n").text == "Hola"


@pytest.mark.parametrize("named", ["base64 (mail)", "BASE64;", '"base64"'])
def test_an_encoding_may_have_a_comment(named: str) -> None:
    content = base64.b64encode(SAID.encode()).decode()
    assert read(f"{HEAD}Content-Transfer-Encoding: {named}\n\n{content}\n").text == SAID


@pytest.mark.parametrize("kind", ["plain/text", "ext/plain", "text", "", "text/plain charset=utf-8"])
def test_a_misspelt_type_is_still_text(kind: str) -> None:
    fact = read(f"From: a@acme.example\nContent-Type: {kind}\n\n{SAID}\n")
    assert (fact.text, fact.attachments) == (SAID, ())


def test_an_at_sign_alone_is_no_address() -> None:
    fact = read("From: a@acme.example\nTo: Ana <ana@acme.example>, @, luis@acme.example, @x, y@\n\nHola")
    assert [party.address for party in fact.to] == ["ana@acme.example", "luis@acme.example"]


def test_words_that_only_claim_to_be_base64_stay_words() -> None:
    said = "Hola,\n\neste texto no va en base64. Gracias, Marta."
    fact = read(f"{HEAD}Content-Transfer-Encoding: base64\n\n{said}\n")
    assert fact.text == said
    assert "base64: it is none" in fact.warnings


def test_a_million_padded_pieces_are_read_at_once() -> None:
    warnings: list[str] = []
    assert undone(b"SG9sYQ==\n" + b"=\n" * 1_000_000, "base64", warnings).startswith(b"Hola")
    assert warnings == ["base64: damaged"]


def test_blanks_behind_a_soft_line_end_are_no_text() -> None:
    assert undone("llegó= \t\r\n ayer=\n.".encode(), "quoted-printable", []) == "llegó ayer.".encode()


def test_japanese_needs_no_label() -> None:
    written = "注文は届きました".encode("iso-2022-jp")
    fact = read(b"From: a@acme.example\nSubject: " + written + b"\n\n" + written)
    assert (fact.subject, fact.text) == ("注文は届きました", "注文は届きました")


def test_two_bytes_of_damage_make_no_text_utf_16() -> None:
    assert SAID in read(b"\xff\xfe" + f"{HEAD}\n".encode() + b"\xff\xfe" + SAID.encode()).text
    whole = f"{HEAD}\n{SAID}\n"
    assert read(whole.encode("utf-16")).text == SAID
    assert read(HEAD.replace("; charset=utf-8", "").encode() + b"\n" + SAID.encode("utf-16")).text == SAID


def test_a_multipart_inside_another_may_announce_a_wrong_boundary() -> None:
    fact = read(
        "From: a@acme.example\nContent-Type: multipart/mixed; boundary=out\n\n--out\n"
        "Content-Type: multipart/alternative; boundary=announced\n\n--used\nContent-Type: text/plain\n\nHola\n"
        "--used\nContent-Type: text/html\n\n<p>Hola</p>\n--used--\n--out\n"
        'Content-Type: application/pdf; name="a.pdf"\n\n%PDF\n--out--\n'
    )
    assert (fact.text, fact.html) == ("Hola", "<p>Hola</p>")
    assert [file.name for file in fact.attachments] == ["a.pdf"]


@pytest.mark.parametrize(
    "written",
    [
        "Mon, 2 Nov 2026 22:15:00 +0100",
        "Mon, 2 Nov 2026 22:15:00 +01:00",
        "Mon, 2 Nov 2026 10:15:00 PM +0100",
        "Mon, 02 Nov 2026 22:15:00 GMT+0100 (CET)",
        "2 Nov 2026 22:15:00 UTC+1",
        "Mon, 2 Nov 2026 21:15:00",
        "lun, 2 nov 2026 22:15:00 +0100",
        "2026-11-02T22:15:00+01:00",
        "2026-11-02 21:15",
    ],
)
def test_a_date_may_be_written_in_many_ways(written: str) -> None:
    found = read_date(written.encode())
    assert found is not None
    assert found.astimezone(UTC) == datetime(2026, 11, 2, 21, 15, tzinfo=UTC)


def test_a_leap_second_is_a_moment_and_nonsense_is_none() -> None:
    assert read_date(b"Thu, 31 Dec 2026 23:59:60 +0000") == datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
    for nonsense in (b"ayer", b"Mon, 31 Feb 2026 10:15:00 +0100", b"Mon, 2 Nov 2026 10:15:00 +9900", b""):
        assert read_date(nonsense) is None
