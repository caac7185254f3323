"""A fax machine and its gateways: a document becomes a TIFF in the mail of a chosen gateway, to the hub's own door.

The other way round the same gateways take our faxes by mail and answer with their report.
"""

from __future__ import annotations

import io
import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Literal

import aiosmtplib
import msgspec
from PIL import Image

from hub.channels.paper.asking import Make, ask
from hub.channels.paper.typeset import Block
from hub.operating.stories import GUARD
from hub.plumbing.clock import now
from hub.plumbing.errors import Unavailable
from hub.plumbing.texts import _

Code = Literal["g3", "g3_2d", "g4"]
GATEWAYS = {
    "efax": "eFax <message@inbound.efax.com>",
    "hylafax": "HylaFAX Agent <fax@pbx.iberluz.example>",
    "hylafax_es": "Servidor de Fax HylaFAX <fax@pbx.iberluz.example>",
    "freepbx": "Fax Service <fax@pbx.iberluz.example>",
    "fusionpbx": "FusionPBX <fax@pbx.iberluz.example>",
    "ringcentral": "RingCentral <notify@ringcentral.com>",
    "metrofax": "MetroFax <fax@metrofax.com>",
    "srfax": "SRFax <faxes@srfax.com>",
    "myfax": "MyFax <no-reply@myfax.com>",
}
_OUT = re.compile(
    r"(\d{6,15})@(efaxsend|rcfax|metrofax|srfax|myfax|send\.mfax|sinchfax|rfax)\.", re.IGNORECASE
)


class Machine(msgspec.Struct, kw_only=True):
    """What the customer sets: whose machine, which gateway carries it, how fine, and what goes wrong."""

    gateway: str = "efax"
    caller: str = "+34 912 345 678"
    csid: str = "ACME"
    code: Code = "g3"
    coarse: bool = False
    fails: bool = False
    lies: bool = False


async def transmit(machine: Machine, document: bytes, to: str, port: int) -> None:
    """Send `document` (PDF, TIFF, picture) as a fax to the line reached at `to`. Raises Unfit, Unavailable."""
    made = await ask(Make((), (document,), "tiff"))
    content = _coded(made.parts[0], machine)
    await _post(_mail(machine, content, made.pages, to), port)


async def transmit_words(machine: Machine, words: tuple[Block, ...], to: str, port: int) -> None:
    """The same for a sheet that is only typed. Raises Unfit, Unavailable."""
    await _post(await _typed(machine, words, to), port)


async def mail_of(machine: Machine, words: tuple[Block, ...], to: str) -> bytes:
    """The gateway's mail for a typed sheet, which nobody posts. Raises Unfit."""
    return (await _typed(machine, words, to)).as_bytes()


async def _typed(machine: Machine, words: tuple[Block, ...], to: str) -> EmailMessage:
    made = await ask(Make(words, (), "tiff"))
    return _mail(machine, _coded(made.parts[0], machine), made.pages, to)


def number_of(recipient: str) -> str:
    """The number a gateway's address sends to, `+34912345678`; "" for an ordinary mail address."""
    found = _OUT.match(recipient)
    return f"+{found[1]}" if found else ""


async def report_on(sent: bytes, number: str, answer_to: str, port: int, *, busy: bool = False) -> None:
    """What the gateway writes about a fax we mailed it. Raises Unavailable."""
    original = message_from_bytes(sent, policy=policy.default)
    outcome = "Unsuccessful" if busy else "Successful"
    subject = f"{outcome} transmission to {number.lstrip('+')}. Re: {original['Subject']}"
    report = _begun("eFax <report@efax.com>", answer_to, subject)
    report.set_content("Reason: Busy\n" if busy else "Your fax was sent.\n")
    await _post(report, port)


