"""Fax mails of every gateway we know become facts; what only looks like one, and what failed, says so."""

from __future__ import annotations

import msgspec
import pytest

from hub.channels.facts import DeliveryReported, MessageReceived, to_json
from hub.channels.registry import adapter
from tests.channels.fax_mails import GUARD, LINE, mail, pdf, raw, tiff

FAX = adapter("fax")
HYLAFAX_BODY = """recvq/fax000000234.tif (ftp://pbx.example:4559/recvq/fax000000234.tif):
          Sender: {csid}
           Pages: 2
         Quality: Normal
        Received: 2026:11:02 10:11:12
     Signal Rate: 14400 bit/s
         CallID1: {caller}
         CallID2: <NONE>
     Received On: ttyS0
          CommID: 000000711 (ftp://pbx.example:4559/log/c000000711)
"""
HYLAFAX_CUERPO = """recvq/fax000000235.tif (ftp://pbx.example:4559/recvq/fax000000235.tif):
                  Remitente: TALLERES PEÑA
                    Páginas: 2
                    Calidad: Fina
                   Recibido: 2026:11:02 10:11:12
               ID Llamada 1: 934567890
               ID Llamada 2: <NONE>
                      IDCom: 000000712
"""
RECEIVED = {
    "efax": (
        "eFax <message@inbound.efax.com>",
        'eFax message from "TALLERES RUIZ" - 2 page(s), Caller-ID: 34-912-345-678',
        "You have received a 2 page fax at 2026-11-02 10:11:12 GMT.\n\n* The reference number for this fax is lon3.",
        ("+34912345678", "TALLERES RUIZ", 2, "efax"),
    ),
    "efax corporate": (
        "eFax Corporate <noreply@mail.efaxcorporate.com>",
        'Corporate eFax message from "unknown" - 1 page(s), Caller-ID: 16137010200',
        "",
        ("+16137010200", "unknown", 1, "efax"),
    ),
    "hylafax": (
        "HylaFAX Agent <fax@pbx.example>",
        'Fax received from "+34 93 456 78 90"',
        HYLAFAX_BODY.format(csid="+34 93 456 78 90", caller="912345678"),
        ("+34912345678", "+34 93 456 78 90", 2, "hylafax"),
    ),
    "hylafax en español": (
        "Servidor de Fax HylaFAX <fax@pbx.example>",
        "Fax recibido de TALLERES PEÑA",
        HYLAFAX_CUERPO,
        ("+34934567890", "TALLERES PEÑA", 2, "hylafax"),
    ),
    "freepbx": (
        "Fax Service <fax@freepbx.pbx>",
        'New fax from: "GESTORIA SOL" <912345678>',
        'Enclosed, please find a new fax from: "GESTORIA SOL" <912345678>\nVia: 910000001\n',
        ("+34912345678", "", 2, "freepbx"),
    ),
    "fusionpbx": (
        "fax@pbx.example",
        "FAX Received: 100-912345678-2026-11-02-10-11-12",
        "Fax Received:\nName: 100-912345678-2026-11-02-10-11-12\nExtension: 100\nMessages: 1",
        ("+34912345678", "", 2, "fusionpbx"),
    ),
    "ringcentral": (
        "RingCentral <notify@ringcentral.com>",
        "New Fax Message from +34 912 34 56 78 on 11/02/2026 10:11 AM",
        "From: +34 912 34 56 78\nReceived: Monday\nPages: 2\nTo: +34 910 000 001",
        ("+34912345678", "", 2, "ringcentral"),
    ),
    "metrofax": (
        "MetroFax <fax@metrofax.com>",
        "Fax received from 0034912345678 (2 pages)",
        "",
        ("+34912345678", "", 2, "metrofax"),
    ),
    "srfax": (
        "SRFax <faxes@srfax.com>",
        "Fax Received from 912345678",
        "Caller ID: 912345678\nSender CSID: SOL\nNumber of pages: 2\n",
        ("+34912345678", "SOL", 2, "srfax"),
    ),
    "myfax": (
        "MyFax <no-reply@mail.myfax.com>",
        "You have received a fax from +34912345678 - 2 pages",
        "Thank you for using MyFax",
        ("+34912345678", "", 2, "myfax"),
    ),
}


def read(body: bytes, line=LINE):
    (fact,) = FAX.parse(raw(body), line)
    return fact


@pytest.mark.parametrize("name", RECEIVED)
def test_a_fax_of_every_gateway_is_read(name):
    sender, subject, text, (caller, csid, pages, provider) = RECEIVED[name]
    fact = read(mail(sender, subject, text, document=tiff(pages)))
    assert isinstance(fact, MessageReceived)
    told = fact.details["fax"]
    assert (told["caller"], told["csid"], told["pages"], told["provider"]) == (caller, csid, pages, provider)
    assert told["state"] == "received"
    assert fact.sender.address == caller
    assert [(file.type, file.pages) for file in fact.attachments] == [("application/pdf", pages)]
    assert fact.warnings == ()


