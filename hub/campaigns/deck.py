"""The review deck: the real message of each recipient, worst first; one is edited or left out, the rest approved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from hub.campaigns import campaigns, filling, reaching, steps, worst_first
from hub.campaigns.campaigns import Campaign
from hub.campaigns.rendering import Content
from hub.campaigns.wording import FIELDS
from hub.channels.text import one_line, storable, with_plain_ends
from hub.customers import preferences
from hub.plumbing import history
from hub.plumbing.crypto import Crypto
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Conflict, NotFound
from hub.plumbing.sandbox_rules import Misworded
from hub.plumbing.texts import _

After = tuple[int, int]
"""`worst` and id of the last card seen."""


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """One recipient's real message. `content` None: it cannot be rendered, `trouble` says why."""

    id: int
    contact_id: int
    contact_name: str
    account_name: str
    step: int
    variant: str
    state: str
    address: str
    channel_id: int
    channel_name: str
    sender_id: int | None
    sender_name: str
    language: str
    time_zone: str
    due_at: datetime | None
    flags: list[str]
    worst: int
    own: dict[str, str]
    content: Content | None
    trouble: str = ""

    @property
    def after(self) -> After:
        """Where the next page goes on."""
        return self.worst, self.id


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    contact_id: int
    contact_name: str
    account_name: str
    step: int
    variant: str
    state: str
    text_version: int
    address_id: int
    address: str
    channel_id: int
    channel_name: str
    sender_id: int | None
    sender_name: str
    language: str
    time_zone: str
    variables: dict[str, Any]
    own: dict[str, str]
    flags: list[str]
    worst: int
    due_at: datetime | None


async def page(
    tx: Tx,
    campaign: Campaign,
    *,
    crypto: Crypto,
    base_url: str,
    step: int = 1,
    after: After | None = None,
    most: int = 20,
) -> list[Card]:
    """The next cards of a step, worst first, as they will be sent; `after`: the last one seen."""
    worst, id_ = after or (32_767, 0)
    rows = await tx.rows(
        _Row,
        f"""
        {_SELECTED} WHERE r.campaign_id = $1 AND r.step = $2 AND r.state = 'ready'
          AND (r.worst < $3 OR r.worst = $3 AND r.id > $4)
        ORDER BY r.worst DESC, r.id LIMIT $5
        """,
        campaign.id,
        step,
        worst,
        id_,
        most,
    )
    return await _cards(tx, campaign.id, rows, crypto, base_url)


async def card(tx: Tx, campaign_id: int, recipient_id: int, *, crypto: Crypto, base_url: str) -> Card:
    """One of them, also one that was left out. Raises NotFound."""
    return (await _cards(tx, campaign_id, [await _row(tx, campaign_id, recipient_id)], crypto, base_url))[0]


async def edit(
    tx: Tx,
    campaign_id: int,
    recipient_id: int,
    texts: Mapping[str, str],
    *,
    crypto: Crypto,
    base_url: str,
    agent_id: int,
) -> Card:
    """Finished words for this person alone (subject, text, html, short); none: the campaign's again.

    Raises BadInput(field), Conflict when it is no longer reviewed, NotFound.
    """
    await _must_be_reviewed(tx, campaign_id)
    row = await _row(tx, campaign_id, recipient_id)
    own = _checked(texts)
    content, trouble = await _content(
        tx, campaign_id, msgspec.structs.replace(row, own=own), crypto, base_url
    )
    if content is None:
        raise BadInput(trouble, field="text")
    line = next((one for one in await reaching.lines(tx, [row.channel_id])), None)
    if line is None:
        raise Conflict(_("This channel is switched off."))
    kept = [flag for flag in row.flags if flag not in ("broken", "empty", "long")]
    flags = kept + [flag for flag in worst_first.looked_at(content, line) if flag not in kept]
    await tx.execute(
        "UPDATE recipient SET own = $2, hash = $3, flags = $4, worst = $5 WHERE id = $1",
        recipient_id,
        own or None,
        None if content.missing else content.hash,
        flags,
        worst_first.how_bad(flags, content),
    )
    await history.record(
        tx,
        "recipient_edited",
        agent_id=agent_id,
        contact_id=row.contact_id,
        campaign_id=campaign_id,
        step=row.step,
    )
    return await card(tx, campaign_id, recipient_id, crypto=crypto, base_url=base_url)


async def drop(tx: Tx, campaign_id: int, recipient_id: int, agent_id: int) -> None:
    """Leave this person out, of all steps. Raises Conflict, NotFound."""
    await _turn(tx, campaign_id, recipient_id, agent_id, "ready", "dropped")


