"""What became of our mail, told by many mail systems: state, recipient, reason, and which mail of ours it was."""

# ruff: noqa: E501 — mails are data
from __future__ import annotations

import pytest

from hub.channels.base import Raw
from hub.channels.email.adapter import EmailAdapter
from hub.channels.facts import AnyFact, DeliveryReported, Ignored, MessageReceived
from hub.channels.outgoing import Line

LINE = Line(id=1, key="mail", kind="email", name="Soporte", address="support@dialogo.example")
OURS = "7.9.ab@dialogo.example"
RETURNED = (
    "Return-Path: <support+b.tok123@dialogo.example>\nFrom: Soporte <support@dialogo.example>\n"
    f"To: nadie@acme.example\nSubject: Pedido\nMessage-ID: <{OURS}>\n\nhola\n"
)


def parse(text: str, **envelope: str) -> list[AnyFact]:
    return EmailAdapter().parse(Raw(body=text.replace("\n", "\r\n").encode(), envelope=envelope), LINE)


def one(text: str, **envelope: str) -> DeliveryReported:
    facts = parse(text, **envelope)
    assert len(facts) == 1
    assert isinstance(facts[0], DeliveryReported), facts[0]
    return facts[0]


def report(status: str, returned: str = RETURNED, kind: str = "message/rfc822", words: str = "Sorry.") -> str:
    return (
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.acme.example (Mail Delivery System)\nTo: support@dialogo.example\n"
        "Subject: Undelivered Mail Returned to Sender\nAuto-Submitted: auto-replied\nMessage-ID: <b1@mx.acme.example>\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status;\n\tboundary="B/1"\n\n'
        f"--B/1\nContent-Type: text/plain; charset=us-ascii\n\n{words}\n\n--B/1\nContent-Type: message/delivery-status\n\n{status}\n"
        f"--B/1\nContent-Type: {kind}\n\n{returned}\n--B/1--\n"
    )


POSTFIX = (
    "Reporting-MTA: dns; mx.dialogo.example\nX-Postfix-Queue-ID: 4Xy\nArrival-Date: Tue,  3 Nov 2026 10:22:12 +0100 (CET)\n\n"
    "Final-Recipient: rfc822; nadie@acme.example\nOriginal-Recipient: rfc822;nadie@acme.example\nAction: failed\nStatus: 5.1.1\n"
    "Remote-MTA: dns; mx.acme.example\nDiagnostic-Code: smtp; 550 5.1.1 <nadie@acme.example>: Recipient address\n"
    "    rejected: User unknown\n"
)


def test_a_postfix_report_names_recipient_reason_and_our_mail() -> None:
    fact = one(report(POSTFIX), rcpt_to="support+b.TokEn_9-x@dialogo.example", mail_from="<>")
    assert (fact.state, fact.recipient, fact.permanent, fact.status_code) == (
        "failed",
        "nadie@acme.example",
        True,
        "5.1.1",
    )
    assert fact.reason == "550 5.1.1 <nadie@acme.example>: Recipient address rejected: User unknown"
    assert fact.message_id == OURS
    assert fact.token == "TokEn_9-x"


def test_our_token_is_also_found_in_the_mail_that_came_back() -> None:
    assert one(report(POSTFIX)).token == "tok123"


def test_only_the_headers_may_have_come_back() -> None:
    assert one(report(POSTFIX, kind="text/rfc822-headers")).message_id == OURS


def test_an_exchange_report_answers_our_mail() -> None:
    status = (
        "Reporting-MTA: dns;DB9PR01.prod.example\nReceived-From-MTA: dns;x\n\nFinal-Recipient: rfc822;Nadie@ACME.example\n"
        "Action: failed\nStatus: 5.1.10\nDiagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found\nX-Display-Name: Nadie\n"
    )
    mail = report(status, returned="", kind="text/plain").replace(
        "Auto-Submitted", f"In-Reply-To: <{OURS}>\nAuto-Submitted"
    )
    fact = one(mail)
    assert (fact.recipient, fact.status_code, fact.message_id) == ("nadie@acme.example", "5.1.10", OURS)


@pytest.mark.parametrize(
    ("action", "status", "state", "permanent"),
    [
        ("failed", "5.2.2", "failed", True),
        ("failed", "4.4.7", "failed", False),
        ("delayed", "4.4.1", "delayed", False),
        ("delivered", "2.1.5", "delivered", False),
        ("relayed", "2.1.9", "relayed", False),
        ("expanded", "2.0.0", "expanded", False),
        ("Failed (bad)", "5.0.0 (permanent)", "failed", True),
        ("", "5.1.1", "failed", True),
    ],
)
def test_each_action_is_a_state(action: str, status: str, state: str, permanent: bool) -> None:
    fact = one(
        report(
            f"Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; a@acme.example\nAction: {action}\nStatus: {status}\n"
        )
    )
    assert (fact.state, fact.permanent) == (state, permanent)


