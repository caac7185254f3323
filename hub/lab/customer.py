"""A customer's mail program: writes a mail and hands it to the hub's own door over real SMTP."""

from __future__ import annotations

from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid, parseaddr
from urllib.parse import parse_qs

import aiosmtplib
import msgspec

from hub.channels.base import Raw
from hub.channels.facts import MessageReceived, Party
from hub.channels.outgoing import Line
from hub.channels.registry import adapter
from hub.lab.sent import Sent
from hub.operating.stories import GUARD
from hub.plumbing.clock import now
from hub.plumbing.errors import BadInput, Unavailable
from hub.plumbing.texts import _


class Letter(msgspec.Struct, kw_only=True):
    """What the customer wrote. `sender` is `Name <address>` or an address alone; `forged`: not really theirs."""

    sender: str = ""
    to: str = ""
    subject: str = ""
    text: str = ""
    in_reply_to: str = ""
    references: str = ""
    forged: bool = False


async def post(letter: Letter, host: str, port: int) -> str:
    """Send it; the door's answer. Raises BadInput, Unavailable with the door's words."""
    message = _composed(letter)
    try:
        _errors, answer = await aiosmtplib.send(
            message, hostname=host, port=port, start_tls=False, timeout=30
        )
    except aiosmtplib.SMTPException as error:
        raise Unavailable(_("The hub's mail door said no: %(words)s", words=error)) from error
    except OSError as error:
        raise Unavailable(_("The hub's mail door does not answer at port %(port)s.", port=port)) from error
    return answer


def answer_to(sent: Sent) -> Letter:
    """The letter a mail program opens when the customer answers `sent`, quote included."""
    understood = read(sent)
    if understood is None:
        return Letter(sender=sent.recipient, to=sent.sender)
    reply_to = understood.reply_to or (understood.sender,)
    subject = understood.subject if understood.subject[:3].lower() == "re:" else f"Re: {understood.subject}"
    quoted = "\n".join(f"> {line}" for line in understood.text.splitlines())
    when = f"{sent.at:%d/%m/%Y %H:%M}"
    return Letter(
        sender=sent.recipient,
        to=reply_to[0].address,
        subject=subject,
        text=f"\n\nEl {when}, {understood.sender.name or understood.sender.address} escribió:\n{quoted}",
        in_reply_to=understood.external_id,
        references=" ".join((*understood.references, understood.external_id)),
    )


def read(sent: Sent) -> MessageReceived | None:
    """A mail that left, as a mail program would show it."""
    if sent.kind not in ("email", "fax"):
        fields = parse_qs(sent.raw)
        return MessageReceived(sender=Party(sent.sender), text=fields.get("Body", [sent.raw])[0])
    line = Line(id=0, key="lab", kind="email", name="lab", address="lab@lab.example")
    facts = adapter("email").parse(Raw(body=sent.raw.encode()), line)
    return next((fact for fact in facts if isinstance(fact, MessageReceived)), None)


def _composed(letter: Letter) -> EmailMessage:
    name, address = parseaddr(letter.sender)
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain:
        raise BadInput(_("Write an address like marta@acme.example."), field="sender")
    if "@" not in letter.to:
        raise BadInput(_("Choose which address of the company to write to."), field="to")
    message = EmailMessage()
    if not letter.forged:
        message["Authentication-Results"] = f"{GUARD}; dmarc=pass header.from={domain}"
    try:
        message["From"] = Address(name, addr_spec=address)
        message["To"] = letter.to.strip()
        message["Subject"] = " ".join(letter.subject.split())
    except ValueError as error:
        raise BadInput(_("This cannot stand in a mail: %(why)s", why=error), field="sender") from error
    message["Message-ID"] = make_msgid(domain=domain)
    message["Date"] = format_datetime(now())
    if letter.in_reply_to:
        message["In-Reply-To"] = f"<{letter.in_reply_to.strip('<> ')}>"
        message["References"] = " ".join(f"<{one.strip('<>')}>" for one in letter.references.split())
    message.set_content(letter.text or " ")
    return message
