"""Web chat as a channel: what our own chat door noted becomes facts; what an agent says is shown by that door.

{"t": "message", "session": "k3…", "address": "visitor:k3…", "id": "c1", "text": "Hola", "name": "Marta",
 "verified": false, "claims": {"email": "marta@acme.test"}, "page": "https://shop.example/cart",
 "files": [{"name": "foto.png", "type": "image/png", "content": "<base64>"}]}
{"t": "seen", "state": "read", "address": "visitor:k3…", "messages": ["7.9.ab@hub"]}
{"t": "typing", "session": "k3…", "address": "visitor:k3…", "name": "Marta"}
"""

from __future__ import annotations

from typing import Any

import msgspec

from hub.channels import claimed
from hub.channels.base import Adapter, BeforeWire, Capabilities, Raw, ToCopy, Tried
from hub.channels.enclosed import enclosed
from hub.channels.facts import (
    AnyFact,
    DeliveryReported,
    MessageReceived,
    Party,
    TypingSeen,
    Unreadable,
)
from hub.channels.outgoing import Line, Outgoing, Sent
from hub.channels.text import storable
from hub.channels.webchat import hours, settings
from hub.channels.webchat.form import ADDRESS, FORM
from hub.plumbing.texts import N_, _


class Noted(msgspec.Struct, kw_only=True):
    """What the chat door noted of one thing a visitor did."""

    t: str
    address: str
    session: str = ""
    id: str = ""
    text: str = ""
    name: str = ""
    verified: bool = False
    claims: dict[str, str] = {}
    page: str = ""
    files: list[dict[str, str]] = []
    state: str = "delivered"
    messages: list[str] = []


class WebchatAdapter(Adapter):
    """Chat in our own widget. The door of `hub/web/chat` has checked the visitor's token before it notes anything."""

    kind = "webchat"
    title = N_("Web chat")
    address = ADDRESS
    form = FORM
    can = Capabilities(
        address_type=settings.ADDRESS_TYPE,
        strangers=True,
        icon="globe",
        colour="orange",
        live=True,
        attachments=True,
        attachment_limit=settings.MOST_FILE_BYTES,
        text_limit=settings.LONGEST_TEXT,
        delivery_reports=True,
        read_reports=True,
    )

    def parse(self, raw: Raw, line: Line) -> list[AnyFact]:
        """MessageReceived, DeliveryReported (one a message), TypingSeen or Unreadable; never raises."""
        try:
            noted = msgspec.json.decode(raw.body, type=Noted)
            return _FACTS[noted.t](noted)
        except (msgspec.DecodeError, KeyError, ValueError, RecursionError) as error:
            return [Unreadable(reason=f"{type(error).__name__}: {error}"[:500])]

    def worded(self, details: dict[str, Any]) -> list[str]:
        """What the visitor typed of themselves, said to be only that, and the page they wrote from."""
        return claimed.lines(details.get("chat", {}))

    async def send(self, outgoing: Outgoing, line: Line, before_wire: BeforeWire) -> Sent:
        """Nothing leaves the house: once this is committed as sent, the visitor's page shows it."""
        await before_wire()
        return Sent()

    async def check(self, line: Line) -> list[Tried]:
        """Whether the settings can be read, and some site may show the chat."""
        allowed = settings.sites(line)
        trouble = "" if allowed else _("No site may show this chat: set sites=https://www.example.com")
        try:
            hours.read(str(line.settings.get("hours", "")))
            wrong = ""
        except ValueError as error:
            wrong = str(error)
        return [Tried("in", _("Sites"), trouble), Tried("in", _("Opening hours"), wrong)]

    def to_copy(self, line: Line, base_url: str) -> list[ToCopy]:
        """The one line for the company's pages."""
        tag = f'<script async src="{base_url}/static/chat.js" data-key="{line.key}"></script>'
        return [ToCopy(_("On your pages, before the end"), tag)]

    def normalised(self, typed: str) -> str:
        """A session's or a proven user's name, as this house made it. Raises ValueError."""
        if not typed.startswith(("visitor:", "user:")) or len(typed) > 320:
            raise ValueError("not an address of a chat")
        return typed


def _message(noted: Noted) -> list[AnyFact]:
    text = storable(noted.text)[: settings.LONGEST_TEXT].strip()
    chat = {"claims": {name: value[:200] for name, value in noted.claims.items()}, "page": noted.page[:500]}
    return [
        MessageReceived(
            key=f"msg:{noted.session}:{noted.id}",
            sender=Party(noted.address, storable(noted.name)[:200]),
            text=text,
            new_text=text,
            verified=noted.verified,
            thread=noted.session,
            attachments=tuple(enclosed(one["name"], one["type"], one["content"]) for one in noted.files),
            details={"chat": chat} if any(chat.values()) else {},
        )
    ]


def _seen(noted: Noted) -> list[AnyFact]:
    return [
        DeliveryReported(
            key=f"{noted.state}:{header}", state=noted.state, recipient=noted.address, message_id=header
        )
        for header in noted.messages
    ]


def _typing(noted: Noted) -> list[AnyFact]:
    return [TypingSeen(sender=Party(noted.address, noted.name), thread=noted.session)]


_FACTS = {"message": _message, "seen": _seen, "typing": _typing}