def test_several_recipients_are_several_facts_with_keys_of_their_own() -> None:
    status = "Reporting-MTA: dns; x\n" + "".join(
        f"\nFinal-Recipient: rfc822; p{n}@acme.example\nAction: failed\nStatus: 5.1.1\n" for n in range(3)
    )
    facts = parse(report(status))
    assert [fact.recipient for fact in facts if isinstance(fact, DeliveryReported)] == [
        f"p{n}@acme.example" for n in range(3)
    ]
    assert len({fact.key for fact in facts}) == 3


PLAIN = {
    "qmail": (
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.acme.example\nTo: support@dialogo.example\nSubject: failure notice\n\n"
        "Hi. This is the qmail-send program at mx.acme.example.\nI'm afraid I wasn't able to deliver your message to the following "
        "addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<nadie@acme.example>:\n"
        f"550 5.1.1 user unknown\n\n--- Below this line is a copy of the message.\n\n{RETURNED}"
    ),
    "exim": (
        "Return-path: <>\nFrom: Mail Delivery System <Mailer-Daemon@mx.acme.example>\nTo: support@dialogo.example\n"
        "X-Failed-Recipients: nadie@acme.example\nAuto-Submitted: auto-replied\n"
        "Subject: Mail delivery failed: returning message to sender\n\nThis message was created automatically by mail delivery software.\n\n"
        "A message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. The following "
        "address(es) failed:\n\n  nadie@acme.example\n    host mx.acme.example [192.0.2.1]\n    SMTP error from remote mail server after "
        f"RCPT TO:<nadie@acme.example>:\n    550 5.1.1 No such user\n\n------ This is a copy of the message ------\n\n{RETURNED}"
    ),
    "gmail": (
        "Return-Path: <>\nFrom: Mail Delivery Subsystem <mailer-daemon@googlemail.example>\nTo: support@dialogo.example\n"
        "Subject: Delivery Status Notification (Failure)\n\nDelivery to the following recipient failed permanently:\n\n"
        "     nadie@acme.example\n\nTechnical details of permanent failure:\nGoogle tried to deliver your message, but it was rejected by "
        "the server.\nThe error that the other server returned was:\n550 5.1.1 User unknown\n\n----- Original message -----\n\n"
        f"{RETURNED}"
    ),
    "exchange es": (
        "Return-Path: <>\nFrom: Microsoft Outlook <postmaster@acme.example>\nTo: support@dialogo.example\n"
        "Subject: No se puede entregar: Pedido\nAuto-Submitted: auto-replied\n\nNo se pudo entregar a estos destinatarios o grupos:\n\n"
        "Nadie (nadie@acme.example)\nNo se encuentra la dirección.\n\nInformación de diagnóstico para los administradores:\n\n"
        "nadie@acme.example\n#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##\n\nEncabezados de mensaje originales:\n\n"
        f"Message-ID: <{OURS}>\n"
    ),
    "zoho": (
        "From: mailer-daemon@mail.zoho.example\nTo: support@dialogo.example\nSubject: Undelivered Mail Returned to Sender\n\n"
        "A message that you sent could not be delivered to one or more of its recipients.\n\nnadie@acme.example Invalid Address, "
        f"ERROR CODE :550 - 5.1.1 unknown user\n\n{RETURNED}"
    ),
    "barracuda": (
        "From: postmaster@acme.example\nTo: support@dialogo.example\nSubject: **Message you sent blocked by our bulk email filter**\n\n"
        "Your message to: nadie@acme.example\nhas NOT BEEN DELIVERED: 5.1.1\n\n"
        f"Message-ID: <{OURS}>\n"
    ),
    "postfix words": (
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.dialogo.example (Mail Delivery System)\nTo: support@dialogo.example\n"
        "Subject: Undelivered Mail Returned to Sender\n\nThis is the mail system at host mx.dialogo.example.\n\n"
        "<nadie@acme.example>: host mx.acme.example[192.0.2.1] said: 550 5.1.1\n    <nadie@acme.example>: User unknown (in reply to RCPT "
        f"TO command)\n\nMessage-ID: <{OURS}>\n"
    ),
}


@pytest.mark.parametrize("name", PLAIN)
def test_bounces_in_words_are_understood(name: str) -> None:
    fact = one(PLAIN[name])
    assert (fact.state, fact.recipient, fact.permanent) == ("failed", "nadie@acme.example", True)
    assert fact.status_code == "5.1.1"
    assert "5.1.1" in fact.reason
    assert fact.message_id == OURS


