"""The head of an open conversation, the customer card beside it, and what one may write on."""

from __future__ import annotations

from typing import cast

import msgspec
from babel.dates import format_date

from hub.agents.roles import Person
from hub.channels.registry import adapter
from hub.channels.spelling import shown
from hub.conversations import drafts, fallback, inbox, ways
from hub.conversations.closing import OUTCOMES, REASONS
from hub.conversations.drafts import Draft as StoredDraft
from hub.conversations.recipients import choose
from hub.conversations.thread import Head as StoredHead
from hub.conversations.ways import Way
from hub.customers import bought, claiming
from hub.customers import card as customers
from hub.customers.card import AccountCard, CardAddress, CustomerCard
from hub.plumbing.clock import now
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import _, language
from hub.routing import explain
from hub.web.customers import purchased
from hub.web.inbox.rows import mark, named, person, titled
from hub.web.views import (
    Card,
    CardFact,
    Composer,
    ContactAddress,
    Draft,
    Head,
    Line,
    Named,
    Past,
    State,
)
from hub.web.views import Person as Somebody

MOST_PAST = 12


def head(stored: StoredHead) -> Head:
    """The head, the same for every viewer."""
    return Head(
        id=stored.id,
        version=stored.version,
        subject=titled(stored.channel_kind, stored.channel_name, stored.subject),
        state=cast(State, stored.state),
        contact=Named(id=stored.contact_id, name=shown(stored.contact_name)),
        channel=mark(stored.channel_kind, stored.channel_name),
        account=named(stored.account_id, stored.account_name),
        assignee=person(stored.assignee_id, stored.assignee_name),
        team=named(stored.team_id, stored.team_name),
        priority=stored.priority,
        tags=stored.tags,
        waiting_since=stored.waiting_since,
        suggestion=named(stored.suggested_id, stored.suggested_name),
        doubt=_doubt(stored),
        decision=explain.sentence(stored.reason, language()),
        covering_for=person(stored.covering_for_id, stored.covering_for_name),
        snoozed_until=stored.snoozed_until,
        joined_into=named(stored.joined_into_id, stored.joined_into_subject),
        closed=_closed(stored),
        score=stored.score,
    )


def _doubt(stored: StoredHead) -> str:
    """A warning where proof could be had; a visitor's bubbles say by themselves what they only claim."""
    if not stored.doubt or adapter(stored.channel_kind).can.strangers:
        return ""
    return _("Not proven that this sender is who they say")


def _closed(stored: StoredHead) -> str:
    if stored.state != "closed" or stored.joined_into_id is not None:
        return ""
    words = [REASONS.get(stored.close_reason), OUTCOMES.get(stored.close_outcome)]
    said = " · ".join(_(one) for one in words if one)
    return _("Closed: %(why)s", why=said) if said else ""


async def composer(tx: Tx, who: Person, stored: StoredHead) -> Composer:
    """What this agent may write on here, the last channel of the customer first, and what they have begun."""
    found = await ways.ways(tx, stored.id, stored.contact_id, at=now())
    return Composer(
        conversation=stored.id,
        lines=[await _line(tx, stored, way) for way in found if way.why_not != "cannot"],
        after_seq=stored.last_seq,
        drafts=[draft(one) for one in await drafts.drafts(tx, stored.id, who.id)],
        undo_seconds=who.undo_seconds,
        stays=await fallback.chosen(tx, stored.id) == "off",
    )


async def _line(tx: Tx, stored: StoredHead, way: Way) -> Line:
    can = way.can
    to, cc, why_not = way.address, "", way.words() if way.why_not else ""
    if can.cc and not way.why_not and way.reason == "last_used":
        to, cc, why_not = await _letter_to(tx, stored, way)
    why = "" if way.why_not else way.words()
    if way.why_not == "no_address" and (
        typed := await claiming.typed(tx, stored.contact_id, can.address_type)
    ):
        to, why, why_not = typed, _("typed by them, not proven"), ""
    goes_on = stored.last_in_seq and not stored.subject.lower().startswith("re:")
    subject = f"Re: {stored.subject}" if goes_on else stored.subject
    return Line(
        id=way.channel.id,
        mark=mark(way.channel.kind, way.channel.name),
        address_id=way.address_id,
        to=to,
        cc=cc,
        subject=subject if can.subject and stored.subject else "",
        has_subject=can.subject,
        has_cc=can.cc,
        attachments=can.attachments,
        text_limit=can.text_limit,
        parts=can.parts,
        pages=can.pages,
        cost=can.cost,
        why=why,
        why_not=why_not,
        until=way.window_until,
        approved=can.approved_texts,
        cautious=not can.live,
    )


