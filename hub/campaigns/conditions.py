"""What an audience may ask of a person: typed conditions in groups, all of one group or all of another."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from hub.customers.money import MOST

Text = Annotated[str, msgspec.Meta(max_length=200)]
Texts = Annotated[list[Text], msgspec.Meta(min_length=1, max_length=200)]
Id = Annotated[int, msgspec.Meta(ge=1, lt=10**18)]
Ids = Annotated[list[Id], msgspec.Meta(min_length=1, max_length=200)]
Days = Annotated[int, msgspec.Meta(ge=1, le=36_500)]


class _Condition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="about"):
    """Base of all conditions. `no` turns one round: those for whom it does not hold."""

    no: bool = False


class Person(_Condition, frozen=True, kw_only=True, tag="person"):
    """A field of the person: one of `any_of` (in name and position: accents aside), or filled in at all."""

    field: Literal["name", "job_title", "language", "time_zone", "preferred_channel", "external_id"]
    any_of: Texts | None = None


class Known(_Condition, frozen=True, kw_only=True, tag="known"):
    """Life cycle: a contact of ours only for the last `days` days."""

    days: Days


class Tag(_Condition, frozen=True, kw_only=True, tag="tag"):
    """Has one of these tags (case and accents aside), or, without them, any."""

    any_of: Texts | None = None


class Account(_Condition, frozen=True, kw_only=True, tag="account"):
    """A field of the account they are confirmed at: one of `any_of`, or, without it, filled in at all."""

    field: Literal["name", "tier", "relation", "kind", "external_id"]
    any_of: Texts | None = None


class Owner(_Condition, frozen=True, kw_only=True, tag="owner"):
    """Who owns their account: one of these agents (ids), or, without them, anybody."""

    any_of: Ids | None = None


class Role(_Condition, frozen=True, kw_only=True, tag="role"):
    """What they are at an account: one of `any_of` (anything without), at one of these accounts (any without)."""

    any_of: (
        Annotated[
            list[Literal["employee", "beneficiary", "guarantor", "representative"]],
            msgspec.Meta(min_length=1, max_length=4),
        ]
        | None
    ) = None
    accounts: Ids | None = None


class Purchases(_Condition, frozen=True, kw_only=True, tag="purchases"):
    """At least so many purchases, or so much money in one currency, in the last `days` days or ever.

    Bought X: number 1. Not since 90 days: number 1, days 90, no. What was returned or cancelled does not count.
    """

    measure: Literal["number", "total"] = "number"
    at_least: Decimal = Decimal(1)
    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")] = "EUR"
    products: Annotated[list[Id], msgspec.Meta(max_length=200)] = []
    categories: Annotated[list[Text], msgspec.Meta(max_length=200)] = []
    days: Days | None = None
    whose: Literal["person", "account"] = "person"

    def __post_init__(self) -> None:
        """Raises ValueError, which msgspec turns into a ValidationError of the field."""
        if not self.at_least.is_finite() or not 0 < self.at_least < MOST:
            raise ValueError(f"Expected a number above 0 and below {MOST}")


class Owes(_Condition, frozen=True, kw_only=True, tag="owes"):
    """Something they bought is due and not paid."""


class Conversation(_Condition, frozen=True, kw_only=True, tag="conversation"):
    """A conversation that is open, or touched in the last `days` days; with this tag, a priority, waiting for us.

    An open complaint: open, and the tag or priority that complaints have here.
    """

    tag: Text = ""
    priorities: Annotated[list[Literal["low", "normal", "high", "urgent"]], msgspec.Meta(max_length=4)] = []
    open: bool = False
    waiting: bool = False
    days: Days | None = None


class Answered(_Condition, frozen=True, kw_only=True, tag="answered"):
    """In the last `days` days they wrote to us, or we to them; what machines sent does not count."""

    by: Literal["them", "us"] = "them"
    days: Days


class Campaigned(_Condition, frozen=True, kw_only=True, tag="campaign"):
    """What became of a past campaign (of any without an id) that wrote to them in the last `days` days, or ever.

    `silent`: they got it and did not answer, by any way.
    """

    what: Literal["got", "answered", "silent", "clicked"] = "got"
    campaign: Id | None = None
    days: Days | None = None


class Consent(_Condition, frozen=True, kw_only=True, tag="consent"):
    """Said yes, of some address of this type (any type without), to this purpose; the newest word counts."""

    purpose: Literal["marketing", "service"] = "marketing"
    type: Text = ""


class Reachable(_Condition, frozen=True, kw_only=True, tag="reachable"):
    """Has an address of this type that can be used."""

    type: Text


class InSegment(_Condition, frozen=True, kw_only=True, tag="segment"):
    """Is in a saved segment, as that is now."""

    segment: Id


class Listed(_Condition, frozen=True, kw_only=True, tag="list"):
    """Stands in a list that came as a file; a column of its own, if named, is one of `any_of` or filled in."""

    list: Id
    column: Text = ""
    any_of: Texts | None = None


Condition = (
    Person
    | Known
    | Tag
    | Account
    | Owner
    | Role
    | Purchases
    | Owes
    | Conversation
    | Answered
    | Campaigned
    | Consent
    | Reachable
    | InSegment
    | Listed
)


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of these must hold."""

    all: Annotated[list[Condition], msgspec.Meta(min_length=1, max_length=12)]


class Definition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whoever fits one of the groups; without groups everybody."""

    groups: Annotated[list[Group], msgspec.Meta(max_length=12)] = []


def segments_in(definition: Definition) -> set[int]:
    """The segments it names itself."""
    return {one.segment for group in definition.groups for one in group.all if isinstance(one, InSegment)}
