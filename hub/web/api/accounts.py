"""Accounts over the API."""

from __future__ import annotations

import msgspec

from hub.customers import accounts
from hub.customers.accounts import Account
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import _
from hub.web.api.endpoints import Call, Endpoint, Page, Paging, limit_of, number_cursor
from hub.web.api.patching import given
from hub.web.api.shapes import AccountShape, ref


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


async def list_accounts(call: Call) -> Page[AccountShape]:
    """Customers, by id."""
    asked: AccountsQuery = call.query
    most = limit_of(asked)
    async with call.transaction() as tx:
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
    async with call.transaction() as tx:
        return account_shape(await accounts.load(tx, call.id))


async def add_account(call: Call) -> AccountShape:
    """A new customer."""
    wanted: NewAccount = call.body
    async with call.transaction() as tx:
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
    fields = given(call.body, owner="owner_id", deputy="deputy_id")
    domains = fields.pop("domains", None)
    async with call.transaction() as tx:
        await _known_agents(tx, {"owner": fields.get("owner_id"), "deputy": fields.get("deputy_id")})
        before = await accounts.change(tx, call.id, agent_id=call.person.id, **fields)
        for domain in domains if domains is not None else []:
            await accounts.add_domain(tx, call.id, domain)
        for domain in before.domains if domains is not None else []:
            if domain not in [one.strip().lower() for one in domains]:
                await accounts.remove_domain(tx, call.id, domain)
        return account_shape(await accounts.load(tx, call.id))


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


async def _known_agents(tx: Tx, wanted: dict[str, int | None]) -> None:
    for field, agent_id in wanted.items():
        if agent_id is not None and not await tx.value("SELECT active FROM agent WHERE id = $1", agent_id):
            raise BadInput(_("There is no active agent with this id."), field=field)


ENDPOINTS = [
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
