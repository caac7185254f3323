"""The front desk as a channel: what an agent wrote down of a visit, a letter or a paper form becomes a fact.

{"id": "k3…", "what": "visit", "by": "Ana", "address": "marta@acme.test", "type": "email", "name": "Marta",
 "subject": "Contrato", "text": "…", "joins": "<reply token of a conversation>", "seen": "2026-11-22T10:00:00Z",
 "files": [{"name": "foto.jpg", "type": "image/jpeg", "content": "<base64>"}]}
"""

from __future__ import annotations

from typing import Any

import msgspec

from hub.channels.base import Adapter, Capabilities, Raw, Tried
from hub.channels.enclosed import enclosed
from hub.channels.facts import AnyFact, MessageReceived, Party, Unreadable
from hub.channels.fields import Field
from hub.channels.outgoing import Line
from hub.channels.text import storable, with_plain_ends
from hub.plumbing.texts import N_, _

ADDRESS_TYPE = "desk"
LONGEST_TEXT = 50_000
MOST_BYTES = 20_000_000
WHATS = {
    "visit": N_("Visit"),
    "letter": N_("Letter"),
    "paper": N_("Paper form"),
    "other": N_("Other"),
}


class Noted(msgspec.Struct, kw_only=True):
    """What the desk's door noted; it has checked who writes and what they may see."""

    id: str
    what: str
    by: str
    address: str
    type: str = ADDRESS_TYPE
    name: str = ""
    subject: str = ""
    text: str = ""
    joins: str = ""
    files: list[dict[str, str]] = []


class DeskAdapter(Adapter):
    """Nobody is connected: agents tell it, over `hub/desk.py`; nothing leaves."""

    kind = "desk"
    title = N_("Front desk")
    address = Field(name="address", label=N_("Where"), help=N_("As the office or the shop's street."))
    can = Capabilities(
        address_type=ADDRESS_TYPE,
        icon="store",
        colour="grey",
        sends=False,
        subject=True,
        logged=True,
        attachments=True,
        attachment_limit=MOST_BYTES,
    )

    def parse(self, raw: Raw, line: Line) -> list[AnyFact]:
        """MessageReceived, proven because an agent says so, or Unreadable."""
        try:
            return [_said(msgspec.json.decode(raw.body, type=Noted))]
        except (msgspec.DecodeError, KeyError, ValueError, RecursionError) as error:
            return [Unreadable(reason=f"{type(error).__name__}: {error}"[:500])]

    def worded(self, details: dict[str, Any]) -> list[str]:
        """What it was, and who wrote it down."""
        told = details.get("desk")
        if not told:
            return []
        return [
            _("%(what)s, written down by %(name)s", what=_(WHATS.get(told["what"], "Other")), name=told["by"])
        ]

    async def check(self, line: Line) -> list[Tried]:
        """Nothing to connect; agents write."""
        return [Tried("in", _("Agents log visits, letters and paper forms themselves"), "")]


def _said(noted: Noted) -> MessageReceived:
    text = with_plain_ends(storable(noted.text))[:LONGEST_TEXT].strip()
    return MessageReceived(
        key=f"desk:{noted.id}",
        sender=Party(noted.address, storable(noted.name)[:200]),
        address_type=noted.type,
        subject=storable(noted.subject)[:500],
        text=text,
        new_text=text,
        verified=True,
        proof=noted.joins,
        new_matter=not noted.joins,
        attachments=tuple(enclosed(one["name"], one["type"], one["content"]) for one in noted.files),
        details={"desk": {"what": noted.what if noted.what in WHATS else "other", "by": noted.by[:200]}},
    )
