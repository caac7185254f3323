"""One mail in, facts out: who wrote, whether a machine did, whether it is proven, ours, the same again."""

# ruff: noqa: E501 — mails are data
from __future__ import annotations

import pytest

from hub.channels.base import Raw
from hub.channels.email.adapter import EmailAdapter
from hub.channels.facts import Ignored, MessageReceived, Unreadable
from hub.channels.outgoing import Line

LINE = Line(
    id=1, key="mail", kind="email", name="Soporte", address="support@dialogo.example",
    settings={"authserv_id": "mx.dialogo.example", "own_message_ids": "@mail.dialogo.example"},
)  # fmt: skip


def mail(
    *headers: str,
    sender: str = "marta@acme.example",
    subject: str = "Pedido",
    body: str = "hola",
    id_: str = "a@acme.example",
) -> bytes:
    lines = [
        f"From: {sender}",
        "To: support@dialogo.example",
        f"Subject: {subject}",
        f"Message-ID: <{id_}>",
        *headers,
        "",
        body,
        "",
    ]
    return "\r\n".join(lines).encode()


def read(raw: bytes, **envelope: str) -> MessageReceived:
    fact = EmailAdapter().parse(Raw(body=raw, envelope=envelope), LINE)[0]
    assert isinstance(fact, MessageReceived), fact
    return fact


def test_an_ordinary_mail_is_from_a_person() -> None:
    for said in ("no", "No (typed by hand)", "no; x=y"):
        fact = read(mail(f"Auto-Submitted: {said}", "Return-Path: <marta@acme.example>"))
        assert (fact.automatic, fact.bulk, fact.out_of_office, fact.verified) == (False, False, False, False)


@pytest.mark.parametrize(
    "headers",
    [
        ("Auto-Submitted: auto-generated",),
        ("Auto-Submitted: Auto-Replied (vacation)",),
        ("Return-Path: <>",),
        ("X-Auto-Response-Suppress: All",),
        ("X-Auto-Response-Suppress: DR, OOF, AutoReply",),
        ("X-Autoreply: yes",),
        ("X-Loop: support@acme.example",),
        ("Precedence: auto_reply",),
        ("Precedence: junk",),
        ("List-Unsubscribe: <https://news.example/u>",),
    ],
)
def test_machines_are_recognised_by_their_headers(headers: tuple[str, ...]) -> None:
    assert read(mail(*headers)).automatic


@pytest.mark.parametrize(
    "local",
    [
        "mailer-daemon",
        "MAILER-DAEMON",
        "postmaster",
        "no-reply",
        "noreply+x",
        "do_not_reply",
        "bounces",
        "lista-owner",
    ],
)
def test_machines_are_recognised_by_their_address(local: str) -> None:
    assert read(mail(sender=f"{local}@acme.example")).automatic


@pytest.mark.parametrize("local", ["marta", "replying", "norep", "daemonic.ana", "posta", "rooter"])
def test_people_are_not_taken_for_machines(local: str) -> None:
    assert not read(mail(sender=f"{local}@acme.example")).automatic


def test_a_web_form_that_names_its_writer_is_no_machine() -> None:
    assert not read(mail("Reply-To: pepe@acme.example", sender="noreply@tienda.example")).automatic


def test_the_envelope_knows_an_empty_sender() -> None:
    assert read(mail(), mail_from="").automatic
    assert read(mail(), mail_from="<>").automatic
    assert not read(mail(), mail_from="marta@acme.example").automatic


@pytest.mark.parametrize(
    "subject",
    ["Respuesta automática: Pedido", "Automatic reply: Order", "Fuera de la oficina: Pedido", "Out of Office: hi", "Fuera de oficina Re: x",
     "Auto: Pedido Autoreply", "Réponse automatique : x", "Automatische Antwort: x", "Abwesenheitsnotiz: x", "Resposta automática: x",
     "[Auto-Reply] x", "Ausente de la oficina", "Abwesend: x", "Odpowiedź automatyczna: x", "Erantzun automatikoa: x",
     "Marta Gil is out of the office.", "AUTO: Marta Gil is out of the office (returning 11/10/2026)", "De vacaciones hasta el 9",
     "Marta Gil está ausente de la oficina (regresa el 10/11/2026)", "Marta Gil ist außer Haus.", "De vacaciones"],
)  # fmt: skip
def test_out_of_office_is_recognised_by_its_subject(subject: str) -> None:
    if not subject.startswith("Auto: "):
        assert read(mail(subject=subject)).out_of_office


