"""What an adapter is handed to send, and what it answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from hub.channels.facts import Party


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One configured channel as adapters see it; `secrets` are decrypted and never logged."""

    id: int
    key: str
    kind: str
    name: str
    address: str
    settings: dict[str, Any] = {}
    secrets: dict[str, str] = {}


class FileToSend(msgspec.Struct, frozen=True):
    """An attachment on its way out; `path` is where its bytes lie."""

    name: str
    type: str
    size: int
    path: Path
    inline: bool = False
    content_id: str = ""
    url: str = ""  # a public link of ours, for a while, where a provider fetches files itself


class Approved(msgspec.Struct, frozen=True, kw_only=True):
    """A text the provider approved, named by its own id, and what stands for {{1}}, {{2}}…"""

    provider_id: str
    variables: dict[str, str] = {}


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one addressee. `token` and `message_id` were fixed before the first attempt.

    `to`/`cc` is what the headers show; `recipient` alone is in the envelope (INVARIANTS §6).
    `reply_address` is our signed reply address, `bounce_address` the envelope sender that carries the token,
    `report_url` where a provider may tell what became of it, with the same token.
    """

    token: str
    message_id: str
    recipient: str
    sender: Party
    to: tuple[Party, ...] = ()
    cc: tuple[Party, ...] = ()
    reply_address: str = ""
    bounce_address: str = ""
    subject: str = ""
    text: str = ""
    html: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    attachments: tuple[FileToSend, ...] = ()
    automatic: bool = False
    language: str = "es"
    report_url: str = ""
    approved: Approved | None = None


class Sent(msgspec.Struct, frozen=True):
    """The provider took it. `state` is sent, or delivered where the provider says so at once."""

    provider_id: str = ""
    state: str = "sent"
    answer: str = ""
