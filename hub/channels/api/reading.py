"""What another system posts, read into facts: messages, reports, typing; README.md shows each."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import msgspec

from hub.channels import phone
from hub.channels.base import Raw
from hub.channels.enclosed import enclosed
from hub.channels.facts import (
    AnyFact,
    Attached,
    DeliveryReported,
    Ignored,
    Media,
    MessageReceived,
    Party,
    TypingSeen,
)
from hub.channels.mail.addresses import normalised as mail_address
from hub.channels.outgoing import Line
from hub.channels.text import one_line, storable, with_plain_ends

ADDRESS_TYPE = "api"
MOST_BYTES = 20_000_000
MOST_FILES = 20
LONGEST_TEXT = 50_000
LONGEST_ID = 200
STATES = frozenset(("sent", "delivered", "read", "failed"))


class From(msgspec.Struct, frozen=True, kw_only=True):
    """Who wrote: a user of that system, or an e-mail address or number it vouches for when `verified`."""

    id: str
    type: str = "user"
    name: str = ""
    verified: bool = False


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file: its `content` in base64, or a `url` to fetch it from."""

    name: str = ""
    type: str = ""
    content: str = ""
    url: str = ""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """`event` "message". `thread` keeps what belongs together in one conversation."""

    id: str
    sender: From = msgspec.field(name="from")
    text: str = ""
    subject: str = ""
    thread: str = ""
    in_reply_to: str = ""
    at: datetime | None = None
    automatic: bool = False
    attachments: list[File] = []
    details: dict[str, str] = {}


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """`event` "delivery": what became of something we sent; `id` is the one our webhook carried."""

    id: str
    state: str
    reason: str = ""
    code: str = ""
    permanent: bool = True


class Typing(msgspec.Struct, frozen=True, kw_only=True):
    """`event` "typing"."""

    sender: From = msgspec.field(name="from")
    thread: str = ""


def read(raw: Raw, line: Line) -> AnyFact:
    """The fact of one request. Raises ValueError, msgspec.DecodeError for what is not ours to understand."""
    given = msgspec.json.decode(raw.body)
    if not isinstance(given, dict):
        raise ValueError("not a JSON object")
    event = given.get("event", "message")
    if event not in _EVENTS:
        return Ignored(reason=f"an event we do not know: {str(event)[:100]}")
    shape, made = _EVENTS[event]
    fact: AnyFact = made(msgspec.convert(given, shape), line)
    return fact


def _message(said: Message, line: Line) -> MessageReceived:
    if not said.id or len(said.id) > LONGEST_ID:
        raise ValueError(f"id: use 1 to {LONGEST_ID} characters")
    address, type_ = _who(said.sender, line)
    words = [storable(said.subject).strip(), with_plain_ends(storable(said.text)).strip()]
    text = "\n\n".join(one for one in words if one)[:LONGEST_TEXT]
    if not text and not said.attachments:
        raise ValueError("neither text nor attachments")
    if len(said.attachments) > MOST_FILES:
        raise ValueError(f"at most {MOST_FILES} attachments")
    return MessageReceived(
        key=f"msg:{said.id}",
        external_id=one_line(storable(said.id)),
        sender=Party(address, one_line(storable(said.sender.name))[:200]),
        address_type=type_,
        verified=said.sender.verified or type_ == ADDRESS_TYPE,
        text=text,
        new_text=text,
        date=said.at,
        thread=storable(said.thread)[:LONGEST_ID],
        in_reply_to=one_line(storable(said.in_reply_to))[:LONGEST_ID],
        automatic=said.automatic,
        attachments=tuple(_file(one) for one in said.attachments if one.content),
        media=tuple(_media(one) for one in said.attachments if one.url and not one.content),
        details=_details(said.details),
    )


def _who(sender: From, line: Line) -> tuple[str, str]:
    """Address and type: users are the line's own; e-mail addresses and numbers are everybody's."""
    plain = one_line(storable(sender.id)).strip()
    if not plain or len(plain) > LONGEST_ID:
        raise ValueError(f"from.id: use 1 to {LONGEST_ID} characters")
    if sender.type == "user":
        return f"user:{line.key}:{plain}", ADDRESS_TYPE
    if sender.type == "email" and "@" in plain:
        return mail_address(plain), "email"
    if sender.type == "phone":
        return phone.e164(plain), "phone"
    raise ValueError("from.type: use user, email or phone, with an id of that type")


def _details(given: dict[str, str]) -> dict[str, Any]:
    told = {one_line(storable(name))[:60]: one_line(storable(value))[:300] for name, value in given.items()}
    return {"api": dict(list(told.items())[:10])} if told else {}


def _file(given: File) -> Attached:
    name = one_line(storable(given.name))[:150] or "attachment"
    type_ = given.type[:100] or "application/octet-stream"
    return enclosed(name, type_, given.content, most=MOST_BYTES)


def _media(given: File) -> Media:
    return Media(url=given.url[:2000], type=given.type[:100], name=one_line(storable(given.name))[:150])


def _delivery(told: Delivery, line: Line) -> AnyFact:
    key = f"status:{hashlib.sha256(told.id.encode()).hexdigest()}:{told.state}"
    if told.state not in STATES:
        return Ignored(key=key, reason=f"a state we do not know: {told.state[:100]}")
    return DeliveryReported(
        key=key,
        state=told.state,
        permanent=told.state == "failed" and told.permanent,
        status_code=one_line(told.code)[:100],
        reason=one_line(storable(told.reason))[:500],
        token=told.id[:100],
    )


def _typing(seen: Typing, line: Line) -> TypingSeen:
    return TypingSeen(sender=Party(_who(seen.sender, line)[0], seen.sender.name[:200]), thread=seen.thread)


_EVENTS: dict[Any, tuple[Any, Any]] = {
    "message": (Message, _message),
    "delivery": (Delivery, _delivery),
    "typing": (Typing, _typing),
}
