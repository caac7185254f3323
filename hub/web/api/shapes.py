"""What the API's objects look like. Objects name others as {"id", "name"}; times are RFC 3339."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class Ref(msgspec.Struct, frozen=True):
    """Another object, by id and name."""

    id: int
    name: str


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all answers."""


class RatingShape(Shape, frozen=True, kw_only=True):
    """What the customer gave a chat at its end, from 1 to 5, and their words."""

    score: int
    words: str
    at: datetime


class ConversationShape(Shape, frozen=True, kw_only=True):
    """One matter. `decision` is the sentence that says who got it and why.

    `fallback`: whether answers that do not arrive go on by another channel: on, off, or "" as the channel says.
    """

    id: int
    state: str
    subject: str
    account: Ref | None
    main_contact: Ref
    participants: list[str]
    assignee: Ref | None
    team: Ref | None
    channel: Ref
    kind: str
    priority: str
    tags: list[str]
    decision: str
    reason: str
    outcome: str
    waiting_since: datetime | None
    last_message_at: datetime
    preview: str
    last_seq: int
    joined_into: int | None
    fallback: str
    rating: RatingShape | None
    created_at: datetime


class AttachmentShape(Shape, frozen=True, kw_only=True):
    """A file of a message; `url` needs the same rights as the conversation."""

    name: str
    type: str
    size: int
    inline: bool
    url: str


class DeliveryShape(Shape, frozen=True, kw_only=True):
    """One hand-over of a message to one addressee."""

    id: int
    state: str
    recipient: str
    channel: Ref
    fallback_of: int | None
    code: str
    reason: str
    at: datetime | None


class MessageShape(Shape, frozen=True, kw_only=True):
    """One thing said. `delivery` is the first addressee's; `deliveries` are all. `text` is the whole body."""

    id: int
    seq: int
    direction: str
    channel: Ref | None
    kind: str | None
    author: Ref | None
    sender: str
    subject: str
    text: str
    new_text: str
    html: str | None
    automatic: bool
    verified: bool
    attachments: list[AttachmentShape]
    delivery: DeliveryShape | None
    deliveries: list[DeliveryShape]
    created_at: datetime


class DecisionShape(Shape, frozen=True, kw_only=True):
    """Who got a conversation and why: the sentence, the row, what was looked at, who was passed over."""

    id: int
    at: datetime
    sentence: str
    row: str
    rule_version: int
    agent: Ref | None
    team: Ref | None
    reason: dict[str, Any]
    inputs: dict[str, Any]
    candidates: list[dict[str, Any]]


class AddressShape(Shape, frozen=True, kw_only=True):
    """A proven way to reach a person. `unusable_on`: the kinds of channel it does not work for, though it works."""

    id: int
    type: str
    value: str
    verified: bool
    usable: bool
    why_not: str
    unusable_on: list[str]
    shared: bool


class RoleShape(Shape, frozen=True, kw_only=True):
    """What a person is at an account: employee, beneficiary, guarantor or representative."""

    role: str
    account: Ref


class ContactShape(Shape, frozen=True, kw_only=True):
    """A person. `account_standing`: '', suggested or confirmed."""

    id: int
    name: str
    job_title: str
    language: str
    external_id: str | None
    account: Ref | None
    account_standing: str
    addresses: list[AddressShape]
    notes: str
    tags: list[str]
    roles: list[RoleShape]


class AccountShape(Shape, frozen=True, kw_only=True):
    """A customer with whoever looks after it."""

    id: int
    name: str
    kind: str
    relation: str
    tier: str
    external_id: str | None
    owner: Ref | None
    deputy: Ref | None
    domains: list[str]
    notes: str


class AgentShape(Shape, frozen=True, kw_only=True):
    """Somebody who works here. `here`: their live page is open and they are available."""

    id: int
    name: str
    email: str
    role: str
    active: bool
    language: str
    here: bool
    teams: list[Ref]


class ArrivalShape(Shape, frozen=True, kw_only=True):
    """A row of the ledger of arrivals. `outcome`: stored, duplicate, ignored or unreadable."""

    id: int
    channel: Ref
    received_at: datetime
    outcome: str
    reason: str
    size: int


class OutcomeShape(Shape, frozen=True, kw_only=True):
    """What became of an arrival processed again."""

    outcome: str
    reason: str
    conversation: int | None
    message: int | None


class TeamShape(Shape, frozen=True, kw_only=True):
    """A team; the conversations of a restricted one are only for its members."""

    id: int
    name: str
    restricted: bool


def ref(id_: int | None, name: str | None) -> Ref | None:
    """Another object, or null."""
    return None if id_ is None else Ref(id_, name or "")
