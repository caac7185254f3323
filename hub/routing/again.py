"""Routing once more: an account was denied, or somebody brought back what stood aside."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from hub.channels.registry import adapter
from hub.conversations.assignment import Assignment, assign
from hub.conversations.holding import Held, hold
from hub.plumbing import clock
from hub.plumbing.db import Tx
from hub.routing import decisions
from hub.routing.balance import queue_balance
from hub.routing.cases import TEXT_LOOKED_AT, Case, Decision, Staff
from hub.routing.engine import decide, look_up
from hub.routing.rules import Rule, RuleSet

BY_PEOPLE = ("by_hand", "taken", "team_by_hand", "put_back", "handed_over")


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a conversation's customer and channel now, and what its first decision had looked at."""

    code: str | None
    channel_name: str
    channel_address: str
    channel_team_id: int | None
    kind: str
    subject: str
    language: str
    tags: list[str]
    contact_name: str
    account_id: int | None
    account_name: str | None
    tier: str | None
    owner_id: int | None
    deputy_id: int | None
    standing: str
    last_agent_id: int | None
    address: str | None
    text: str | None
    verified: bool | None
    automatic: bool | None
    inputs: dict[str, Any] | None


async def route_again(tx: Tx, conversation_id: int) -> Held | None:
    """Decide an open conversation anew by what is known of its customer now.

    None when there is nothing to decide: it is not open, stands in another, or a person chose who gets it since.
    Labels stay as they are, and nothing goes aside: people said that it belongs here. Raises NotFound.
    """
    held = await hold(tx, conversation_id)
    if held.state not in ("open", "snoozed") or held.joined_into_id is not None:
        return None
    known = await _known(tx, held)
    if known is None or known.code in BY_PEOPLE:
        return None
    staff, rules = await look_up(tx)
    return await _follow(tx, held, _decide(_case(held, known, clock.now()), staff, rules))


def _decide(case: Case, staff: Staff, rules: RuleSet) -> Decision:
    rows = tuple(row for row in rules.rows if not (isinstance(row, Rule) and row.then.aside))
    return decide(case, staff, RuleSet(version=rules.version, rows=rows))


async def _follow(tx: Tx, held: Held, decision: Decision) -> Held:
    made = await decisions.write(tx, [(held.id, decision)])
    if decision.balance and decision.team_id is not None:
        await queue_balance(tx, decision.team_id)
    row = Assignment(
        conversation_id=held.id,
        agent_id=decision.agent_id,
        team_id=decision.team_id,
        covering_for_id=decision.covering_for_id,
        reason=decision.reason,
        decision_id=made[held.id],
    )
    return (await assign(tx, [row]))[0]


async def case_now(tx: Tx, held: Held, *, at: datetime, live: bool) -> Case | None:
    """A held conversation as a case of this moment; None for one that is gone.

    Whoever has it is asked first, unless the rows gave it to them: then those decide again, and say why.
    """
    known = await _known(tx, held)
    if known is None:
        return None
    kept_id = None if known.code == "owner" else held.assignee_id
    return msgspec.structs.replace(_case(held, known, at), live=live, kept_id=kept_id)


def _case(held: Held, known: Known, at: datetime) -> Case:
    """The case as it came, with the account its person has now."""
    before = known.inputs or {}
    sender = known.address or before.get("sender", "")
    return Case(
        channel_id=held.channel_id,
        channel_name=known.channel_name,
        channel_team_id=known.channel_team_id,
        kind=known.kind,
        live=adapter(known.kind).can.live,
        reached=before.get("reached") or known.channel_address,
        sender=sender,
        domain=sender.rpartition("@")[2] if "@" in sender else "",
        subject=known.subject,
        text=(known.text or "")[:TEXT_LOOKED_AT],
        language=known.language,
        verified=bool(known.verified),
        automatic=bool(known.automatic),
        at=at,
        contact_id=held.root_id,
        contact_name=known.contact_name or sender,
        account_id=known.account_id,
        account_name=known.account_name or "",
        account_standing=known.standing,
        tier=known.tier or "",
        owner_id=known.owner_id,
        deputy_id=known.deputy_id,
        answer_to_id=before.get("answer_to_id"),
        last_agent_id=known.last_agent_id,
        tags=tuple(known.tags),
        kept_team_id=held.team_id,
    )


async def _known(tx: Tx, held: Held) -> Known | None:
    return await tx.row(
        Known,
        """
        SELECT v.reason ->> 'code' AS code, channel.name AS channel_name, channel.address AS channel_address,
               channel.team_id AS channel_team_id, channel.kind, v.subject, v.language, v.tags,
               root.name AS contact_name, account.id AS account_id, account.name AS account_name, account.tier,
               account.owner_id, account.deputy_id,
               CASE WHEN account.id IS NULL THEN '' WHEN account.id = root.account_id THEN root.account_standing
                    ELSE 'confirmed' END AS standing,
               (SELECT other.assignee_id FROM conversation AS other
                JOIN contact AS leaf ON leaf.id = other.contact_id
                WHERE leaf.root_id = root.id AND other.id <> v.id AND other.assignee_id IS NOT NULL
                ORDER BY other.last_message_at DESC, other.id DESC LIMIT 1) AS last_agent_id,
               said.sender ->> 'address' AS address, said.text, said.verified, said.automatic, first.inputs
        FROM conversation AS v
        JOIN channel ON channel.id = v.channel_id
        JOIN contact AS root ON root.id = $2
        LEFT JOIN account ON account.id = coalesce(v.account_id, root.account_id)
        LEFT JOIN LATERAL (
            SELECT sender, coalesce(nullif(new_text, ''), text) AS text, verified, automatic FROM message
            WHERE conversation_id = v.id AND direction = 'in' ORDER BY seq DESC LIMIT 1) AS said ON true
        LEFT JOIN LATERAL (
            SELECT inputs FROM decision
            WHERE conversation_id = v.id AND inputs ? 'channel_id' ORDER BY id LIMIT 1) AS first ON true
        WHERE v.id = $1
        """,
        held.id,
        held.root_id,
    )
