"""The five steps of a campaign, always in sight: what stands in each, and what is still missing."""

from __future__ import annotations

import re

from hub.campaigns import steps
from hub.campaigns.campaigns import Campaign
from hub.campaigns.steps import Step
from hub.plumbing.db import Tx
from hub.plumbing.texts import _, ngettext
from hub.web.campaigns import words
from hub.web.campaigns.views import CheckView

BLANK = re.compile(r"{{-?\s*(?:\w+\.)*(?P<name>\w+).*?}}|{%.*?%}", re.DOTALL)


async def checks(tx: Tx, campaign: Campaign) -> list[CheckView]:
    """All five, in their order."""
    planned = await steps.listed(tx, campaign.id)
    audience = missing_audience(campaign)
    message = missing_message(campaign, planned)
    review, note = _review(campaign, ready=not audience and not message)
    return [
        _check(campaign, "audience", _("Audience"), *_said(audience, campaign.segment_name or "")),
        _check(campaign, "message", _("Message"), *_said(message, _message(planned))),
        _check(campaign, "test", _("Test"), "optional", _("Send yourself one")),
        _check(
            campaign, "schedule", _("Schedule"), "done", words.schedule(campaign.schedule).partition(",")[0]
        ),
        _check(campaign, "review", _("Review"), review, note),
    ]


def missing_audience(campaign: Campaign) -> str:
    """What the audience lacks, "" for nothing."""
    return "" if campaign.segment_id else _("Choose who gets it")


def missing_message(campaign: Campaign, planned: list[Step]) -> str:
    """What the message lacks, "" for nothing."""
    if not campaign.channel_ids:
        return _("Choose a channel")
    variants = variants_of(campaign)
    for one in planned:
        for variant in variants:
            said = one.texts.get(variant)
            if said is None or not (said.text or said.html or said.short or said.approved_text_id):
                return _(
                    "Message %(n)s says nothing yet", n=f"{one.step}{variant.upper() * (len(variants) > 1)}"
                )
    return ""


def variants_of(campaign: Campaign) -> list[str]:
    """The wordings there are to write."""
    return ["a", "b"] if campaign.experiment.b else ["a"]


def _said(missing: str, otherwise: str) -> tuple[str, str]:
    return ("missing", missing) if missing else ("done", otherwise)


def _message(planned: list[Step]) -> str:
    first = planned[0].texts.get("a") if planned else None
    said = (first.subject or first.text or first.short) if first else ""
    later = len(planned) - 1
    more = ngettext("+%(n)s follow-up", "+%(n)s follow-ups", later) if later > 0 else ""
    return " ".join(part for part in (_named_blanks(said)[:60], more) if part)


def _named_blanks(text: str) -> str:
    """What a person reads at a glance: ‹first_name› for a variable, nothing for conditions and loops."""
    return BLANK.sub(lambda found: f"‹{found['name']}›" if found["name"] else "", text).strip()


def _review(campaign: Campaign, *, ready: bool) -> tuple[str, str]:
    if campaign.approved_at is not None and campaign.state not in ("draft", "preparing", "prepared"):
        return "done", _("Approved")
    if campaign.state == "prepared":
        return "missing", _("Look at the messages and approve them")
    if campaign.state == "preparing":
        return "waiting", words.state(campaign)
    return ("missing", _("Ready to be prepared")) if ready else ("waiting", _("When the others are done"))


def _check(campaign: Campaign, key: str, name: str, state: str, note: str) -> CheckView:
    return CheckView(key=key, name=name, state=state, note=note, href=f"/campaigns/{campaign.id}/{key}")
