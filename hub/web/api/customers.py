"""Contacts and accounts over the API."""

from __future__ import annotations

from typing import Any

import msgspec

from hub.customers import accounts, addresses, contacts
from hub.customers.accounts import Account
from hub.customers.contacts import ContactWithAddresses
from hub.plumbing.errors import BadInput, NotFound
from hub.plumbing.texts import _
from hub.web.api.endpoints import Call, Endpoint, Page, Paging, limit_of, number_cursor
from hub.web.api.shapes import AccountShape, AddressShape, ContactShape, ref


class ContactsQuery(Paging, frozen=True, kw_only=True):
    """GET /contacts: whose name or an address holds `q`; `account` an account's id."""

    q: str = ""
    account: int | None = None


class NewAddress(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An address somebody vouches for; `type` is email or phone."""

    type: str
    value: str


class NewContact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /contacts."""

    name: str = ""
    addresses: list[NewAddress] = []
    account: int | None = None
    language: str = ""
    job_title: str = ""
    external_id: str | None = None


class ContactChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """PATCH /contacts/{id}; `account` confirms it, null takes it away."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    job_title: str | msgspec.UnsetType = msgspec.UNSET
    language: str | msgspec.UnsetType = msgspec.UNSET
    notes: str | msgspec.UnsetType = msgspec.UNSET
    account: int | msgspec.UnsetType | None = msgspec.UNSET


class AccountsQuery(Paging, frozen=True, kw_only=True):
    """GET /accounts: whose name holds `q`, of one `owner`, or `without_owner=true`."""

    q: str = ""
    owner: int | None = None
    without_owner: bool = False


class NewAccount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /accounts; `owner` and `deputy` are agents' ids."""

    name: str
    kind: str = "organisation"
    relation: str = "client"
    tier: str = ""
    external_id: str | None = None
    owner: int | None = None
    deputy: int | None = None
    domains: list[str] = []
    notes: str = ""


class AccountChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """PATCH /accounts/{id}; `domains` replaces the whole list."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    kind: str | msgspec.UnsetType = msgspec.UNSET
    relation: str | msgspec.UnsetType = msgspec.UNSET
    tier: str | msgspec.UnsetType = msgspec.UNSET
    owner: int | msgspec.UnsetType | None = msgspec.UNSET
    deputy: int | msgspec.UnsetType | None = msgspec.UNSET
    domains: list[str] | msgspec.UnsetType = msgspec.UNSET
    notes: str | msgspec.UnsetType = msgspec.UNSET


async def list_contacts(call: Call) -> Page[ContactShape]:
    """People, by id."""
    asked: ContactsQuery = call.query
    most = limit_of(asked)
    async with call.hub.transaction() as tx:
        found = await contacts.listed(
            tx, text=asked.q, account_id=asked.account, after=number_cursor(asked), most=most + 1
        )
    more = str(found[most - 1].contact.id) if len(found) > most else None
    return Page([contact_shape(one) for one in found[:most]], more)


async def read_contact(call: Call) -> ContactShape:
    """One person."""
    async with call.hub.transaction() as tx:
        return contact_shape(await contacts.load(tx, call.id))


async def add_contact(call: Call) -> ContactShape:
    """A new person."""
    wanted: NewContact = call.body
    async with call.hub.transaction() as tx:
        made = await contacts.create(
            tx,
            name=wanted.name,
            addresses=[(one.type, one.value) for one in wanted.addresses],
            agent_id=call.person.id,
            account_id=await _known_account(tx, wanted.account),
            language=wanted.language,
            job_title=wanted.job_title,
            external_id=wanted.external_id,
        )
    return contact_shape(made)


async def change_contact(call: Call) -> ContactShape:
    """Only what is given changes."""
    fields = _given(call.body, account="account_id")
    async with call.hub.transaction() as tx:
        if fields.get("account_id"):
            await _known_account(tx, fields["account_id"])
        return contact_shape(await contacts.change(tx, call.id, agent_id=call.person.id, **fields))


async def add_address(call: Call) -> ContactShape:
    """An address somebody vouches for."""
    wanted: NewAddress = call.body
    async with call.hub.transaction() as tx:
        found = await contacts.load(tx, call.id)
        await addresses.prove(tx, found.contact.id, wanted.type, wanted.value, source="agent")
        return contact_shape(await contacts.load(tx, call.id))


async def list_accounts(call: Call) -> Page[AccountShape]:
    """Customers, by id."""
    asked: AccountsQuery = call.query
    most = limit_of(asked)
    async with call.hub.transaction() as tx:
        found = await accounts.listed(
            tx,
            text=asked.q,
            owner_id=asked.owner,
            without_owner=asked.without_owner,
            after=number_cursor(asked),
            most=most + 1,
        )
    return Page(
        [account_shape(one) for one in found[:most]], str(found[most - 1].id) if len(found) > most else None
    )


async def read_account(call: Call) -> AccountShape:
    """One customer."""
    async with call.hub.transaction() as tx:
        return account_shape(await accounts.load(tx, call.id))


async def add_account(call: Call) -> AccountShape:
    """A new customer."""
    wanted: NewAccount = call.body
    async with call.hub.transaction() as tx:
        await _known_agents(tx, {"owner": wanted.owner, "deputy": wanted.deputy})
        made = await accounts.create(
            tx,
            name=wanted.name,
            agent_id=call.person.id,
            kind=wanted.kind,
            relation=wanted.relation,
            tier=wanted.tier,
            external_id=wanted.external_id,
            owner_id=wanted.owner,
            deputy_id=wanted.deputy,
            domains=tuple(wanted.domains),
            notes=wanted.notes,
        )
    return account_shape(made)


async def change_account(call: Call) -> AccountShape:
    """Only what is given changes."""
    fields = _given(call.body, owner="owner_id", deputy="deputy_id")
    domains = fields.pop("domains", None)
    async with call.hub.transaction() as tx:
        await _known_agents(tx, {"owner": fields.get("owner_id"), "deputy": fields.get("deputy_id")})
        before = await accounts.change(tx, call.id, agent_id=call.person.id, **fields)
        for domain in domains if domains is not None else []:
            await accounts.add_domain(tx, call.id, domain)
        for domain in before.domains if domains is not None else []:
            if domain not in [one.strip().lower() for one in domains]:
                await accounts.remove_domain(tx, call.id, domain)
        return account_shape(await accounts.load(tx, call.id))


def contact_shape(found: ContactWithAddresses) -> ContactShape:
    """A person as the API shows them."""
    contact = found.contact
    return ContactShape(
        id=contact.id,
        name=contact.name,
        job_title=contact.job_title,
        language=contact.language,
        external_id=contact.external_id,
        account=ref(contact.account_id, contact.account_name),
        account_standing=contact.account_standing,
        addresses=[
            AddressShape(
                id=one.id,
                type=one.type,
                value=one.value,
                verified=one.verified,
                usable=one.usable,
                why_not=one.why_not,
                shared=one.shared,
            )
            for one in found.addresses
        ],
        notes=contact.notes,
    )


def account_shape(account: Account) -> AccountShape:
    """A customer as the API shows it."""
    return AccountShape(
        id=account.id,
        name=account.name,
        kind=account.kind,
        relation=account.relation,
        tier=account.tier,
        external_id=account.external_id,
        owner=ref(account.owner_id, account.owner_name),
        deputy=ref(account.deputy_id, account.deputy_name),
        domains=account.domains,
        notes=account.notes,
    )


def _given(body: msgspec.Struct, **columns: str) -> dict[str, Any]:
    """The fields a PATCH really gave, named as the room's verb names them."""
    values = {name: getattr(body, name) for name in body.__struct_fields__}
    return {columns.get(name, name): value for name, value in values.items() if value is not msgspec.UNSET}


async def _known_account(tx: Any, account_id: int | None) -> int | None:
    if account_id is None:
        return None
    try:
        return (await accounts.load(tx, account_id)).id
    except NotFound as error:
        raise BadInput(error.message, field="account") from error


async def _known_agents(tx: Any, wanted: dict[str, int | None]) -> None:
    for field, agent_id in wanted.items():
        if agent_id is not None and not await tx.value("SELECT active FROM agent WHERE id = $1", agent_id):
            raise BadInput(_("There is no active agent with this id."), field=field)


ENDPOINTS = [
    Endpoint(
        method="GET",
        path="/contacts",
        summary="All contacts",
        handler=list_contacts,
        query=ContactsQuery,
        answer=Page[ContactShape],
    ),
    Endpoint(
        method="GET", path="/contacts/{id}", summary="One contact", handler=read_contact, answer=ContactShape
    ),
    Endpoint(
        method="POST",
        path="/contacts",
        summary="Add one contact",
        handler=add_contact,
        body=NewContact,
        answer=ContactShape,
        status=201,
    ),
    Endpoint(
        method="PATCH",
        path="/contacts/{id}",
        summary="Change one contact",
        handler=change_contact,
        body=ContactChange,
        answer=ContactShape,
    ),
    Endpoint(
        method="POST",
        path="/contacts/{id}/addresses",
        summary="Give a contact a proven address",
        handler=add_address,
        body=NewAddress,
        answer=ContactShape,
        status=201,
    ),
    Endpoint(
        method="GET",
        path="/accounts",
        summary="All accounts",
        handler=list_accounts,
        query=AccountsQuery,
        answer=Page[AccountShape],
    ),
    Endpoint(
        method="GET", path="/accounts/{id}", summary="One account", handler=read_account, answer=AccountShape
    ),
    Endpoint(
        method="POST",
        path="/accounts",
        summary="Add one account",
        handler=add_account,
        body=NewAccount,
        answer=AccountShape,
        status=201,
    ),
    Endpoint(
        method="PATCH",
        path="/accounts/{id}",
        summary="Change one account",
        handler=change_account,
        body=AccountChange,
        answer=AccountShape,
    ),
]
