"""What the pages of this room are told."""

from __future__ import annotations

from datetime import datetime

import msgspec

from hub.campaigns.follow_ups import Waiting
from hub.conversations.mixed import Mixed
from hub.customers.accounts import Account
from hub.customers.addresses import Claim
from hub.customers.contacts import ContactWithAddresses
from hub.customers.importing import RowError
from hub.customers.merging import Merge
from hub.web.views import View


class HistoryLine(View, frozen=True, kw_only=True):
    """One conversation of the customer; `icon` and `colour` are its channel's."""

    id: int
    subject: str
    state: str
    preview: str
    who: str
    assignee: str
    icon: str
    colour: str
    channel: str
    at: object


class PurchaseLine(View, frozen=True, kw_only=True):
    """One purchase in words. Not `kept`: returned or cancelled; `late`: something of it is overdue."""

    at: str
    product: str
    quantity: str
    amount: str
    state: str
    kept: bool
    who: str
    paid: list[str]
    late: bool


class AccountsPage(View, frozen=True, kw_only=True):
    """GET /accounts. `more` is the link to the next page, or empty."""

    accounts: list[Account]
    q: str
    without_owner: bool
    more: str
    agents: list[tuple[str, str]]
    may_import: bool
    given: dict[str, str] = msgspec.field(default_factory=dict)
    errors: dict[str, str] = msgspec.field(default_factory=dict)


class AccountPage(View, frozen=True, kw_only=True):
    """GET /accounts/{id}. `typed`: what a form held that was refused."""

    account: Account
    people: list[ContactWithAddresses]
    lines: list[HistoryLine]
    agents: list[tuple[str, str]]
    relations: list[tuple[str, str]]
    purchases: list[PurchaseLine] = msgspec.field(default_factory=list)
    typed: dict[str, str] = msgspec.field(default_factory=dict)
    errors: dict[str, str] = msgspec.field(default_factory=dict)


class ContactsPage(View, frozen=True, kw_only=True):
    """GET /contacts."""

    contacts: list[ContactWithAddresses]
    q: str
    more: str
    may_import: bool


class Wished(View, frozen=True, kw_only=True):
    """One wish that counts now: of which address, what about, where, since when, and how we know."""

    address: str
    purpose: str
    granted: bool
    where: str
    at: datetime
    why: str


class ContactPage(View, frozen=True, kw_only=True):
    """GET /contacts/{id}. `account`: what the account field holds, its name; `merges`: who is part of this person.

    `hours`: when campaigns may reach them, "" for at any hour. `markets`: whoever looks may pause a campaign for them.
    `typed`: what a form held that was refused.
    """

    found: ContactWithAddresses
    claims: list[Claim]
    lines: list[HistoryLine]
    account: str
    merges: list[Merge]
    wishes: list[Wished]
    hours: str
    purposes: list[tuple[str, str]]
    may_erase: bool = False
    markets: bool = False
    campaigns: list[Waiting] = msgspec.field(default_factory=list)
    purchases: list[PurchaseLine] = msgspec.field(default_factory=list)
    typed: dict[str, str] = msgspec.field(default_factory=dict)
    errors: dict[str, str] = msgspec.field(default_factory=dict)


class MergesPage(View, frozen=True, kw_only=True):
    """GET /merges. `undone`: just taken back, with the conversations that hold messages of both."""

    merges: list[Merge]
    undone: Merge | None
    mixed: list[Mixed]
    more: str


class ImportPage(View, frozen=True, kw_only=True):
    """GET and POST /{what}/import. `kinds`: what else can be imported, with its name."""

    what: str
    kinds: dict[str, str]
    columns: tuple[str, ...]
    done: int | None = None
    wrong: list[RowError] = msgspec.field(default_factory=list)
    error: str = ""
