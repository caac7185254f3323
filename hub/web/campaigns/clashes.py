"""What two people made of the same field of a draft, side by side and in words, with what differs marked."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Any

from hub.agents import people
from hub.campaigns import segments
from hub.campaigns.drafting import Clash, Kept, Overtaken
from hub.channels import connections
from hub.conversations import approved
from hub.customers import interests
from hub.plumbing.db import Tx
from hub.plumbing.texts import N_, _
from hub.web.campaigns import words
from hub.web.campaigns.views import ClashView

LABELS = {
    "name": N_("Name of the campaign"),
    "segment_id": N_("Segment"),
    "interest_id": N_("What it is about"),
    "experiment.b": N_("Second wording for (%%)"),
    "experiment.hold_out": N_("Left out on purpose (%%)"),
    "channel_ids": N_("Channels, the first one first"),
    "from_owner": N_("From the owner of each person's account"),
    "sender_id": N_("Where there is no owner, from"),
    "stops": N_("No follow-up once"),
    "track_links": N_("Count who follows a link"),
    "track_opens": N_("Count who opens it, of those who agreed to that"),
    "subject": N_("Subject"),
    "text": N_("Text"),
    "html": N_("As a designed mail"),
    "short": N_("Short text, where a message is counted in parts"),
    "approved_text_id": N_("Approved text, where free text may not go"),
    "approved_variables": N_("Blanks of the approved text"),
    "schedule.when": N_("When"),
    "schedule.day": N_("Day"),
    "schedule.hour": N_("Hour"),
    "schedule.zone": N_("Time zone"),
    "schedule.weekdays": N_("Days"),
    "schedule.skip_holidays": N_("Not on the holidays of the house"),
    "schedule.opens": N_("Not before"),
    "schedule.closes": N_("Not after"),
    "schedule.per_minute": N_("A minute, in all"),
    "schedule.per_sender": N_("A minute, of one sender"),
    "schedule.per_domain": N_("A minute, to one mail domain"),
    "schedule.warm_up": N_("At most on the first days"),
}
WHENS = {
    "now": N_("As soon as it is approved"),
    "moment": N_("At one moment for everybody"),
    "local": N_("At this hour of each person's own day"),
}
WORD = re.compile(r"\s+|\S+")
MOST_WORDS = 2_000
Pieces = list[tuple[str, bool]]


async def drawn(tx: Tx, error: Overtaken) -> list[ClashView]:
    """Each field, what is stored and what the form wants."""
    return [await _drawn(tx, one) for one in error.clashes]


def compared(theirs: str, mine: str) -> tuple[Pieces, Pieces]:
    """Both in pieces, word by word; what only one of them says is marked. Long texts are marked as a whole."""
    left, right = WORD.findall(theirs), WORD.findall(mine)
    if len(left) + len(right) > MOST_WORDS:
        return [(theirs, True)], [(mine, True)]
    pieces: tuple[Pieces, Pieces] = ([], [])
    for tag, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        for side, said in zip(pieces, ("".join(left[a:b]), "".join(right[c:d])), strict=True):
            if said:
                side.append((said, tag != "equal"))
    return pieces


def others(kept: Kept) -> str:
    """Who changed what of the form, where it had not touched it; "" for nobody."""
    return " ".join(
        _(
            "%(name)s changed “%(field)s”: load the page again to see it.",
            name=one.agent_name or _("Somebody else"),
            field=_label(one.field),
        )
        for one in kept.others
    )


async def _drawn(tx: Tx, one: Clash) -> ClashView:
    theirs, mine = compared(await _said(tx, one.field, one.theirs), await _said(tx, one.field, one.mine))
    return ClashView(
        field=one.field,
        label=_label(one.field),
        who=one.agent_name or _("Somebody else"),
        at=one.at,
        theirs=theirs,
        mine=mine,
    )


def _label(field: str) -> str:
    return _(LABELS.get(field, field)) % {}


async def _said(tx: Tx, field: str, value: Any) -> str:
    """One value as people read it."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if value in (None, "", []):
        return _("Nothing")
    if field == "segment_id":
        return (await segments.load(tx, value)).name
    if field == "interest_id":
        return next((one.name for one in await interests.listed(tx) if one.id == value), f"#{value}")
    if field == "sender_id":
        return next((one.name for one in await people.every(tx) if one.id == value), f"#{value}")
    if field == "approved_text_id":
        return next((one.name for one in await approved.listed(tx) if one.id == value), f"#{value}")
    if field == "channel_ids":
        return ", ".join([(await connections.load(tx, id_)).name for id_ in value])
    if field == "stops":
        return ", ".join(_(words.STOPS[one]) for one in value)
    if field == "schedule.when":
        return _(WHENS[value])
    if field == "schedule.weekdays":
        names = words.weekdays()
        return ", ".join(names[day] for day in sorted(value))
    if isinstance(value, dict):
        return "\n".join(f"{{{{{name}}}}} {said}" for name, said in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
