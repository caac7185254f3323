"""One message of a thread: bubble, note or system row, with its files and deliveries."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from hub.web.views.frame import Named
from hub.web.views.lists import ChannelMark, Direction

DeliveryState = Literal[
    "held", "queued", "claimed", "sending", "sent", "delivered", "read", "failed", "unknown", "canceled"
]


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a message; `token` is its address `/files/{token}`; images may show a preview.

    `pages`: of a document shown page by page (`/files/{token}/pages/{n}`), 0 for others; `machine_text`:
    what a machine read on them.
    """

    token: str
    name: str
    size: int
    type: str = "application/octet-stream"
    pages: int = 0
    machine_text: str = ""

    @property
    def first_pages(self) -> range:
        """The pages a bubble shows small."""
        return range(1, min(self.pages, 8) + 1)

    @property
    def shows(self) -> bool:
        """A picture every browser shows and none runs: its bytes said so when it was stored."""
        return self.type in ("image/png", "image/jpeg", "image/gif", "image/webp")

    @property
    def plays(self) -> bool:
        """A sound browsers play."""
        return self.type in ("audio/mpeg", "audio/ogg", "audio/wav")


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One hand-over. `reason`: why it failed, in words; `held_until`: until when it can be undone.

    `follows`: the delivery it goes on from, by another channel (conversations/fallback).
    """

    id: int
    recipient: str
    state: DeliveryState
    at: datetime | None = None
    reason: str = ""
    held_until: datetime | None = None
    channel: ChannelMark | None = None
    follows: int | None = None


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One bubble, note or system row.

    `seq` sorts (data-k), `version` (data-v) rises with each change (deliveries count). `author`: a name.
    `text`: the whole, or what is new in a reply; `quoted`: the rest, folded. `doubt`: why the sender is not
    sure, in words, empty if fine. `warnings`: what was odd in the mail. `told`: what only its
    kind of channel knows, in words. `call_back`: offer to call whoever it came from. `raw`: whether the original
    is kept.
    For direction `system`, `text` is the sentence, `icon` a lucide name, `why` whether "why?" is shown.
    `to`, `cc`: addresses as text. `join`: "Belongs to «…»? Join".
    """

    id: int
    conversation: int
    seq: int
    direction: Direction
    at: datetime
    author: str = ""
    version: int = 1
    channel: ChannelMark | None = None
    subject: str = ""
    text: str = ""
    quoted: str = ""
    has_html: bool = False
    raw: bool = False
    language: str = ""
    address: str = ""
    to: str = ""
    cc: str = ""
    automatic: bool = False
    verified: bool = False
    doubt: str = ""
    warnings: list[str] = []
    told: list[str] = []
    call_back: bool = False
    attachments: list[Attachment] = []
    deliveries: list[Delivery] = []
    client_id: str = ""
    join: Named | None = None
    icon: str = "info"
    why: bool = False

    @property
    def failed(self) -> list[Delivery]:
        """The deliveries a person has to look at."""
        return [one for one in self.standing if one.state in ("failed", "unknown")]

    @property
    def standing(self) -> list[Delivery]:
        """What counts now: where an answer goes on by another channel, the last of its ways."""
        went_on = {one.follows for one in self.deliveries if one.state != "canceled"}
        return [
            one
            for one in self.deliveries
            if one.id not in went_on and (one.follows is None or one.state != "canceled")
        ]

    @property
    def trail(self) -> list[Delivery]:
        """All ways it took, in their order; empty when it took one only."""
        return self.deliveries if any(one.follows for one in self.deliveries) else []

    @property
    def state(self) -> str:
        """The worst state of its deliveries: what the tick shows; empty without deliveries."""
        order = ("failed", "unknown", "held", "queued", "claimed", "sending", "sent", "delivered", "read")
        states = {one.state for one in self.standing}
        return next((state for state in order if state in states), "canceled" if states else "")

    @property
    def state_at(self) -> datetime | None:
        """When the shown state was reached."""
        return next((one.at for one in self.standing if one.state == self.state), None)


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """Context of inbox/_message.html."""

    message: Message