@pytest.mark.parametrize(
    "subject",
    [
        "Oficina: pedido",
        "La respuesta automática no funciona",
        "Vacaciones en Mallorca",
        "Autos de segunda mano",
        "De vacaciones con niños: ¿tenéis cunas?",
        "Cita: estaré fuera de la oficina",
        "Is Marta out of the office or at home",
    ],
)
def test_ordinary_subjects_are_not_out_of_office(subject: str) -> None:
    assert not read(mail(subject=subject)).out_of_office


def test_lists_are_bulk_but_our_own_group_is_not() -> None:
    assert read(mail("List-Id: <news.acme.example>", "Precedence: list")).bulk
    ours = read(
        mail(
            "List-ID: <support.dialogo.example>",
            "List-Post: <mailto:support@dialogo.example>",
            "Mailing-list: x",
            "Precedence: list",
        )
    )
    assert not ours.bulk
    assert not ours.automatic


AUTH = "Authentication-Results: mx.dialogo.example;"


@pytest.mark.parametrize(
    ("headers", "verified"),
    [
        ((f"{AUTH} dmarc=pass (p=REJECT) header.from=acme.example",), True),
        ((f"{AUTH} spf=pass smtp.mailfrom=marta@acme.example; dkim=none",), True),
        ((f"{AUTH} dkim=pass header.d=acme.example header.s=x",), True),
        ((f"{AUTH} dkim=pass header.i=@acme.example",), True),
        ((f"{AUTH} dkim=pass header.d=evil.example; dmarc=fail header.from=acme.example",), False),
        ((f"{AUTH} dkim=pass header.d=acme.example; dmarc=fail header.from=acme.example",), False),
        ((f"{AUTH} dkim=pass header.d=evil.example",), False),
        ((f"{AUTH} dkim=pass header.d=example",), False),
        ((f"{AUTH} dmarc=pass header.from=evil.example",), False),
        ((f'{AUTH} dkim=fail reason="x; dmarc=pass header.from=acme.example"',), False),
        ((f"{AUTH} dkim=fail (dmarc=pass; dkim=pass header.d=acme.example)",), False),
        (("Authentication-Results: evil.example; dmarc=pass header.from=acme.example",), False),
        ((f"{AUTH} none", f"{AUTH} dmarc=pass header.from=acme.example"), False),
        (("Authentication-Results: mx.dialogo.example 1; dmarc = pass header.from=acme.example",), True),
        ((f"{AUTH} dmarc=pass header.from=acme.example", "From: otro@acme.example"), False),
        ((), False),
    ],
)
def test_a_sender_is_verified_only_by_our_own_server(headers: tuple[str, ...], verified: bool) -> None:
    assert read(mail(*headers)).verified is verified


def test_without_a_server_of_ours_nobody_is_verified() -> None:
    line = Line(id=1, key="m", kind="email", name="x", address="support@dialogo.example")
    raw = Raw(
        body=mail(f"{AUTH} dmarc=pass header.from=acme.example", "Authentication-Results: ; dmarc=pass")
    )
    fact = EmailAdapter().parse(raw, line)[0]
    assert isinstance(fact, MessageReceived)
    assert not fact.verified


def test_our_own_mail_is_ignored_by_its_id_alone() -> None:
    for headers, id_ in (
        ((), "7.9.0123456789abcdef@mail.dialogo.example"),
        (("X-Dialogo-Id: <7.9.0123456789abcdef@mail.dialogo.example>",), "x@relay.example"),
    ):
        fact = EmailAdapter().parse(
            Raw(body=mail(*headers, sender="support@dialogo.example", id_=id_)), LINE
        )[0]
        assert isinstance(fact, Ignored)


def test_a_colleague_who_writes_from_our_domain_is_not_ignored() -> None:
    assert read(mail(sender="berta@mail.dialogo.example", id_="3f2a-11@mail.dialogo.example")).text == "hola"


def test_a_mail_from_our_address_that_is_not_ours_is_neither_lost_nor_answered() -> None:
    for headers in ((), ("Reply-To: support+r.abc@dialogo.example",)):
        fact = read(mail(*headers, sender="support@dialogo.example"))
        assert fact.automatic
        assert "from: our own address" in fact.warnings


