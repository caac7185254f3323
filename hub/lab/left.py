"""What left the hub, as the people it went to see it: mails, texts, faxes, calls, and what a chat shows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import parse_qs, quote

from hub.channels import phone
from hub.channels.registry import ADAPTERS
from hub.lab import customer
from hub.lab.sent import Outbox, Sent
from hub.plumbing.db import Tx
from hub.plumbing.texts import _
from hub.web.inbox.rows import mark
from hub.web.views import ChannelMark, View

MOST = 40
MOST_WORDS = 2_000
SHOWN_BY_US = "webchat"


class Left(View, frozen=True, kw_only=True):
    """One thing that left. `who`: its recipient; `answer`, `wire`: where to answer it, and see it raw; or ""."""

    at: datetime
    mark: ChannelMark
    who: str
    address: str
    sender: str
    subject: str
    text: str
    attachments: list[str]
    files: list[str]
    answer: str
    wire: str


async def newest(outbox: Outbox, tx: Tx, most: int) -> list[Sent]:
    """Everything that left, newest first, chats included: those leave through no provider, our own page shows them."""
    both = [*await outbox.newest(most), *await _shown_in_chats(tx, most)]
    return sorted(both, key=lambda one: one.at, reverse=True)[:most]


async def shown(outbox: Outbox, tx: Tx, names: Mapping[str, str]) -> list[Left]:
    """The newest of it for the page. `names` by address."""
    return [_left(one, names) for one in await newest(outbox, tx, MOST) if one.kind in ADAPTERS]


async def _shown_in_chats(tx: Tx, most: int) -> list[Sent]:
    rows = await tx.fetch(
        """
        SELECT coalesce(d.sent_at, d.created_at) AS at, n.name, d.recipient, m.text
        FROM delivery d JOIN message m ON m.id = d.message_id JOIN channel n ON n.id = d.channel_id
        WHERE n.kind = $1 AND d.state IN ('sent', 'delivered', 'read') ORDER BY d.id DESC LIMIT $2
        """,
        SHOWN_BY_US,
        most,
    )
    return [
        Sent(at=row["at"], kind=SHOWN_BY_US, sender=row["name"], recipient=row["recipient"], raw=row["text"])
        for row in rows
    ]


def _left(one: Sent, names: Mapping[str, str]) -> Left:
    address = _address(one)
    fields = {} if _is_mail(one) or one.kind == SHOWN_BY_US else parse_qs(one.raw)
    mail = customer.read(one) if _is_mail(one) else None
    text = (mail.new_text or mail.text) if mail else _words(one, fields)
    return Left(
        at=one.at,
        mark=mark(one.kind, one.kind),
        who=names.get(address, ""),
        address=_("a visitor") if one.kind == SHOWN_BY_US else address,
        sender=(mail.sender.name or mail.sender.address) if mail else phone.SCHEME.sub("", one.sender),
        subject=mail.subject if mail and one.kind == "email" else "",
        text="" if one.kind == "fax" else text[:MOST_WORDS],
        attachments=[attached.name for attached in mail.attachments] if mail else [],
        files=fields.get("MediaUrl", []),
        answer=_answer(one, address),
        wire=f"/lab/sent/{one.name}" if one.name else "",
    )


def _is_mail(one: Sent) -> bool:
    return one.kind in ("email", "fax")


def _address(one: Sent) -> str:
    """Whom it is for: a fax's number stands in the address of its gateway."""
    if one.kind == "fax" and (digits := re.match(r"\d+", one.recipient)):
        return f"+{digits[0]}"
    return phone.SCHEME.sub("", one.recipient)


def _words(one: Sent, fields: dict[str, list[str]]) -> str:
    if one.kind == "voice":
        return _("The hub rings this telephone.")
    return fields["Body"][0] if "Body" in fields else fields.get("ContentSid", [one.raw])[0]


def _answer(one: Sent, address: str) -> str:
    if one.kind == "email":
        return f"/lab?by=email&answer={one.name}"
    return "" if one.kind == SHOWN_BY_US else f"/lab?by={one.kind}&from={quote(address)}"