def test_a_document_without_caller_is_a_stranger_of_its_own():
    first = read(
        mail(
            "HylaFAX <fax@pbx.example>",
            'Fax received from "ACME"',
            HYLAFAX_BODY.format(csid="ACME", caller="<NONE>"),
            document=tiff(2),
        )
    )
    second = read(
        mail(
            "HylaFAX <fax@pbx.example>",
            'Fax received from "ACME"',
            HYLAFAX_BODY.format(csid="ACME", caller="<NONE>") + "x",
            document=tiff(2),
        )
    )
    assert first.sender.address != second.sender.address
    assert first.details["fax"]["csid"] == "ACME"
    assert not first.verified
    with pytest.raises(ValueError, match="number"):
        FAX.normalised(first.sender.address)


def test_what_the_sending_machine_calls_itself_cannot_play_the_callers_number():
    subject = 'eFax message from "x" - 1 page(s), Caller-ID: 34600000001" - 2 page(s), Caller-ID: 34912345678'
    fact = read(mail("eFax <message@inbound.efax.com>", subject, document=tiff(2)))
    assert fact.sender.address == "+34912345678"
    assert fact.details["fax"]["csid"].startswith('x" - 1 page(s)')


def test_a_station_id_in_freepbx_is_no_caller():
    body = "Enclosed, please find a new fax from: 600000001\nVia: 910000001\n"
    fact = read(mail("Fax Service <fax@freepbx.pbx>", "New fax received", body, document=pdf(1)))
    assert fact.details["fax"]["csid"] == "600000001"
    assert fact.sender.address.startswith("anonymous-")


def test_announced_and_real_pages_are_compared():
    fact = read(
        mail("MetroFax <fax@metrofax.com>", "Fax received from +34912345678 (5 pages)", document=tiff(2))
    )
    assert fact.warnings == ("pages: 5 announced, the document has 2",)
    assert fact.details["fax"]["pages"] == 5


def test_a_link_alone_keeps_the_message_and_says_that_it_must_be_fetched():
    fact = read(
        mail(
            "SRFax <faxes@srfax.com>",
            "Fax Received from 912345678",
            "Log in: https://secure.srfax.com/x?id=1",
        )
    )
    assert fact.details["fax"]["fetch"] == "login"
    assert "https://secure.srfax.com" in fact.text
    assert any("login" in line for line in FAX.worded(fact.details))


@pytest.mark.parametrize(
    ("subject", "text", "state", "reason"),
    [
        (
            'Fax received from "ACME"',
            "Fax not received.\n\n\tNo carrier detected\n\nSession log follows:\n",
            "failed",
            "No carrier detected",
        ),
        (
            "fax no recibido",
            "El intento de recibir el fax por ttyS0 ha fallado porque:\n\n   Sin portadora\n",
            "failed",
            "Sin portadora",
        ),
        (
            'Fax received from "ACME"',
            HYLAFAX_BODY.format(csid="ACME", caller="912345678") + "\nErrors were received:\nRSPREC error\n",
            "error",
            "RSPREC error",
        ),
        (
            "Fax recibido de ACME",
            HYLAFAX_CUERPO + "\nEl documento no se recibió en su totalidad porque:\n\n  Se cortó\n",
            "error",
            "Se cortó",
        ),
    ],
)
def test_a_fax_that_failed_is_an_alert_and_no_fax(subject, text, state, reason):
    fact = read(
        mail("HylaFAX Agent <fax@pbx.example>", subject, text, document=tiff(1) if state == "error" else b"")
    )
    told = fact.details["fax"]
    assert (told["state"], told["reason"]) == (state, reason)
    assert reason in fact.new_text
    assert len(fact.attachments) == (1 if state == "error" else 0)


@pytest.mark.parametrize(
    ("sender", "subject", "text", "state", "reason"),
    [
        (
            "eFax <r@efax.com>",
            "Successful transmission to 34912345678. Re: Oferta [fx:abcdefghijklmnop1234]",
            "",
            "delivered",
            "",
        ),
        (
            "eFax <r@efax.com>",
            "Unsuccessful transmission to 34912345678. Re: Oferta [fx:abcdefghijklmnop1234]",
            "Reason: Busy",
            "failed",
            "Busy",
        ),
        (
            "HylaFAX <f@pbx.example>",
            "facsimile job 71 to 912345678 completed ",
            "Pages: 2\nJobID: 71\n[fx:abcdefghijklmnop1234]",
            "delivered",
            "",
        ),
        (
            "HylaFAX <f@pbx.example>",
            "trabajo fax 71 a 912345678 falló",
            "Estado: Sin respuesta\n[fx:abcdefghijklmnop1234]",
            "failed",
            "Sin respuesta",
        ),
        (
            "HylaFAX <f@pbx.example>",
            "facsimile job 71 to 912345678 requeued",
            "Status: Busy\n[fx:abcdefghijklmnop1234]",
            "delayed",
            "Busy",
        ),
        (
            "Fax <f@freepbx.pbx>",
            "Outgoing fax results",
            "Sent to 912345678\nStatus: FAILED busy\n[fx:abcdefghijklmnop1234]",
            "failed",
            "FAILED busy",
        ),
        (
            "SRFax <f@srfax.com>",
            "Fax to 912345678 was sent",
            "Subject: [fx:abcdefghijklmnop1234]",
            "delivered",
            "",
        ),
    ],
)
def test_a_report_is_never_a_fax(sender, subject, text, state, reason):
    fact = read(mail(sender, subject, text))
    assert isinstance(fact, DeliveryReported)
    assert (fact.state, fact.recipient, fact.reason) == (state, "+34912345678", reason)
    assert fact.provider_id == "abcdefghijklmnop1234"
    assert fact.permanent == (state == "failed")


