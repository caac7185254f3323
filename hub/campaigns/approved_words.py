"""What a person reads where only a text the provider approved may go: its blanks filled, and what it lacks before."""

from __future__ import annotations

from collections.abc import Sequence

from hub.campaigns import steps
from hub.campaigns.campaigns import Campaign
from hub.campaigns.rendering import Content
from hub.campaigns.steps import Step
from hub.campaigns.wording import Texts
from hub.channels.base import Capabilities
from hub.conversations import approved
from hub.conversations.approved import VARIABLE
from hub.plumbing.db import Tx
from hub.plumbing.texts import _


def as_read(content: Content, can: Capabilities, body: str) -> str:
    """The text on a channel that can do so much; `body`: of the approved text, "" without one.

    A blank nothing stands in is left as `{{ 1 }}`.
    """
    if not (body and can.approved_texts):
        return content.said_on(can)
    return VARIABLE.sub(lambda blank: content.approved.get(blank[1]) or f"{{{{ {blank[1]} }}}}", body)


async def body_of(tx: Tx, texts: Texts) -> str:
    """Of the approved text that says this where free text may not go; "" without one. Raises NotFound."""
    if not texts.approved_text_id:
        return ""
    return (await approved.load(tx, texts.approved_text_id)).body


async def body_for(tx: Tx, campaign_id: int, step: int, variant: str, can: Capabilities) -> str:
    """The same of a prepared campaign's message, on a channel that can do so much."""
    text = await steps.newest(tx, campaign_id, step, variant) if can.approved_texts else None
    return await body_of(tx, text) if text else ""


async def lacking(tx: Tx, campaign: Campaign, planned: Sequence[Step]) -> list[tuple[str, str]]:
    """(field, words) of each approved text whose blanks are not all said, or that no line of the campaign may send."""
    found = []
    for step in planned:
        for variant, text in sorted(step.texts.items()):
            if not text.approved_text_id:
                continue
            wording = await approved.load(tx, text.approved_text_id)
            place = f"{step.step}/{variant}"
            if wording.channel_id not in campaign.channel_ids:
                words = _("This approved text belongs to %(channel)s.", channel=wording.channel_name)
                found.append((f"{place}/approved_text_id", words))
            for name in wording.variables:
                if not text.approved_variables.get(name, "").strip():
                    words = _("Say what stands in {{%(name)s}} of the approved text.", name=name)
                    found.append((f"{place}/approved_variables.{name}", words))
    return found