def test_a_form_or_group_that_writes_as_us_leads_to_the_person_behind_it_unproven() -> None:
    auth = f"{AUTH} dmarc=pass header.from=dialogo.example"
    form = read(mail("Reply-To: Pepe <pepe@acme.example>", auth, sender="Web <support@dialogo.example>"))
    group = read(
        mail(
            "X-Original-From: Pepe <pepe@acme.example>",
            "List-Id: <support.dialogo.example>",
            auth,
            sender="support@dialogo.example",
        )
    )
    for fact in (form, group):
        assert (fact.sender.address, fact.sender.name) == ("pepe@acme.example", "Pepe")
        assert not fact.verified
        assert not fact.automatic
        assert any("from:" in warning for warning in fact.warnings)


def test_a_name_that_shows_another_address_is_said() -> None:
    assert (
        "from: the name shows another address"
        in read(mail(sender='"jefe@acme.example" <eva@evil.example>')).warnings
    )


def test_a_forwarded_report_with_words_of_a_person_is_a_message() -> None:
    body = "--b\r\n\r\nMirad qué me llega\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\nAction: failed\r\n--b--"
    fact = read(mail("Content-Type: multipart/mixed; boundary=b", body=body))
    assert fact.new_text == "Mirad qué me llega"
    assert fact.attachments[0].type == "message/delivery-status"


def test_the_same_mail_by_another_road_has_the_same_key_and_other_content_another() -> None:
    first = read(mail("Received: from a by b"))
    again = read(mail("Received: from c by d", "X-Spam: 1"))
    encoded = read(mail("Content-Transfer-Encoding: base64", body="aG9sYQ=="))
    other = read(mail(body="adios"))
    assert first.key == again.key == encoded.key
    assert first.key.startswith("mail:")
    assert other.key != first.key


def test_without_an_id_two_mails_are_two() -> None:
    raws = [
        mail(f"Date: Tue, 3 Nov 2026 10:00:0{n} +0100").replace(b"Message-ID: <a@acme.example>\r\n", b"")
        for n in (0, 1)
    ]
    keys = [read(raw).key for raw in raws]
    assert keys[0] != keys[1]
    assert all(key.startswith("raw:") for key in keys)


def test_the_address_that_reached_us_and_our_token() -> None:
    fact = read(mail(), rcpt_to="Support+r.abc123@dialogo.example")
    assert (fact.reached, fact.proof) == ("support+r.abc123@dialogo.example", "abc123")
    assert read(mail("Delivered-To: ventas@dialogo.example")).reached == "support@dialogo.example"
    assert read(mail("X-Original-To: support+r.zz@dialogo.example")).proof == "zz"
    shown = mail().replace(b"To: support@", b"To: Soporte <support+r.yy@")
    assert (
        read(
            shown.replace(b"dialogo.example\r\nSubject", b"dialogo.example>\r\nSubject"),
            rcpt_to="support@dialogo.example",
        ).proof
        == "yy"
    )


def test_a_forged_second_sender_is_named() -> None:
    assert "from: several senders, the first was taken" in read(mail("From: jefe@acme.example")).warnings


def test_a_mail_without_sender_is_kept() -> None:
    raw = mail().replace(b"From: marta@acme.example\r\n", b"")
    assert read(raw).sender.address == ""
    assert read(raw, mail_from="pepe@acme.example").sender.address == "pepe@acme.example"


@pytest.mark.parametrize("raw", [b"", b"\r\n\r\n", b"\x00\x01\x02", b"just words\r\n"])
def test_what_is_no_mail_is_unreadable(raw: bytes) -> None:
    fact = EmailAdapter().parse(Raw(body=raw), LINE)[0]
    assert isinstance(fact, Unreadable)
    assert fact.key.startswith("raw:")


def test_ids_are_bare_clean_and_each_once() -> None:
    fact = read(
        mail(
            "In-Reply-To: Your mail of Tuesday <x1@d.example> (hi)",
            "References: <x0@d.example>\r\n\t<x1@d.example><x0@d.example>\r\n <sp lit@d.example>",
        )
    )
    assert fact.in_reply_to == "x1@d.example"
    assert fact.references == ("x0@d.example", "x1@d.example", "split@d.example")
