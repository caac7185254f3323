"""An opaquely signed mail is read like any other; an encrypted one stays a file."""

# ruff: noqa: E501 — mails are data
from __future__ import annotations

import base64
import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID

from tests.channels.client_mails import PDF, b64, head, multi, part
from tests.channels.test_mail_fidelity import read

INNER = multi(
    "mixed", "in", part("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit", "Firmado, ¿ves?".encode()),
    part("Content-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64", b64(PDF)),
)  # fmt: skip


def signed(content: bytes, encoding: serialization.Encoding) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Marta")])
    day = datetime.datetime(2026, 1, 1)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    certificate = (
        builder.serial_number(1)
        .not_valid_before(day)
        .not_valid_after(day.replace(year=2030))
        .sign(key, hashes.SHA256())
    )
    return (
        pkcs7.PKCS7SignatureBuilder()
        .set_data(content)
        .add_signer(certificate, key, hashes.SHA256())
        .sign(encoding, [pkcs7.PKCS7Options.Binary])
    )


def wrapped(content: bytes) -> bytes:
    kind = 'Content-Type: application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment; filename="smime.p7m"'
    return head() + part(kind, b64(content))


def test_a_signed_mail_is_read_through_its_signature() -> None:
    fact = read(wrapped(signed(INNER, serialization.Encoding.DER)))
    assert (fact.sender.address, fact.subject, fact.new_text) == (
        "marta@acme.example",
        "Re: Pedido 48213",
        "Firmado, ¿ves?",
    )
    assert [(file.name, file.content) for file in fact.attachments] == [("a.pdf", PDF)]
    assert fact.in_reply_to == "7.9.ab@dialogo.example"


def test_pieces_of_indefinite_length_are_joined() -> None:
    pieces = b"".join(
        b"\x04\x82" + len(INNER[n : n + 300]).to_bytes(2, "big") + INNER[n : n + 300]
        for n in range(0, len(INNER), 300)
    )
    streamed = (
        bytes.fromhex("308006092a864886f70d010702a08030800201013100308006092a864886f70d010701a0802480")
        + pieces
        + b"\0" * 12
    )
    assert read(wrapped(streamed)).new_text == "Firmado, ¿ves?"


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"\x30\x80",
        base64.b64decode("MIAGCSqGSIb3DQEHA6CA"),
        bytes.fromhex("308006092a864886f70d01070206092a864886f70d010701a0ff"),
    ],
)
def test_what_cannot_be_opened_stays_a_file(damage: bytes) -> None:
    fact = read(wrapped(damage))
    assert [file.name for file in fact.attachments] == ["smime.p7m"]
