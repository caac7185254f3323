"""Handing a fax to a gateway by mail: its pages made in a child process, its address by the gateway's template.

The mail server's 250 is not the fax: the delivery stays *sent* until the gateway's report, which repeats our token.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from hub.channels.base import BeforeWire
from hub.channels.email import sending as mail_sending
from hub.channels.errors import Misconfigured, Rejected
from hub.channels.facts import Party
from hub.channels.fax import cover
from hub.channels.fax.gateways import BY_NAME
from hub.channels.fax.layouts import Way
from hub.channels.outgoing import FileToSend, Line, Outgoing, Sent
from hub.channels.paper.asking import Make, ask
from hub.channels.paper.bounds import Unfit
from hub.channels.paper.typeset import Block
from hub.channels.phone import E164
from hub.plumbing.clock import now
from hub.plumbing.texts import N_

TYPES = {"pdf": "application/pdf", "tiff": "image/tiff"}
_DOMAIN = re.compile(r"[A-Za-z0-9.-]{1,253}")
_SPACE = re.compile(r"[\r\n\t ]+")


async def send(outgoing: Outgoing, line: Line, before_wire: BeforeWire) -> Sent:
    """The fax as a mail to the gateway. Raises the errors of channels/errors.py."""
    way = way_of(line)
    if not E164.fullmatch(outgoing.recipient):
        raise Rejected(N_("this is no fax number: the fax came without one"), code="address")
    with tempfile.TemporaryDirectory(prefix="fax-") as folder:
        files = await _document(outgoing, line, way, Path(folder))
        sent = await mail_sending.send(_mail(outgoing, line, way, files), line, before_wire)
    return Sent(provider_id=outgoing.token, state="sent", answer=sent.answer)


def way_of(line: Line) -> Way:
    """How this line's gateway takes a fax; `settings.way` changes single fields. Raises Misconfigured."""
    name = str(line.settings.get("gateway") or "")
    known = BY_NAME.get(name)
    own = line.settings.get("way") or {}
    if known is not None and known.way is not None:
        base = msgspec.to_builtins(known.way)
    elif name == "own" or (known is not None and own):
        base = {}
    else:
        raise Misconfigured(N_("this channel has no fax gateway for sending"), code="gateway")
    short = {key: line.settings[key] for key in ("cover", "form") if line.settings.get(key)}
    try:
        way = msgspec.convert(base | dict(own) | short, Way)
        _address(way, "+34912345678", line)
    except (msgspec.ValidationError, TypeError, KeyError, IndexError, ValueError) as error:
        raise Misconfigured(
            N_("the fax gateway's address cannot be made: check way and gateway_domain"), code="way"
        ) from error
    return way


def _mail(outgoing: Outgoing, line: Line, way: Way, files: tuple[FileToSend, ...]) -> Outgoing:
    address = _address(way, outgoing.recipient, line)
    body = outgoing.text if way.cover == "gateway" else way.body.replace("{{", "{").replace("}}", "}")
    return Outgoing(
        token=outgoing.token,
        message_id=outgoing.message_id,
        recipient=address,
        sender=Party(str(line.settings.get("sender") or line.address), outgoing.sender.name),
        to=(Party(address),),
        reply_address=outgoing.bounce_address,
        bounce_address=outgoing.bounce_address,
        subject=_subject(outgoing, line, way),
        text=body or " ",
        attachments=files,
        language=outgoing.language,
    )


def _subject(outgoing: Outgoing, line: Line, way: Way) -> str:
    if way.subject != "{title}":
        return way.subject.format(**_names(outgoing.recipient, line))
    title = _SPACE.sub(" ", outgoing.subject).strip()[:80] or f"Fax {outgoing.recipient}"
    return f"{title} [fx:{outgoing.token}]"


def _address(way: Way, number: str, line: Line) -> str:
    """Raises KeyError, ValueError for a template that does not fit."""
    address = way.to.format(**_names(number, line))
    local, at, domain = address.rpartition("@")
    if not local or not at or not _DOMAIN.fullmatch(domain):
        raise ValueError(f"not a mail address: {address[:100]!r}")
    return address


def _names(number: str, line: Line) -> dict[str, str]:
    import phonenumbers

    parsed: Any = phonenumbers.parse(number)
    return {
        "e164": number,
        "e164_noplus": number.lstrip("+"),
        "national": str(parsed.national_number),
        "domain": str(line.settings.get("gateway_domain") or ""),
        "own": str(line.settings.get("number") or ""),
    }


async def _document(outgoing: Outgoing, line: Line, way: Way, folder: Path) -> tuple[FileToSend, ...]:
    """One document of black and white pages, or nothing when only words travel and the gateway draws them."""
    blocks = _blocks(outgoing, line, way)
    if not blocks and not outgoing.attachments:
        return ()
    try:
        documents = tuple(one.path.read_bytes() for one in outgoing.attachments)
        made = await ask(Make(blocks, documents, way.form))
    except OSError as error:
        raise Rejected(N_("an attachment can no longer be read"), code="attachment") from error
    except Unfit as error:
        raise Rejected(str(error), code="paper") from error
    content = made.parts[0]
    if len(content) > way.most_bytes:
        raise Rejected(N_("the fax is larger than the gateway takes"), code="size")
    path = folder / f"fax.{way.form}"
    path.write_bytes(content)
    return (FileToSend(f"fax.{'tif' if way.form == 'tiff' else 'pdf'}", TYPES[way.form], len(content), path),)


def _blocks(outgoing: Outgoing, line: Line, way: Way) -> tuple[Block, ...]:
    if way.cover == "ours":
        return cover.sheet(outgoing, line, now())
    return cover.words(outgoing) if way.cover == "text" else ()
