"""Accounts: the list (and those nobody owns), one account, its owner, deputy and domains."""

from __future__ import annotations

from urllib.parse import urlencode

import msgspec
from aiohttp import web

from hub.agents import people
from hub.agents.roles import may
from hub.conversations import of_customer
from hub.customers import accounts, contacts
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Conflict
from hub.plumbing.texts import _
from hub.web import shell
from hub.web.customers import purchased
from hub.web.customers.history import drawn
from hub.web.customers.views import AccountPage, AccountsPage
from hub.web.forms import form_of, number_of
from hub.web.requests import hub_of, id_of, person_of

PAGE = 50


class AccountForm(msgspec.Struct):
    """POST /accounts and /accounts/{id}; `owner` and `deputy` are agents' ids or empty."""

    name: str = ""
    relation: str = "client"
    tier: str = ""
    owner: str = ""
    deputy: str = ""
    notes: str = ""


class DomainForm(msgspec.Struct):
    """POST /accounts/{id}/domains and …/domains/remove."""

    domain: str = ""


async def show_all(request: web.Request) -> web.StreamResponse:
    """GET /accounts?q=&without_owner=1&after=."""
    return await _list(request)


async def add(request: web.Request) -> web.StreamResponse:
    """POST /accounts: a new account, then its page."""
    form = await form_of(request, AccountForm)
    try:
        async with hub_of(request).transaction() as tx:
            made = await accounts.create(
                tx,
                name=form.name,
                owner_id=_id(form.owner),
                deputy_id=_id(form.deputy),
                agent_id=person_of(request).id,
            )
    except (BadInput, Conflict) as error:
        return await _list(request, given={"name": form.name}, errors={error.field: error.message})
    raise web.HTTPSeeOther(f"/accounts/{made.id}")


async def show(request: web.Request) -> web.StreamResponse:
    """GET /accounts/{id}."""
    return await _page(request)


async def change(request: web.Request) -> web.StreamResponse:
    """POST /accounts/{id}: name, relation, tier, owner, deputy, notes."""
    form = await form_of(request, AccountForm)
    try:
        async with hub_of(request).transaction() as tx:
            await accounts.change(
                tx,
                id_of(request),
                agent_id=person_of(request).id,
                name=form.name,
                relation=form.relation,
                tier=form.tier,
                notes=form.notes,
                owner_id=_id(form.owner),
                deputy_id=_id(form.deputy),
            )
    except (BadInput, Conflict) as error:
        return await _page(request, {error.field: error.message}, form)
    raise web.HTTPSeeOther(f"/accounts/{id_of(request)}")


async def add_domain(request: web.Request) -> web.StreamResponse:
    """POST /accounts/{id}/domains: this mail domain suggests the account from now on."""
    person_of(request)
    form = await form_of(request, DomainForm)
    try:
        async with hub_of(request).transaction() as tx:
            await accounts.add_domain(tx, id_of(request), form.domain)
    except (BadInput, Conflict) as error:
        return await _page(request, {"domain": error.message}, form)
    raise web.HTTPSeeOther(f"/accounts/{id_of(request)}")


async def remove_domain(request: web.Request) -> web.StreamResponse:
    """POST /accounts/{id}/domains/remove."""
    person_of(request)
    form = await form_of(request, DomainForm)
    async with hub_of(request).transaction() as tx:
        await accounts.remove_domain(tx, id_of(request), form.domain)
    raise web.HTTPSeeOther(f"/accounts/{id_of(request)}")


async def _list(
    request: web.Request, *, given: dict[str, str] | None = None, errors: dict[str, str] | None = None
) -> web.StreamResponse:
    person = person_of(request)
    q, without_owner = request.query.get("q", "")[:200], request.query.get("without_owner") == "1"
    async with hub_of(request).transaction() as tx:
        found = await accounts.listed(
            tx, text=q, without_owner=without_owner, after=number_of(request, "after") or 0, most=PAGE + 1
        )
        agents = await _agents(tx)
    more = ""
    if len(found) > PAGE:
        query = {"q": q, "without_owner": "1" if without_owner else "", "after": found[PAGE - 1].id}
        more = "/accounts?" + urlencode({key: value for key, value in query.items() if value})
    page = AccountsPage(
        accounts=found[:PAGE],
        q=q,
        without_owner=without_owner,
        more=more,
        agents=agents,
        may_import=may(person, "import"),
        given=given or {},
        errors=errors or {},
    )
    return await shell.page(request, "customers/accounts.html", page, current="accounts")


async def _page(
    request: web.Request, errors: dict[str, str] | None = None, form: msgspec.Struct | None = None
) -> web.StreamResponse:
    person = person_of(request)
    async with hub_of(request).transaction() as tx:
        account = await accounts.load(tx, id_of(request))
        page = AccountPage(
            account=account,
            people=await contacts.listed(tx, account_id=account.id, most=100),
            lines=drawn(await of_customer.of_account(tx, person.id, account.id)),
            agents=await _agents(tx),
            relations=[(key, _(name)) for key, name in accounts.RELATIONS.items()],
            purchases=await purchased.of_account(tx, account.id),
            typed={} if form is None else msgspec.structs.asdict(form),
            errors=errors or {},
        )
    return await shell.page(request, "customers/account.html", page, current="accounts")


async def _agents(tx: Tx) -> list[tuple[str, str]]:
    return [("", _("Nobody")), *((str(one.id), one.name) for one in await people.every(tx))]


def _id(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
