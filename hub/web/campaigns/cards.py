"""One person's message in the review, as it is drawn: what leaves by their channel, and what one should know of it."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from hub.campaigns.approved_words import as_read, body_for
from hub.campaigns.campaigns import Campaign
from hub.campaigns.deck import Card
from hub.channels import connections
from hub.channels.base import Capabilities
from hub.channels.registry import adapter
from hub.plumbing.db import Tx
from hub.plumbing.texts import N_, _, language
from hub.web.campaigns import preview
from hub.web.campaigns.review_views import CardView
from hub.web.inbox.rows import mark

FLAGS = {
    "broken": (N_("cannot be written"), "danger"),
    "empty": (N_("an empty place"), "danger"),
    "complaint": (N_("an open complaint"), "danger"),
    "bought": (N_("bought just now"), "warn"),
    "shared": (N_("an address of several people"), "warn"),
    "language": (N_("speaks another language"), "warn"),
    "long": (N_("very long"), "warn"),
    "longest": (N_("the longest"), ""),
}
NAMES = {
    "subject": N_("Subject"),
    "text": N_("Text"),
    "html": N_("As a designed mail"),
    "short": N_("Short text, where a message is counted in parts"),
}


async def view(tx: Tx, campaign: Campaign, card: Card, error: str = "") -> CardView:
    """One card as it is drawn: what leaves by this person's channel."""
    line = await connections.load(tx, card.channel_id)
    can = adapter(line.kind).can
    content = card.content
    html = content.html if content and can.html else ""
    body = await body_for(tx, campaign.id, card.step, card.variant, can)
    missing = content.missing if content else ()
    return CardView(
        card=card,
        mark=mark(line.kind, line.name),
        subject=preview.pieces(content.subject, missing) if content and can.subject else [],
        said=preview.pieces(as_read(content, can, body), missing) if content and not html else [],
        frame=f"/campaigns/{campaign.id}/people/{card.id}/letter" if html else "",
        flags=flagged(card.flags),
        fields=[] if body else _fields(card, can),
        when=_when(card, campaign),
        error=error or card.trouble,
    )


def flagged(flags: Sequence[str]) -> list[tuple[str, str]]:
    """What to look at, each in words with its tone."""
    return [(_(FLAGS[one][0]), FLAGS[one][1]) if one in FLAGS else (one, "") for one in flags]


def _fields(card: Card, can: Capabilities) -> list[tuple[str, str, str]]:
    """(name, label, what it says) of what this channel carries."""
    if card.content is None:
        return []
    shown = {"subject": can.subject, "text": not can.parts, "html": can.html, "short": can.parts}
    return [
        (name, _(label), getattr(card.content, name))
        for name, label in NAMES.items()
        if shown[name] and (name != "html" or card.content.html)
    ]


def _when(card: Card, campaign: Campaign) -> str:
    if card.due_at is None:
        return ""
    zone = card.time_zone or campaign.schedule.zone
    return format_datetime(card.due_at.astimezone(ZoneInfo(zone)), "EEE d MMM, HH:mm", locale=language())