async def undrop(tx: Tx, campaign_id: int, recipient_id: int, agent_id: int) -> None:
    """Take them in again. Raises Conflict, NotFound."""
    await _turn(tx, campaign_id, recipient_id, agent_id, "dropped", "ready")


async def _turn(tx: Tx, campaign_id: int, recipient_id: int, agent_id: int, before: str, after: str) -> None:
    await _must_be_reviewed(tx, campaign_id)
    row = await _row(tx, campaign_id, recipient_id)
    changed = await tx.execute(
        """
        UPDATE recipient SET state = $4
        FROM (SELECT id FROM recipient WHERE campaign_id = $1 AND contact_id = $2 AND state = $3
              ORDER BY id FOR NO KEY UPDATE) AS held
        WHERE recipient.id = held.id
        """,
        campaign_id,
        row.contact_id,
        before,
        after,
    )
    if changed:
        verb = "recipient_dropped" if after == "dropped" else "recipient_taken_in"
        await history.record(tx, verb, agent_id=agent_id, contact_id=row.contact_id, campaign_id=campaign_id)
        tx.signal("campaign", campaign_id, campaigns.topics(campaign_id))


async def _must_be_reviewed(tx: Tx, campaign_id: int) -> None:
    """Held until the end: nobody approves meanwhile."""
    campaign = await campaigns.lock(tx, campaign_id)
    if campaign.state != "prepared":
        raise Conflict(_("This is no longer being reviewed."))


async def _row(tx: Tx, campaign_id: int, recipient_id: int) -> _Row:
    found = await tx.row(
        _Row,
        f"""
        {_SELECTED} WHERE r.campaign_id = $1 AND r.id = $2 AND r.text_version IS NOT NULL
          AND r.state IN ('ready', 'dropped', 'made', 'stopped')
        """,
        campaign_id,
        recipient_id,
    )
    if found is None:
        raise NotFound(_("There is no such recipient in this campaign."))
    return found


async def _cards(tx: Tx, campaign_id: int, rows: Sequence[_Row], crypto: Crypto, base_url: str) -> list[Card]:
    cards = []
    for row in rows:
        content, trouble = await _content(tx, campaign_id, row, crypto, base_url)
        known: dict[str, Any] = {
            name: getattr(row, name) for name in Card.__struct_fields__ if hasattr(row, name)
        }
        cards.append(Card(**known, content=content, trouble=trouble))
    return cards


async def _content(
    tx: Tx, campaign_id: int, row: _Row, crypto: Crypto, base_url: str
) -> tuple[Content | None, str]:
    """As sending renders it."""
    text = await steps.text(tx, campaign_id, row.step, row.variant, row.text_version)
    url = preferences.unsubscribe_url(base_url, crypto, row.address_id, row.id)
    try:
        return filling.rendered(text, row.variables, row.own, url), ""
    except Misworded as error:
        return None, error.message


def _checked(texts: Mapping[str, str]) -> dict[str, str]:
    own = {}
    for field, text in texts.items():
        if field not in FIELDS:
            raise BadInput(_("There is no such text."), field=field)
        clean = one_line(text) if field == "subject" else with_plain_ends(storable(text)).strip("\n")
        most = steps.MOST_HTML if field == "html" else steps.MOST_TEXT
        if len(clean) > most:
            raise BadInput(_("This is too long: at most %(n)s characters.", n=most), field=field)
        own[field] = clean
    return own


_SELECTED = """
    SELECT r.id, r.contact_id, coalesce(c.name, '') AS contact_name, coalesce(o.name, '') AS account_name,
           r.step, r.variant, r.state, r.text_version, r.address_id, r.address, r.channel_id,
           coalesce(n.name, '') AS channel_name, r.sender_id, coalesce(g.name, '') AS sender_name,
           coalesce(r.language, '') AS language, coalesce(r.time_zone, '') AS time_zone,
           coalesce(r.variables, '{}') AS variables, coalesce(r.own, '{}') AS own, coalesce(r.flags, '{}') AS flags,
           coalesce(r.worst, 0) AS worst, r.due_at
    FROM recipient r LEFT JOIN contact c ON c.id = r.contact_id
    LEFT JOIN account o ON o.id = c.account_id AND c.account_standing = 'confirmed'
    LEFT JOIN channel n ON n.id = r.channel_id LEFT JOIN agent g ON g.id = r.sender_id
"""
