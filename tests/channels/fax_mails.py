"""Sample mails of fax gateways, written for the tests, and the TIFFs inside them."""

from __future__ import annotations

import io
from email.message import EmailMessage

from PIL import Image, ImageDraw

from hub.channels.base import Raw
from hub.channels.outgoing import Line

GUARD = "mx.dialogo.test"
LINE = Line(
    id=7,
    key="fax",
    kind="fax",
    name="Fax",
    address="fax@dialogo.test",
    settings={"authserv_id": GUARD, "number": "+34910000001", "language": "en"},
)


def sheet(word: str = "Contrato", *, height: int = 1145) -> Image.Image:
    """One standard fax page (204 × 98): a circle, drawn flat, and a word."""
    page = Image.new("1", (1728, height), 1)
    pen = ImageDraw.Draw(page)
    pen.ellipse((200, 200, 200 + 612, 200 + 294), outline=0, width=8)  # 3 × 3 inches
    pen.text((900, 250), word, fill=0, font_size=90)
    return page


def tiff(
    pages: int = 2, *, compression: str = "group4", two_dimensional: bool = False, down: int = 98
) -> bytes:
    """A multi-page fax TIFF."""
    first, *rest = [sheet(f"page {number + 1}") for number in range(pages)]
    out = io.BytesIO()
    first.save(
        out,
        "TIFF",
        compression=compression,
        tiffinfo={292: 1} if two_dimensional else {},
        save_all=True,
        append_images=rest,
        dpi=(204, down),
    )
    return out.getvalue()


def pdf(pages: int = 1) -> bytes:
    """A PDF of fax pages."""
    first, *rest = [sheet(f"page {number + 1}") for number in range(pages)]
    out = io.BytesIO()
    first.save(out, "PDF", save_all=True, append_images=rest)
    return out.getvalue()


def mail(
    sender: str,
    subject: str,
    text: str = "",
    *,
    document: bytes = b"",
    html: str = "",
    to: str = LINE.address,
    proven: bool = True,
    more: dict[str, str] | None = None,
) -> bytes:
    """A gateway's mail as our own mail server hands it over: its domain proven, unless `proven` is false."""
    message = EmailMessage()
    if proven:
        domain = sender.rpartition("@")[2].strip("> ")
        message["Authentication-Results"] = f"{GUARD}; dmarc=pass header.from={domain}"
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message["Message-ID"] = "<fax-1@gateway.example>"
    for name, value in (more or {}).items():
        message[name] = value
    message.set_content(text or " ")
    if html:
        message.add_alternative(html, subtype="html")
    if document:
        kind = ("application", "pdf") if document.startswith(b"%PDF") else ("image", "tiff")
        name = "fax.pdf" if kind[1] == "pdf" else "fax00012.tif"
        message.add_attachment(document, maintype=kind[0], subtype=kind[1], filename=name)
    return message.as_bytes()


def raw(body: bytes, reached: str = LINE.address, peer: str = "192.0.2.9") -> Raw:
    """As the SMTP door hands it on."""
    return Raw(body=body, envelope={"rcpt_to": reached, "peer": peer, "door": "smtp"})