def _coded(made: bytes, machine: Machine) -> bytes:
    """The pages as the machine sends them: T.4 or T.6, fine or standard."""
    with Image.open(io.BytesIO(made)) as image:
        pages = []
        for number in range(image.n_frames):  # type: ignore[attr-defined]
            image.seek(number)
            page = image.convert("L")
            if machine.coarse:
                page = page.resize((page.width, page.height // 2), Image.Resampling.BOX)
            pages.append(page.point([0] * 160 + [255] * 96).convert("1", dither=Image.Dither.NONE))
    out = io.BytesIO()
    pages[0].save(
        out,
        "TIFF",
        compression="group4" if machine.code == "g4" else "group3",
        tiffinfo={292: 1} if machine.code == "g3_2d" else {},
        save_all=True,
        append_images=pages[1:],
        dpi=(204, 98 if machine.coarse else 196),
    )
    return out.getvalue()


def _mail(machine: Machine, content: bytes, pages: int, to: str) -> EmailMessage:
    if machine.fails:
        return _failure(machine, to)
    subject, text = _said(machine, pages + 2 if machine.lies else pages)
    message = _begun(GATEWAYS[machine.gateway], to, subject)
    message.set_content(text or " ")
    message.add_attachment(content, maintype="image", subtype="tiff", filename="fax000017.tif")
    return message


def _said(machine: Machine, pages: int) -> tuple[str, str]:
    """Subject and body of this gateway's mail."""
    caller, csid = machine.caller.strip() or "unknown", machine.csid.strip()
    digits = re.sub(r"\D", "", caller) or "unknown"
    return {
        "efax": (
            f'eFax message from "{csid or "unknown"}" - {pages} page(s), Caller-ID: {digits}',
            f"You have received a {pages} page fax at {now():%Y-%m-%d %H:%M}.\n",
        ),
        "hylafax": (
            f'Fax received from "{csid}"',
            f"recvq/fax17.tif:\n Sender: {csid}\n Pages: {pages}\n CallID1: {caller}\n CommID: 0017\n",
        ),
        "hylafax_es": (
            f"Fax recibido de {csid}",
            f"recvq/fax17.tif:\n Remitente: {csid}\n Páginas: {pages}\n ID Llamada 1: {caller}\n IDCom: 0017\n",
        ),
        "freepbx": (f'New fax from: "{csid}" <{digits}>', f"Via: 910000001\nPages: {pages}\n"),
        "fusionpbx": (
            f"Fax Received: 100-{digits}-{now():%Y-%m-%d-%H-%M-%S}",
            f"Name: 100-{digits}\nExtension: 100\nPages: {pages}\n",
        ),
        "ringcentral": (
            f"New Fax Message from {caller} on {now():%m/%d/%Y}",
            f"From: {caller}\nPages: {pages}\n",
        ),
        "metrofax": (f"Fax received from {caller} ({pages} pages)", f"CSID: {csid}\n"),
        "srfax": (f"Fax Received from {caller}", f"Sender CSID: {csid}\nNumber of pages: {pages}\n"),
        "myfax": (f"You have received a fax from {caller} - {pages} pages", "Thank you for using MyFax.\n"),
    }[machine.gateway]


def _failure(machine: Machine, to: str) -> EmailMessage:
    """Only programs of one's own write when nothing came."""
    spanish = machine.gateway == "hylafax_es"
    subject = "fax no recibido" if spanish else f'Fax received from "{machine.csid}"'
    message = _begun(GATEWAYS["hylafax_es" if spanish else "hylafax"], to, subject)
    message.set_content(
        "El intento de recibir el fax por ttyS0 ha fallado porque:\n\n  Se perdió la portadora\n"
        if spanish
        else "Fax not received.\n\n\tNo carrier detected\n\nSession log follows:\n"
    )
    return message


def _begun(sender: str, to: str, subject: str) -> EmailMessage:
    domain = sender.rpartition("@")[2].strip(">")
    message = EmailMessage()
    message["Authentication-Results"] = f"{GUARD}; dmarc=pass header.from={domain}"
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Message-ID"] = make_msgid(domain=domain)
    message["Date"] = format_datetime(now())
    return message


async def _post(message: EmailMessage, port: int) -> None:
    try:
        await aiosmtplib.send(message, hostname="127.0.0.1", port=port, start_tls=False, timeout=30)
    except aiosmtplib.SMTPException as error:
        raise Unavailable(_("The hub's mail door said no: %(words)s", words=error)) from error
    except OSError as error:
        raise Unavailable(_("The hub's mail door does not answer at port %(port)s.", port=port)) from error
