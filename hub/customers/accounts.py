"""The customers: organisations, households and single persons, with their owner, deputy and mail domains."""

from __future__ import annotations

from typing import Any

import msgspec

from hub.customers.free_mail import is_free
from hub.plumbing import history
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Conflict, NotFound
from hub.plumbing.texts import N_, _

KINDS = {
    "organisation": N_("Organisation"),
    "household": N_("Household"),
    "person": N_("A single person"),
}
RELATIONS = {
    "client": N_("Client"),
    "prospect": N_("Prospect"),
    "supplier": N_("Supplier"),
    "competitor": N_("Competitor"),
    "partner": N_("Partner"),
}


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """One customer; the people who look after it by id and name."""

    id: int
    name: str
    kind: str
    relation: str
    external_id: str | None
    tier: str
    notes: str
    owner_id: int | None
    owner_name: str | None
    deputy_id: int | None
    deputy_name: str | None
    domains: list[str]


SELECTED = """
    SELECT a.id, a.name, a.kind, a.relation, a.external_id, a.tier, a.notes, a.owner_id, o.name AS owner_name,
           a.deputy_id, d.name AS deputy_name,
           ARRAY(SELECT domain FROM account_domain x WHERE x.account_id = a.id ORDER BY domain) AS domains
    FROM account a LEFT JOIN agent o ON o.id = a.owner_id LEFT JOIN agent d ON d.id = a.deputy_id
"""


async def load(tx: Tx, account_id: int) -> Account:
    """One account. Raises NotFound."""
    found = await tx.row(Account, f"{SELECTED} WHERE a.id = $1", account_id)
    if found is None:
        raise NotFound(_("There is no such account."))
    return found


async def listed(
    tx: Tx,
    *,
    text: str = "",
    owner_id: int | None = None,
    without_owner: bool = False,
    after: int = 0,
    most: int = 50,
) -> list[Account]:
    """Accounts by id after `after`: whose name holds `text`, of one owner, or those nobody owns."""
    return await tx.rows(
        Account,
        f"""
        {SELECTED}
        WHERE a.id > $1 AND ($2 = '' OR plain(a.name) LIKE '%' || plain($2) || '%')
          AND ($3::bigint IS NULL OR a.owner_id = $3) AND (NOT $4 OR a.owner_id IS NULL)
        ORDER BY a.id LIMIT $5
        """,
        after,
        text.replace("\\", "").replace("%", r"\%").replace("_", r"\_"),
        owner_id,
        without_owner,
        most,
    )


async def create(
    tx: Tx,
    *,
    name: str,
    agent_id: int | None = None,
    kind: str = "organisation",
    relation: str = "client",
    tier: str = "",
    external_id: str | None = None,
    owner_id: int | None = None,
    deputy_id: int | None = None,
    domains: tuple[str, ...] = (),
    notes: str = "",
) -> Account:
    """A new account. Raises BadInput naming the field."""
    _check(name, kind, relation, owner_id, deputy_id)
    id_: int | None = await tx.value(
        """
        INSERT INTO account (name, kind, relation, tier, external_id, owner_id, deputy_id, notes)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (external_id) DO NOTHING RETURNING id
        """,
        name.strip()[:200],
        kind,
        relation,
        tier.strip()[:50],
        external_id or None,
        owner_id,
        deputy_id,
        notes[:10_000],
    )
    if id_ is None:
        raise Conflict(_("Another account has the external id %(id)s.", id=external_id), field="external_id")
    for domain in domains:
        await add_domain(tx, id_, domain)
    await history.record(tx, "account_created", agent_id=agent_id, account_id=id_)
    return await load(tx, id_)


async def change(tx: Tx, account_id: int, *, agent_id: int | None = None, **fields: Any) -> Account:
    """Change name, kind, relation, tier, notes, owner_id or deputy_id; other fields are not touched.

    Raises NotFound, BadInput naming the field.
    """
    await tx.execute("SELECT id FROM account WHERE id = $1 FOR NO KEY UPDATE", account_id)
    now = msgspec.structs.replace(await load(tx, account_id), **fields)
    _check(now.name, now.kind, now.relation, now.owner_id, now.deputy_id)
    await tx.execute(
        """
        UPDATE account SET name = $2, kind = $3, relation = $4, tier = $5, notes = $6, owner_id = $7, deputy_id = $8
        WHERE id = $1
        """,
        account_id,
        now.name.strip()[:200],
        now.kind,
        now.relation,
        now.tier.strip()[:50],
        now.notes[:10_000],
        now.owner_id,
        now.deputy_id,
    )
    await history.record(
        tx, "account_changed", agent_id=agent_id, account_id=account_id, fields=sorted(fields)
    )
    tx.signal("account", account_id, [f"account:{account_id}"])
    return await load(tx, account_id)


async def add_domain(tx: Tx, account_id: int, domain: str) -> None:
    """Let a mail domain suggest this account. Raises BadInput for free mail, Conflict when another has it."""
    plain = domain.strip().lower().lstrip("@").rstrip(".")
    if not 3 < len(plain) < 254 or "." not in plain or any(c in plain for c in " /@,;:"):
        raise BadInput(
            _("“%(domain)s” is not a mail domain; write it like acme.es", domain=plain), field="domain"
        )
    if is_free(plain):
        raise BadInput(_("Anybody can have an address at %(domain)s.", domain=plain), field="domain")
    await tx.execute(
        "INSERT INTO account_domain (domain, account_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        plain,
        account_id,
    )
    holder = await tx.value("SELECT account_id FROM account_domain WHERE domain = $1", plain)
    if holder != account_id:
        raise Conflict(_("%(domain)s already belongs to another account.", domain=plain), field="domain")


async def remove_domain(tx: Tx, account_id: int, domain: str) -> None:
    """The domain no longer suggests this account; confirmed people stay."""
    await tx.execute(
        "DELETE FROM account_domain WHERE account_id = $1 AND domain = $2", account_id, domain.lower()
    )


def _check(name: str, kind: str, relation: str, owner_id: int | None, deputy_id: int | None) -> None:
    if not name.strip():
        raise BadInput(_("The account needs a name."), field="name")
    if kind not in KINDS:
        raise BadInput(_("Use one of: %(allowed)s.", allowed=", ".join(KINDS)), field="kind")
    if relation not in RELATIONS:
        raise BadInput(_("Use one of: %(allowed)s.", allowed=", ".join(RELATIONS)), field="relation")
    if owner_id is not None and owner_id == deputy_id:
        raise BadInput(_("The deputy must be somebody else than the owner."), field="deputy_id")