def test_exim_tells_of_a_delay_without_a_word_of_failure() -> None:
    fact = one(
        "Return-Path: <>\nFrom: Mail Delivery System <Mailer-Daemon@mx.dialogo.example>\nTo: support@dialogo.example\n"
        "Subject: Warning: message 1abc-2 delayed 24 hours\n\nA message that you sent has not yet been delivered to one or more of its\n"
        "recipients after more than 24 hours on the queue on mx.dialogo.example.\n\nThe address to which the message has not yet been "
        "delivered is:\n\n  nadie@acme.example\n    Delay reason: Connection timed out\n\nNo action is required on your part.\n"
    )
    assert (fact.state, fact.recipient, fact.permanent) == ("delayed", "nadie@acme.example", False)


def test_a_warning_of_delay_is_no_failure() -> None:
    fact = one(
        "Return-Path: <>\nFrom: Mail Delivery System <Mailer-Daemon@mx.acme.example>\nTo: support@dialogo.example\n"
        "Subject: Warning: message 1abc delayed 24 hours\nAuto-Submitted: auto-generated\n\nThis message was created automatically by mail "
        "delivery software.\nA message that you sent has not yet been delivered: delivery failed temporarily to:\n\n  nadie@acme.example\n"
        "    Delay reason: 451 4.7.1 Greylisted\n\nNo action is required on your part. Delivery attempts will continue.\n"
    )
    assert (fact.state, fact.permanent, fact.status_code) == ("delayed", False, "4.7.1")


@pytest.mark.parametrize(
    "mail",
    [
        "From: Marta <marta@acme.example>\nTo: support@dialogo.example\nSubject: Undelivered mail?\n\nMi correo a pepe@x.example could not be "
        "delivered: 550 5.1.1. ¿Qué hago?\n",
        "Return-Path: <>\nAuto-Submitted: auto-replied\nFrom: marta@acme.example\nSubject: Fuera de oficina\n\nEscriba a pepe@acme.example\n",
        "Return-Path: <>\nFrom: marta@acme.example\nSubject: Respuesta automática: Pedido no entregado\nIn-Reply-To: <1@dialogo.example>\n\n"
        "Escriba a pepe@acme.example\n",
        "Auto-Submitted: auto-generated\nFrom: Envíos <noreply@envios.example>\nSubject: Delivery failed: paquete 123\n\n"
        "Su paquete no pudo ser entregado. Escriba a ayuda@envios.example\n",
        "Auto-Submitted: auto-replied\nFrom: Ayuda <help@otra.example>\nSubject: Recibido: mensaje no entregado\n\n"
        "Hemos recibido su consulta de marta@acme.example.\n",
    ],
)
def test_who_tells_of_a_bounce_or_of_a_parcel_is_no_bounce(mail: str) -> None:
    facts = parse(mail)
    assert isinstance(facts[0], MessageReceived)


def test_a_read_receipt_is_a_state_and_a_deletion_is_none() -> None:
    mail = (
        "From: marta@acme.example\nTo: support@dialogo.example\nSubject: Leído: Pedido\nMessage-ID: <r@acme.example>\n"
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b\n\nEl mensaje se leyó.\n--b\n"
        f"Content-Type: message/disposition-notification\n\nReporting-UA: acme; Outlook\nFinal-Recipient: rfc822;Marta@acme.example\n"
        f"Original-Message-ID: <{OURS}>\nDisposition: manual-action/MDN-sent-manually; displayed\n\n--b--\n"
    )
    fact = one(mail)
    assert (fact.state, fact.recipient, fact.message_id) == ("read", "marta@acme.example", OURS)
    assert isinstance(parse(mail.replace("displayed", "deleted"))[0], Ignored)


def test_a_complaint_is_a_state() -> None:
    mail = (
        "From: <feedback@isp.example>\nTo: abuse@dialogo.example\nSubject: FW: Oferta\nMessage-ID: <f@isp.example>\n"
        "Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\n\nThis is an abuse report.\n--b\n"
        "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\nUser-Agent: SomeGenerator/1.0\nVersion: 1\n"
        f"Original-Mail-From: <support+b.tok123@dialogo.example>\n\n--b\nContent-Type: message/rfc822\n\n{RETURNED}\n--b--\n"
    )
    fact = one(mail)
    assert (fact.state, fact.recipient, fact.message_id, fact.token) == (
        "complained",
        "nadie@acme.example",
        OURS,
        "tok123",
    )


def test_microsofts_report_of_junk_is_a_complaint_without_a_report() -> None:
    mail = (
        "From: <staff@hotmail.example>\nTo: abuse@dialogo.example\nSubject: complaint about message from 192.0.2.5\n"
        "Message-ID: <j@hotmail.example>\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\n"
        f"X-HmXmrOriginalRecipient: <nadie@acme.example>\n{RETURNED}\n--b--\n"
    )
    fact = one(mail)
    assert (fact.state, fact.recipient, fact.message_id) == ("complained", "nadie@acme.example", OURS)
    assert isinstance(parse(mail.replace("complaint", "Fwd: complaint"))[0], MessageReceived)
