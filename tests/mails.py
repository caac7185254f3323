"""Short mails for the tests, written as a person would write them."""

from __future__ import annotations

from email.utils import make_msgid

from tests.world import LINE


def mail(
    sender: str,
    subject: str = "Pedido 48213",
    text: str = "Hola, ¿dónde está mi pedido?",
    *,
    to: str = LINE,
    message_id: str | None = None,
    in_reply_to: str = "",
    references: str = "",
    extra: str = "",
) -> bytes:
    """One plain UTF-8 mail as bytes with CRLF; `extra` is more header lines."""
    headers = [
        f"From: {sender}",
        f"To: {to}",
        f"Subject: {subject}",
        f"Message-ID: {message_id or make_msgid(domain='customers.test')}",
        "Date: Sat, 21 Nov 2026 10:00:00 +0100",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
    ]
    if in_reply_to:
        headers.append(f"In-Reply-To: {in_reply_to}")
    if references:
        headers.append(f"References: {references}")
    if extra:
        headers.append(extra)
    return ("\r\n".join([*headers, "", text, ""])).encode()
