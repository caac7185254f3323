"""Contacts over the API."""

from __future__ import annotations

import msgspec

from hub.conversations import mixed
from hub.customers import accounts, addresses, contacts, merging
from hub.customers.contacts import ContactWithAddresses
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, NotFound
from hub.web.api.endpoints import Call, Endpoint, Page, Paging, limit_of, number_cursor
from hub.web.api.patching import given
from hub.web.api.shapes import AddressShape, ContactShape, Ref, ref


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


class MergeInto(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /contacts/{id}/merge: the contact they really are."""

    into: int


class Unmerged(msgspec.Struct, frozen=True, kw_only=True):
    """Two people again. `mixed`: conversations with messages of both, which stay as they are, by id and subject."""

    contact: ContactShape
    other: ContactShape
    mixed: list[Ref]


async def list_contacts(call: Call) -> Page[ContactShape]:
    """People, by id."""
    asked: ContactsQuery = call.query
    most = limit_of(asked)
    async with call.transaction() as tx:
        found = await contacts.listed(
            tx, text=asked.q, account_id=asked.account, after=number_cursor(asked), most=most + 1
        )
    more = str(found[most - 1].contact.id) if len(found) > most else None
    return Page([contact_shape(one) for one in found[:most]], more)


async def read_contact(call: Call) -> ContactShape:
    """One person."""
    async with call.transaction() as tx:
        return contact_shape(await contacts.load(tx, call.id))


async def add_contact(call: Call) -> ContactShape:
    """A new person."""
    wanted: NewContact = call.body
    async with call.transaction() as tx:
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
    fields = given(call.body, account="account_id")
    async with call.transaction() as tx:
        if fields.get("account_id"):
            await _known_account(tx, fields["account_id"])
        return contact_shape(await contacts.change(tx, call.id, agent_id=call.person.id, **fields))


async def add_address(call: Call) -> ContactShape:
    """An address somebody vouches for."""
    wanted: NewAddress = call.body
    async with call.transaction() as tx:
        found = await contacts.load(tx, call.id)
        await addresses.prove(tx, found.contact.id, wanted.type, wanted.value, source="agent")
        return contact_shape(await contacts.load(tx, call.id))


async def merge_contact(call: Call) -> ContactShape:
    """They are the same person as another contact, who stays; it can be undone."""
    wanted: MergeInto = call.body
    async with call.transaction() as tx:
        done = await merging.merge(tx, call.id, wanted.into, agent_id=call.person.id)
        return contact_shape(await contacts.load(tx, done.into_id))


async def unmerge_contact(call: Call) -> Unmerged:
    """They are a person of their own after all."""
    async with call.transaction() as tx:
        standing = await merging.standing(tx, call.id)
        done = await merging.unmerge(tx, standing.id, agent_id=call.person.id)
        found = await mixed.mixed(tx, call.person.id, done.members, done.into_id)
        return Unmerged(
            contact=contact_shape(await contacts.load(tx, done.contact_id)),
            other=contact_shape(await contacts.load(tx, done.into_id)),
            mixed=[Ref(one.id, one.subject) for one in found],
        )


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
        addresses=[msgspec.convert(one, AddressShape, from_attributes=True) for one in found.addresses],
        notes=contact.notes,
    )


async def _known_account(tx: Tx, account_id: int | None) -> int | None:
    if account_id is None:
        return None
    try:
        return (await accounts.load(tx, account_id)).id
    except NotFound as error:
        raise BadInput(error.message, field="account") from error


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
        method="POST",
        path="/contacts/{id}/merge",
        summary="Merge a contact into the one they really are",
        handler=merge_contact,
        body=MergeInto,
        answer=ContactShape,
    ),
    Endpoint(
        method="DELETE",
        path="/contacts/{id}/merge",
        summary="Undo the merge of a contact",
        handler=unmerge_contact,
        answer=Unmerged,
    ),
]
