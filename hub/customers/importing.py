"""Accounts and contacts from a CSV file: what is right goes in, what is wrong is named by row and field."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from hub.customers import accounts
from hub.customers.importing_deciding import decide
from hub.customers.importing_files import WRONG, Row, sheet, whole
from hub.customers.importing_people import People, look_up, person
from hub.customers.importing_storing import store
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, HubError
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _

MOST_BYTES = 200_000_000
AT_ONCE = 500
"""People of one transaction."""
ACCOUNT_COLUMNS = ("external_id", "name", "kind", "relation", "tier", "owner", "deputy", "domains", "notes")
CONTACT_COLUMNS = (
    "external_id",
    "name",
    "email",
    "phone",
    "account",
    "role",
    "tags",
    "language",
    "job_title",
)


class RowError(msgspec.Struct, frozen=True):
    """What is wrong with one row; `row` counts from 1 at the header, as a spreadsheet does."""

    row: int
    field: str
    message: str


class Imported(msgspec.Struct):
    """How many rows made or changed something, and what was wrong with the others."""

    done: int = 0
    errors: list[RowError] = []


Store = Callable[[Tx, Row], Awaitable[None]]


async def import_accounts(
    hub: Hub, path: Path, *, progress: Callable[[int], None] = lambda n: None
) -> Imported:
    """Accounts with owner and deputy given by the agents' email; a known external_id is changed, not doubled."""
    return await bring_in(hub, read(path, ACCOUNT_COLUMNS, ("name",)), _store_account, progress)


async def import_contacts(
    hub: Hub, path: Path, *, progress: Callable[[int], None] = lambda n: None
) -> Imported:
    """Contacts with email, phone, tags (several with | between), account (external_id or exact name), role there.

    What is known of a person is changed, tags and roles are added; an empty cell says nothing.
    """
    imported, rows = Imported(), read(path, CONTACT_COLUMNS, ())
    while batch := list(islice(rows, AT_ONCE)):
        errors = await hub.retrying(partial(_store_people, rows=batch))
        imported.errors += errors
        imported.done += len(batch) - len(errors)
        progress(len(batch))
    return imported


async def _store_people(tx: Tx, rows: Sequence[tuple[int, Row]]) -> list[RowError]:
    """Those that are right, together; what is wrong with the others."""
    said, errors = [], []
    for number, row in rows:
        try:
            said.append((number, person(whole(row))))
        except HubError as error:
            errors.append(RowError(number, error.field, error.message))
    people = People()
    await look_up(tx, people, [one for _number, one in said])
    for number, one in said:
        try:
            decide(people, one)
        except HubError as error:
            errors.append(RowError(number, error.field, error.message))
    await store(tx, people)
    return sorted(errors, key=lambda error: error.row)


async def bring_in(
    hub: Hub, rows: Iterator[tuple[int, Row]], store_row: Store, progress: Callable[[int], None]
) -> Imported:
    """Each row in a savepoint of its own, 200 rows a transaction: one bad row never takes others along."""
    imported = Imported()
    batch: list[tuple[int, Row]] = []
    for numbered in rows:
        batch.append(numbered)
        if len(batch) == 200:
            await _store_batch(hub, batch, store_row, imported)
            progress(len(batch))
            batch = []
    await _store_batch(hub, batch, store_row, imported)
    progress(len(batch))
    return imported


async def _store_batch(hub: Hub, batch: list[tuple[int, Row]], store_row: Store, imported: Imported) -> None:
    async with hub.transaction() as tx:
        for number, row in batch:
            try:
                async with tx.connection.transaction():
                    await store_row(tx, whole(row))
                imported.done += 1
            except HubError as error:
                imported.errors.append(RowError(number, error.field, error.message))


def read(path: Path, allowed: tuple[str, ...], needed: tuple[str, ...]) -> Iterator[tuple[int, Row]]:
    """Rows of a CSV file with their numbers, as `sheet` reads them; headings in any case, nameless columns left out.

    Where the file can be read no further, the last row says so. Raises BadInput for what makes all of it unusable.
    """
    if path.stat().st_size > MOST_BYTES:
        raise BadInput(_("The file is larger than %(most)s MB: split it.", most=MOST_BYTES // 1_000_000))
    headings, rows = sheet(path)
    names = [name.lower() for name in headings if name]
    unknown = [name for name in names if name not in allowed]
    missing = [name for name in needed if name not in names]
    twice = sorted({name for name in names if names.count(name) > 1})
    if not names:
        raise BadInput(_("The file is empty."), field="file")
    if unknown or missing:
        raise BadInput(
            _(
                "Row 1: unknown columns: %(unknown)s; missing: %(missing)s; allowed: %(allowed)s.",
                unknown=", ".join(unknown)[:200] or "-",
                missing=", ".join(missing) or "-",
                allowed=", ".join(allowed),
            ),
            field="columns",
        )
    if twice:
        raise BadInput(_("Two columns are called %(names)s.", names=", ".join(twice)), field="columns")
    number = 1
    try:
        for number, row in rows:
            yield number, {name.lower(): value for name, value in row.items()}
    except BadInput as error:
        yield number + 1, {WRONG: error.message}


async def _store_account(tx: Tx, row: Row) -> None:
    fields: dict[str, Any] = {"name": row["name"]}
    for column in ("owner", "deputy"):
        if column in row:  # a file without the column says nothing about it; an empty cell says nobody
            fields[f"{column}_id"] = await _agent(tx, row[column], column)
    fields |= {name: row[name] for name in ("kind", "relation", "tier", "notes") if row.get(name)}
    known = await known_id(tx, "SELECT id FROM account WHERE external_id = $1", row.get("external_id", ""))
    if known is None:
        made = await accounts.create(tx, external_id=row.get("external_id") or None, **fields)
        known = made.id
    else:
        await accounts.change(tx, known, **fields)
    for domain in row.get("domains", "").replace(",", " ").replace("|", " ").split():
        await accounts.add_domain(tx, known, domain)


async def known_id(tx: Tx, sql: str, *values: str) -> int | None:
    """The id a constant statement finds, or None; an empty first value finds nothing."""
    found: int | None = await tx.value(sql, *values) if values[-1] else None
    return found


async def _agent(tx: Tx, email: str, field: str) -> int | None:
    if not email:
        return None
    found: int | None = await tx.value("SELECT id FROM agent WHERE email = lower($1) AND active", email)
    if found is None:
        raise BadInput(_("There is no active agent with the email %(email)s.", email=email), field=field)
    return found


async def account_named(tx: Tx, name: str) -> int | None:
    """The account with this external id or exact name; None for an empty cell. Raises BadInput(account)."""
    if not name:
        return None
    found = await tx.fetch("SELECT id FROM account WHERE external_id = $1 OR name = $1 LIMIT 2", name)
    if len(found) != 1:
        words = (
            _("There is no account %(name)s.", name=name)
            if not found
            else _("Several accounts match %(name)s.", name=name)
        )
        raise BadInput(words, field="account")
    return int(found[0]["id"])
