"""Contacts: the list with search, and one person with addresses, claims and conversations."""

from __future__ import annotations

from urllib.parse import urlencode

import msgspec
from aiohttp import web

from hub.agents.roles import may
from hub.campaigns import follow_ups
from hub.conversations import of_customer
from hub.customers import accounts, addresses, consent, contact_hours, contacts, interests, merging
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Conflict
from hub.plumbing.texts import LANGUAGES, _
from hub.web import shell
from hub.web.customers import purchased
from hub.web.customers.history import drawn
from hub.web.customers.views import ContactPage, ContactsPage, Wished
from hub.web.forms import form_of, number_of
from hub.web.requests import hub_of, id_of, person_of

PAGE = 50


class ContactForm(msgspec.Struct):
    """POST /contacts/{id}; `account` is an account's name, or empty for none."""

    name: str = ""
    job_title: str = ""
    language: str = ""
    account: str = ""
    notes: str = ""


class AddressForm(msgspec.Struct):
    """POST /contacts/{id}/addresses: an address the agent vouches for."""

    type: str = ""
    value: str = ""


async def show_all(request: web.Request) -> web.StreamResponse:
    """GET /contacts?q=&after=."""
    person = person_of(request)
    q = request.query.get("q", "")[:200]
    async with hub_of(request).transaction() as tx:
        found = await contacts.listed(tx, text=q, after=number_of(request, "after") or 0, most=PAGE + 1)
    more = ""
    if len(found) > PAGE:
        query = {"q": q, "after": found[PAGE - 1].contact.id}
        more = "/contacts?" + urlencode({key: value for key, value in query.items() if value})
    page = ContactsPage(contacts=found[:PAGE], q=q, more=more, may_import=may(person, "import"))
    return await shell.page(request, "customers/contacts.html", page, current="contacts")


async def show(request: web.Request) -> web.StreamResponse:
    """GET /contacts/{id}."""
    return await page_of(request)


async def change(request: web.Request) -> web.StreamResponse:
    """POST /contacts/{id}: name, job title, language, account, notes."""
    form = await form_of(request, ContactForm)
    try:
        async with hub_of(request).transaction() as tx:
            before = (await contacts.load(tx, id_of(request))).contact
            fields = {"name": form.name, "job_title": form.job_title, "notes": form.notes}
            if form.language in ("", *LANGUAGES):
                fields["language"] = form.language
            wanted = await _account(tx, form.account)
            moved = {} if wanted == before.account_id else {"account_id": wanted}
            await contacts.change(tx, before.id, agent_id=person_of(request).id, **fields, **moved)
    except (BadInput, Conflict) as error:
        return await page_of(request, {error.field: error.message}, form)
    raise web.HTTPSeeOther(f"/contacts/{id_of(request)}")


async def add_address(request: web.Request) -> web.StreamResponse:
    """POST /contacts/{id}/addresses."""
    person_of(request)
    form = await form_of(request, AddressForm)
    try:
        async with hub_of(request).transaction() as tx:
            found = await contacts.load(tx, id_of(request))
            await addresses.prove(tx, found.contact.id, form.type, form.value, source="agent")
    except (BadInput, Conflict) as error:
        return await page_of(request, {"value": error.message}, form)
    raise web.HTTPSeeOther(f"/contacts/{id_of(request)}")


async def page_of(
    request: web.Request, errors: dict[str, str] | None = None, form: msgspec.Struct | None = None
) -> web.StreamResponse:
    """The page of one contact; `form`: what was typed and refused, which nobody types twice."""
    person = person_of(request)
    async with hub_of(request).transaction() as tx:
        found = await contacts.load(tx, id_of(request))
        page = ContactPage(
            found=found,
            claims=await addresses.claims_of(tx, found.contact.id),
            lines=drawn(await of_customer.of_contact(tx, person.id, found.contact.id)),
            account=found.contact.account_name or "",
            wishes=await _wishes(tx, found),
            hours=await _hours(tx, found.contact.id),
            purposes=[(code, _(name)) for code, name in consent.PURPOSES.items()],
            merges=await merging.of_contact(tx, found.contact.id),
            may_erase=may(person, "erase"),
            purchases=await purchased.of_contact(tx, found.contact.id),
            markets=may(person, "run_campaigns"),
            campaigns=await follow_ups.of_contact(tx, found.contact.id),
            typed={} if form is None else msgspec.structs.asdict(form),
            errors=errors or {},
        )
    return await shell.page(request, "customers/contact.html", page, current="contacts")


async def _wishes(tx: Tx, found: contacts.ContactWithAddresses) -> list[Wished]:
    standing = await consent.standing(tx, found.contact.id)
    told = [
        Wished(
            address=address.value,
            purpose=_(consent.PURPOSES[one.purpose]),
            granted=one.granted,
            where=one.channel_name or _("everywhere"),
            at=one.at,
            why=consent.why(one),
        )
        for address in found.addresses
        for one in standing.get(address.id, [])
    ]
    named = {one.id: one.value for one in found.addresses}
    return told + [
        Wished(
            address=named[one.address_id],
            purpose=one.interest.name,
            granted=False,
            where=_("everywhere"),
            at=one.at,
            why=_("they chose it on their preference page"),
        )
        for one in await interests.refusals(tx, list(named))
    ]


async def _hours(tx: Tx, contact_id: int) -> str:
    hours = (await contact_hours.of_contacts(tx, [contact_id])).get(contact_id)
    return contact_hours.words(hours) if hours else ""


async def _account(tx: Tx, name: str) -> int | None:
    if not name.strip():
        return None
    found = [one for one in await accounts.listed(tx, text=name.strip(), most=50) if one.name == name.strip()]
    if len(found) != 1:
        raise BadInput(_("Write the account's whole name, as in the list."), field="account")
    return found[0].id
