"""Routing on the road in: what a received message asks of the engine, and what its decision changes."""

from __future__ import annotations

from datetime import datetime

import msgspec

from hub.channels.facts import MessageReceived
from hub.channels.outgoing import Line
from hub.conversations.threading import Threaded
from hub.conversations.threads import Conversation
from hub.customers.resolving import Sender
from hub.routing import engine
from hub.routing.cases import TEXT_LOOKED_AT, AgentState, Case, Decision, Staff
from hub.routing.rules import RuleSet


class Arriving(msgspec.Struct, kw_only=True):
    """Everything known about one message when somebody must be found for it."""

    line: Line
    team_id: int | None
    live: bool
    fact: MessageReceived
    sender: Sender
    threaded: Threaded
    conversation: Conversation
    last_agent_id: int | None
    at: datetime


def needed(conversation: Conversation, staff: Staff) -> bool:
    """Whether nobody has this conversation, whoever has it is away or gone, or they covered for someone who is back."""
    holder = staff.agents.get(conversation.assignee_id or 0)
    return not _works(holder) or returns(conversation, staff)


def returns(conversation: Conversation, staff: Staff) -> bool:
    """Whether it was covered for somebody who is back: closed meanwhile, it did not return when the absence ended."""
    return _works(staff.agents.get(conversation.covering_for_id or 0))


def _works(agent: AgentState | None) -> bool:
    return agent is not None and agent.active and agent.absent_until is None


def decide(arriving: Arriving, staff: Staff, rules: RuleSet) -> Decision:
    """Ask the engine, and let the conversation follow its decision."""
    asked, conversation = case(arriving), arriving.conversation
    if returns(conversation, staff):
        asked = msgspec.structs.replace(asked, kept_id=conversation.covering_for_id, returns=True)
    decision = engine.decide(asked, staff, rules)
    conversation.tags = list(dict.fromkeys([*conversation.tags, *decision.tags]))
    conversation.priority = decision.priority or conversation.priority
    conversation.reason = decision.reason
    if decision.aside:
        conversation.state, conversation.waiting_since = "aside", None
        return decision
    conversation.assignee_id = decision.agent_id
    conversation.covering_for_id = decision.covering_for_id
    conversation.team_id = decision.team_id or conversation.team_id
    return decision


def case(arriving: Arriving) -> Case:
    """The case as the engine and a later replay see it."""
    fact, sender, conversation, line = arriving.fact, arriving.sender, arriving.conversation, arriving.line
    return Case(
        channel_id=line.id,
        channel_name=line.name,
        channel_team_id=arriving.team_id,
        kind=line.kind,
        live=arriving.live,
        reached=fact.reached or line.address,
        sender=sender.value,
        domain=sender.value.rpartition("@")[2] if "@" in sender.value else "",
        subject=fact.subject,
        text=(fact.new_text or fact.text)[:TEXT_LOOKED_AT],
        language=sender.language,
        verified=fact.verified,
        automatic=fact.automatic or fact.bulk,
        at=arriving.at,
        contact_id=sender.root_id,
        contact_name=sender.name or sender.value,
        account_id=sender.account_id,
        account_name=sender.account_name,
        account_standing=sender.standing,
        tier=sender.tier,
        owner_id=sender.owner_id,
        deputy_id=sender.deputy_id,
        answer_to_id=arriving.threaded.answered_agent_id,
        last_agent_id=arriving.last_agent_id,
        tags=tuple(conversation.tags),
        kept_id=conversation.assignee_id,
        kept_team_id=conversation.team_id,
    )