async def _letter_to(tx: Tx, stored: StoredHead, way: Way) -> tuple[str, str, str]:
    """Whom a letter goes to by default: the verified Reply-To, and who stands in copy; or why not."""
    speaking = adapter(way.channel.kind)
    try:
        whom = await choose(tx, stored.id, way.channel.id, speaking, to=None, cc=None)
    except BadInput as problem:
        return "", "", problem.message
    to = ", ".join(party.address for party in whom.to)
    return to, ", ".join(party.address for party in whom.cc), ""


def draft(stored: StoredDraft) -> Draft:
    """What was begun, as the composer knows it."""
    return Draft(
        mode="note" if stored.mode == "note" else "reply",
        text=stored.text,
        subject=stored.subject,
        to=str(stored.recipients.get("to", "")),
        cc=str(stored.recipients.get("cc", "")),
        channel_id=stored.channel_id,
        version=stored.version,
        saved_at=stored.updated_at,
    )


async def card(tx: Tx, agent_id: int, stored: StoredHead) -> Card:
    """The customer: account and owner first, then what we know. `agent_id` decides which past is shown."""
    known = await customers.card(tx, stored.contact_id)
    if known is None:
        return Card(
            conversation=stored.id, contact=Somebody(id=stored.contact_id, name=shown(stored.contact_name))
        )
    past = [
        one for one in await inbox.of_contact(tx, stored.contact_id, agent_id, most=MOST_PAST + 1)
        if one.id != stored.id
    ]  # fmt: skip
    still_open = sum(one.state in ("open", "snoozed") for one in past) + (stored.state in ("open", "snoozed"))
    return msgspec.structs.replace(
        person_card(known),
        conversation=stored.id,
        facts=[*purchased.facts(await bought.of_contact(tx, stored.contact_id)), *_facts(still_open)],
        history=[
            Past(
                id=one.id,
                subject=titled(one.channel_kind, one.channel_name, one.subject),
                at=one.last_message_at,
                channel=mark(one.channel_kind, one.channel_name),
                state=cast(State, one.state),
            )
            for one in past[:MOST_PAST]
        ],
    )


def person_card(known: CustomerCard) -> Card:
    """What is the same for every viewer and in every conversation of this person."""
    return msgspec.structs.replace(
        account_card(known),
        contact=Somebody(id=known.id, name=known.name or shown(next((a.value for a in known.addresses), ""))),
        about=known.job_title,
        suggested=known.account_standing == "suggested",
        addresses=[_address(one) for one in known.addresses],
        notes=known.notes,
    )


def account_card(known: CustomerCard | AccountCard) -> Card:
    """Of whom we know only the account: who owns it, who stands in."""
    return Card(
        account=named(known.account_id, known.account_name),
        owner=person(known.owner_id, known.owner_name),
        owner_away=_away(known),
        deputy=person(known.deputy_id, known.deputy_name),
        tags=[known.tier] if known.tier else [],
    )


def _facts(still_open: int) -> list[CardFact]:
    if still_open < 2:
        return []
    return [CardFact(name=_("Problems"), value=_("%(n)s conversations open", n=still_open), tone="warn")]


def _away(known: CustomerCard | AccountCard) -> str:
    if known.owner_until is None:
        return ""
    day = format_date(known.owner_until, "d MMM", locale=language())
    return _("%(name)s is away until %(until)s", name=known.owner_name, until=day)


def _address(one: CardAddress) -> ContactAddress:
    said = [one.trouble] if one.trouble else []
    if one.usable and one.shared:
        said.append(_("shared by several people"))
    if "service" in one.refused:
        said.append(_("asked us to stop here"))
    elif "marketing" in one.refused:
        said.append(_("no campaigns"))
    note = " · ".join(said)
    icon = "mail" if "@" in one.value else "phone" if one.value.startswith("+") else "globe"
    return ContactAddress(icon=icon, value=one.value, verified=one.verified, usable=one.usable, note=note)
