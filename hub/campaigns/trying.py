"""A test of one message: as a chosen person would read it, marked, to an address somebody types; never counted.

It is no recipient: nothing is tracked, nobody is unsubscribed by it, no cap is touched.
"""

from __future__ import annotations

import msgspec

from hub.campaigns import campaigns, filling, reaching, steps
from hub.campaigns.campaigns import Campaign
from hub.campaigns.conditions import Definition
from hub.campaigns.reaching import Line
from hub.campaigns.rendering import Content
from hub.campaigns.steps import Text
from hub.campaigns.wording import used
from hub.channels import connections
from hub.channels.registry import adapter
from hub.conversations import trial
from hub.conversations.approved import Chosen
from hub.conversations.replies import Answer
from hub.customers import personalising
from hub.deliveries.queueing import Delivery
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, NotFound
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _

MOST_AN_HOUR = 60
MOST_OUTSIDE_AN_HOUR = 10
"""To addresses that are no agent's: this is no way to write to people."""
HOUR = 3600


async def send(
    hub: Hub,
    campaign_id: int,
    *,
    step: int = 1,
    variant: str = "a",
    as_contact_id: int,
    to: str,
    agent_id: int,
    channel_id: int | None = None,
) -> Delivery:
    """Queue it on the first of the campaign's lines the address fits, or on this one.

    Raises BadInput(field), TooMany, NotFound.
    """
    async with hub.transaction() as tx:
        outside = not await _is_agents(tx, to)
    await hub.limits.check(f"trial:{agent_id}", most=MOST_AN_HOUR, seconds=HOUR)
    if outside:
        await hub.limits.check(f"trial:outside:{agent_id}", most=MOST_OUTSIDE_AN_HOUR, seconds=HOUR)
    async with hub.transaction() as tx:
        campaign = await campaigns.load(tx, campaign_id)
        line = _line(await reaching.lines(tx, [channel_id] if channel_id else campaign.channel_ids), to)
        text = await steps.said(tx, campaign_id, step, variant)
        content = await as_read_by(tx, campaign, text, as_contact_id, f"{hub.settings.base_url}/u/test")
        return await trial.send_words(
            tx,
            hub.settings.mail_domain,
            await connections.load(tx, line.id),
            to,
            _marked(content, text, line),
            agent_id,
        )


async def as_read_by(
    tx: Tx, campaign: Campaign, text: Text, contact_id: int, unsubscribe_url: str
) -> Content:
    """A message with one person's values as they are now, signed by who would sign it. Raises Misworded, NotFound."""
    row = await tx.record(
        """
        SELECT r.id, w.id AS owner_id, k.definition, coalesce(nullif(k.language, ''), r.language) AS language
        FROM contact c JOIN contact r ON r.id = c.root_id JOIN campaign k ON k.id = $2
        LEFT JOIN account o ON o.id = r.account_id AND r.account_standing = 'confirmed'
        LEFT JOIN agent w ON w.id = o.owner_id AND w.active
        WHERE c.id = $1
        """,
        contact_id,
        campaign.id,
    )
    if row is None:
        raise NotFound(_("There is no such contact."))
    id_, names = row["id"], used(text) - {filling.LINK}
    known = await personalising.values_of(
        tx,
        [id_],
        agents={id_: filling.sender_of(campaign, row["owner_id"])},
        names=names,
        language=row["language"],
    )
    values = known.get(id_, {})
    if row["definition"]:
        lists = filling.lists_of(msgspec.convert(row["definition"], Definition))
        values |= (await filling.columns(tx, lists, [id_])).get(id_, {})
    return filling.rendered(text, values, None, unsubscribe_url)


def _marked(content: Content, text: Text, line: Line) -> Answer:
    """The mark stands where nobody can overlook it."""
    mark = _("[TEST]")
    approved = None
    if line.can.approved_texts and text.approved_text_id:
        approved = Chosen(id=text.approved_text_id, variables=dict(content.approved))
    return Answer(
        text=content.text if line.can.subject else f"{mark} {content.said_on(line.can)}",
        html=content.html if line.can.html else "",
        subject=f"{mark} {content.subject}" if line.can.subject else None,
        approved=approved,
    )


def _line(lines: list[Line], to: str) -> Line:
    for line in lines:
        try:
            adapter(line.kind).normalised(to.strip())
        except ValueError:
            continue
        return line
    if not lines:
        raise BadInput(_("Choose a channel that is switched on and can be written on."), field="channel_ids")
    raise BadInput(_("“%(address)s” is no address.", address=to[:100]), field="to")


async def _is_agents(tx: Tx, to: str) -> bool:
    asked = (
        "SELECT EXISTS (SELECT FROM agent WHERE active AND (email = lower($1) OR phone <> '' AND phone = $1))"
    )
    return bool(await tx.value(asked, to.strip()))
