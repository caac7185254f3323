"""Contacts over the API."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.conversations import mixed
from hub.customers import accounts, addresses, contacts, merging, roles, tags
from hub.customers.contacts import ContactWithAddresses
from hub.merging import merge
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, NotFound
from hub.web.api.endpoints import Call, Endpoint, Page, Paging, limit_of, number_cursor
from hub.web.api.patching import given
from hub.web.api.shapes import AddressShape, ContactShape, Ref, RoleShape, ref


class ContactsQuery(Paging, frozen=True, kw_only=True):
    """GET /contacts: whose name or an address holds `q`; `account` an account's id."""

    q: str = ""
    account: int | None = None


class NewAddress(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An address somebody vouches for; `type` is email or phone."""

    type: str
    value: str


class GivenRole(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What they are at an account; `account` is its id."""

    role: str
    account: int


class NewContact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /contacts."""

    name: str = ""
    addresses: list[NewAddress] = []
    account: int | None = None
    language: str = ""
    job_title: str = ""
    external_id: str | None = None
    tags: list[str] = []
    roles: list[GivenRole] = []


class ContactChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """PATCH /contacts/{id}; `account` confirms it, null takes it away; `tags` and `roles` replace all of them."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    job_title: str | msgspec.UnsetType = msgspec.UNSET
    language: str | msgspec.UnsetType = msgspec.UNSET
    notes: str | msgspec.UnsetType = msgspec.UNSET
    account: int | msgspec.UnsetType | None = msgspec.UNSET
    tags: list[str] | msgspec.UnsetType = msgspec.UNSET
    roles: list[GivenRole] | msgspec.UnsetType = msgspec.UNSET


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
        return Page(await _shapes(tx, found[:most]), more)


async def read_contact(call: Call) -> ContactShape:
    """One person."""
    async with call.transaction() as tx:
        return await _shape(tx, await contacts.load(tx, call.id))


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
        await _sort(tx, made.contact.id, call, wanted.tags, wanted.roles)
        return await _shape(tx, made)


async def change_contact(call: Call) -> ContactShape:
    """Only what is given changes."""
    fields = given(call.body, account="account_id")
    tagged, sorted_ = fields.pop("tags", None), fields.pop("roles", None)
    async with call.transaction() as tx:
        if "account_id" in fields:
            await _known_account(tx, fields["account_id"])
        found = await contacts.load(tx, call.id)
        if fields or (tagged is None and sorted_ is None):
            found = await contacts.change(tx, call.id, agent_id=call.person.id, **fields)
        await _sort(tx, found.contact.id, call, tagged, sorted_)
        return await _shape(tx, found)


async def add_address(call: Call) -> ContactShape:
    """An address somebody vouches for."""
    wanted: NewAddress = call.body
    async with call.transaction() as tx:
        found = await contacts.load(tx, call.id)
        await addresses.prove(tx, found.contact.id, wanted.type, wanted.value, source="agent")
        return await _shape(tx, await contacts.load(tx, call.id))


async def merge_contact(call: Call) -> ContactShape:
    """They are the same person as another contact, who stays; it can be undone."""
    wanted: MergeInto = call.body
    async with call.transaction() as tx:
        done = await merge(tx, call.id, wanted.into, agent_id=call.person.id)
        return await _shape(tx, await contacts.load(tx, done.into_id))


async def unmerge_contact(call: Call) -> Unmerged:
    """They are a person of their own after all."""
    async with call.transaction() as tx:
        standing = await merging.standing(tx, call.id)
        done = await merging.unmerge(tx, standing.id, agent_id=call.person.id)
        found = await mixed.mixed(tx, call.person.id, done.members, done.into_id)
        return Unmerged(
            contact=await _shape(tx, await contacts.load(tx, done.contact_id)),
            other=await _shape(tx, await contacts.load(tx, done.into_id)),
            mixed=[Ref(one.id, one.subject) for one in found],
        )


async def _sort(
    tx: Tx, contact_id: int, call: Call, tagged: list[str] | None, sorted_: list[GivenRole] | None
) -> None:
    """Their tags and roles; None or nothing of nobody changes nothing."""
    if tagged is not None:
        await tags.replace(tx, contact_id, tagged, agent_id=call.person.id)
    if sorted_ is not None:
        wanted = [(one.account, one.role) for one in sorted_]
        await roles.put(tx, contact_id, wanted, agent_id=call.person.id)


async def _shape(tx: Tx, found: ContactWithAddresses) -> ContactShape:
    return (await _shapes(tx, [found]))[0]


async def _shapes(tx: Tx, found: Sequence[ContactWithAddresses]) -> list[ContactShape]:
    ids = [one.contact.id for one in found]
    tagged, sorted_ = await tags.of_contacts(tx, ids), await roles.of_contacts(tx, ids)
    return [
        contact_shape(one, tagged.get(id_, []), sorted_.get(id_, []))
        for id_, one in zip(ids, found, strict=True)
    ]


def contact_shape(
    found: ContactWithAddresses, tagged: Sequence[str], sorted_: Sequence[roles.Role]
) -> ContactShape:
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
        tags=list(tagged),
        roles=[RoleShape(role=one.role, account=Ref(one.account_id, one.account_name)) for one in sorted_],
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
