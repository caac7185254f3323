"""The cover sheet and the words of a fax, in the recipient's language."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date

from hub.channels.outgoing import Line, Outgoing
from hub.channels.paper.typeset import Block
from hub.plumbing.texts import LANGUAGES, _, speaking


def sheet(outgoing: Outgoing, line: Line, now: datetime) -> tuple[Block, ...]:
    """To whom, from whom, when, how many pages, about what; then the words."""
    known = outgoing.language if outgoing.language in LANGUAGES else "en"
    zone = ZoneInfo(str(line.settings.get("time_zone") or "Europe/Madrid"))
    with speaking(known):
        pairs = (
            (_("To"), _name(outgoing)),
            (_("Fax number"), outgoing.recipient),
            (_("From"), outgoing.sender.name or line.name),
            (_("Our fax"), str(line.settings.get("number") or "")),
            (_("Date"), format_date(now.astimezone(zone).date(), "long", locale=known)),
            (_("Subject"), outgoing.subject),
        )
        head = (Block("title", _("Fax")), *(Block("pair", text, label) for label, text in pairs if text))
        count = Block("pair", "", _("Pages"), count=True)
    note = str(line.settings.get("cover_note") or "")
    foot = (Block("rule"), Block("small", note)) if note else ()
    return (*head, count, Block("rule"), *words(outgoing), *foot)


def words(outgoing: Outgoing) -> tuple[Block, ...]:
    """The words alone; nothing when there are none."""
    return (Block("text", outgoing.text),) if outgoing.text.strip() else ()


def _name(outgoing: Outgoing) -> str:
    names = [party.name for party in outgoing.to if party.address == outgoing.recipient and party.name]
    return names[0] if names else ""