def test_a_report_to_our_marked_address_carries_its_token():
    (fact,) = FAX.parse(
        raw(mail("SRFax <f@srfax.com>", "Fax send failed"), "fax+b.tok_en-1@dialogo.test"), LINE
    )
    assert fact.token == "tok_en-1"


def test_only_a_proven_gateway_or_a_trusted_sender_is_taken():
    subject = 'eFax message from "unknown" - 1 page(s), Caller-ID: 34912345678'
    genuine = mail("eFax <message@inbound.efax.com>", subject, document=pdf())
    assert FAX.takes(raw(genuine, "help@dialogo.test"), LINE)
    forged = mail("eFax <message@inbound.efax.com>", subject, document=pdf(), proven=False)
    assert not FAX.takes(raw(forged), LINE)
    assert not FAX.takes(raw(mail("eFax <message@efax-inbox.example>", subject, document=pdf())), LINE)
    assert not FAX.takes(raw(mail("eFax <news@efax.com>", "Your invoice is ready")), LINE)
    elsewhere = msgspec.structs.replace(LINE, settings=LINE.settings | {"gateways": ["srfax"]})
    assert not FAX.takes(raw(genuine), elsewhere)


def test_a_trusted_sender_may_be_bound_to_its_machine_and_is_never_a_seen_forgery():
    line = msgspec.structs.replace(
        LINE, settings=LINE.settings | {"trusted_senders": "fax@pbx.example", "trusted_peers": ["10.0.0.5"]}
    )
    body = mail(
        "HylaFAX Agent <fax@pbx.example>",
        'Fax received from "A"',
        HYLAFAX_BODY.format(csid="A", caller="912345678"),
        proven=False,
    )
    assert FAX.takes(raw(body, peer="10.0.0.5"), line)
    assert not FAX.takes(raw(body, peer="203.0.113.9"), line)
    seen = f"Authentication-Results: {GUARD}; dmarc=fail header.from=pbx.example\n".encode() + body
    assert not FAX.takes(raw(seen, peer="10.0.0.5"), line)
    (fact,) = FAX.parse(raw(body, peer="10.0.0.5"), line)
    assert fact.verified


def test_a_pattern_of_the_line_is_tried_first():
    entry = {
        "name": "Buro",
        "state": "received",
        "subject": "Telefax von {caller} ({pages} Seiten)",
        "body": "Kennung: {csid}",
    }
    line = msgspec.structs.replace(LINE, settings=LINE.settings | {"patterns": [entry, {"broken": 1}]})
    fact = read(
        mail(
            "x@buro.example", "[EXT] Telefax von +49 30 901820 (2 Seiten)", "Kennung: AMT\n", document=tiff(2)
        ),
        line,
    )
    assert fact.details["fax"] == {
        "caller": "+4930901820",
        "csid": "AMT",
        "pages": 2,
        "provider": "Buro",
        "state": "received",
    }


def test_an_unknown_layout_keeps_its_document_and_says_so():
    fact = read(mail("x@pbx.example", "Something came", document=tiff(1)))
    assert fact.warnings == ("fax: the layout of this mail is not known, add a pattern",)
    assert not fact.automatic
    assert read(mail("x@pbx.example", "Maintenance on Sunday", "We will be down.")).automatic


def test_tiff_and_pdf_of_the_same_document_are_one():
    body = mail("MetroFax <fax@metrofax.com>", "Fax received from +34912345678 (2 pages)", document=tiff(2))
    from email import message_from_bytes, policy

    message = message_from_bytes(body, policy=policy.SMTP)
    message.add_attachment(pdf(2), maintype="application", subtype="pdf", filename="fax00012.pdf")
    fact = read(message.as_bytes())
    assert [file.name for file in fact.attachments] == ["fax00012.pdf"]


def test_the_public_shape_has_the_fax_in_it():
    plain = to_json(read(mail("SRFax <f@srfax.com>", "Incoming Fax from 912345678", document=tiff(1))))
    assert plain["fax"] == {
        "caller": "+34912345678",
        "csid": "",
        "pages": 1,
        "provider": "srfax",
        "state": "received",
    }
    assert set(plain["attachments"][0]) == {"name", "type", "size", "sha256", "inline", "content_id"}
