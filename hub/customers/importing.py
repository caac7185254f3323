"""Accounts and contacts from a CSV file: what is right goes in, what is wrong is named by row and field."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

import msgspec

from hub.customers import accounts, contacts, roles, tags
from hub.customers.addresses import normalised, prove
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, HubError
from hub.plumbing.hub import Hub
from hub.plumbing.sheets import original
from hub.plumbing.texts import _

MOST_BYTES = 200_000_000
MOST_FIELD = 10_000
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


Row = dict[str, str]
Source = bytes | Path
"""A CSV file: its bytes, or where it lies."""
Store = Callable[[Tx, Row], Awaitable[None]]


async def import_accounts(
    hub: Hub, path: Path, *, progress: Callable[[int], None] = lambda n: None
) -> Imported:
    """Accounts with owner and deputy given by the agents' email; a known external_id is changed, not doubled."""
    return await bring_in(hub, read(path, ACCOUNT_COLUMNS, ("name",)), _store_account, progress)


async def import_contacts(
    hub: Hub, path: Path, *, progress: Callable[[int], None] = lambda n: None
) -> Imported:
    """Contacts with email, phone, tags (several with | between), account (external_id or exact name), role there."""
    return await bring_in(hub, read(path, CONTACT_COLUMNS, ()), _store_contact, progress)


async def bring_in(
    hub: Hub, rows: Iterator[tuple[int, Row]], store: Store, progress: Callable[[int], None]
) -> Imported:
    """Each row in a savepoint of its own, 200 rows a transaction: one bad row never takes others along."""
    imported = Imported()
    batch: list[tuple[int, Row]] = []
    for numbered in rows:
        batch.append(numbered)
        if len(batch) == 200:
            await _store_batch(hub, batch, store, imported)
            progress(len(batch))
            batch = []
    await _store_batch(hub, batch, store, imported)
    progress(len(batch))
    return imported


async def _store_batch(hub: Hub, batch: list[tuple[int, Row]], store: Store, imported: Imported) -> None:
    async with hub.transaction() as tx:
        for number, row in batch:
            try:
                async with tx.connection.transaction():
                    await store(tx, row)
                imported.done += 1
            except HubError as error:
                imported.errors.append(RowError(number, error.field, error.message))


def read(path: Path, allowed: tuple[str, ...], needed: tuple[str, ...]) -> Iterator[tuple[int, Row]]:
    """Rows of a CSV file with their numbers, as `sheet` reads them; headings in any case.

    Raises BadInput for what makes the whole file unusable.
    """
    if path.stat().st_size > MOST_BYTES:
        raise BadInput(_("The file is larger than %(most)s MB: split it.", most=MOST_BYTES // 1_000_000))
    headings, rows = sheet(path.read_bytes())
    names = [name.lower() for name in headings]
    unknown = [name for name in names if name not in allowed]
    missing = [name for name in needed if name not in names]
    if unknown or missing or not names:
        raise BadInput(
            _(
                "Row 1: unknown columns: %(unknown)s; missing: %(missing)s; allowed: %(allowed)s.",
                unknown=", ".join(unknown)[:200] or "-",
                missing=", ".join(missing) or "-",
                allowed=", ".join(allowed),
            ),
            field="columns",
        )
    for number, row in rows:
        yield number, {name.lower(): value for name, value in row.items()}


def sheet(source: Source) -> tuple[list[str], Iterator[tuple[int, Row]]]:
    """The headings of a CSV file, and its rows by heading with their numbers, empty ones left out.

    Comma or semicolon, UTF-8 (with or without BOM) or Windows-1252. A file that lies on the disk is read as it is
    walked. Raises BadInput, also while it is walked.
    """
    stream = io.StringIO(_text(source)) if isinstance(source, bytes) else _opened(source)
    head = stream.readline()
    stream.seek(0)
    reader = csv.reader(stream, delimiter=";" if head.count(";") > head.count(",") else ",")
    lines = _numbered(reader)
    headings = [name.strip() for name in next(lines, (1, []))[1]]
    return headings, _rows(headings, lines)


def size(source: Source) -> int:
    """Bytes of it."""
    return len(source) if isinstance(source, bytes) else source.stat().st_size


def _rows(headings: list[str], lines: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, Row]]:
    for number, values in lines:
        if any(value.strip() for value in values):
            row = dict.fromkeys(headings, "") | dict(zip(headings, values, strict=False))
            yield number, {name: _cell(value) for name, value in row.items()}


def _cell(value: str) -> str:
    """A cell's text; an apostrophe that made it inert in our own export is taken away again."""
    return original(value.strip()[:MOST_FIELD].replace("\0", "")).strip()


def _numbered(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Rows from 1. Raises BadInput for what is no CSV, such as a quote that is never closed."""
    number = 0
    try:
        for number, values in enumerate(reader, 1):
            yield number, values
    except csv.Error as error:
        words = _("Row %(row)s cannot be read: look for a quote that is never closed.", row=number + 1)
        raise BadInput(words, field="row") from error


def _opened(path: Path) -> TextIO:
    """As `_text`, a piece at a time."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    encoding = "utf-8-sig"
    with path.open("rb") as file:
        try:
            while piece := file.read(1_000_000):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            encoding = "cp1252"
    return path.open(encoding=encoding, errors="replace", newline="\n")


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


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


async def _store_contact(tx: Tx, row: Row) -> None:
    await store_contact(tx, row)


async def store_contact(tx: Tx, row: Row) -> int:
    """Make or change the person a row of CONTACT_COLUMNS means; their id. Raises BadInput(field), Conflict.

    `tags` and roles are added, none is taken away; several tags have | between them.
    """
    addresses = typed_in(row)
    account_id = await account_named(tx, row.get("account", ""))
    known = await person_known(tx, row.get("external_id", ""), addresses_of(row))
    fields: dict[str, Any] = {name: row[name] for name in ("name", "language", "job_title") if row.get(name)}
    if account_id:
        fields["account_id"] = account_id
    if known is None:
        made = await contacts.create(
            tx,
            addresses=addresses,
            external_id=row.get("external_id") or None,
            source="import",
            **({"name": ""} | fields),
        )
        known = made.contact.id
    else:
        await contacts.change(tx, known, **fields)
        for type_, value in addresses:
            await prove(tx, known, type_, value, source="import")
    if wanted := [name for name in row.get("tags", "").split("|") if name.strip()]:
        await tags.tag(tx, known, add=wanted)
    if row.get("role"):
        if account_id is None:
            raise BadInput(_("Name the account at which they are this."), field="role")
        await roles.add(tx, known, account_id, row["role"].lower())
    return known


def addresses_of(row: Row) -> list[tuple[str, str]]:
    """The (type, value) addresses of a row, as their rows hold them. Raises BadInput(email or phone)."""
    return [(type_, normalised(type_, value)) for type_, value in typed_in(row)]


def typed_in(row: Row) -> list[tuple[str, str]]:
    """The (type, value) addresses of a row, as somebody typed them."""
    return [
        (type_, value.strip())
        for type_ in ("email", "phone")
        for value in row.get(type_, "").split("|")
        if value.strip()
    ]


async def person_known(tx: Tx, external_id: str, addresses: Sequence[tuple[str, str]]) -> int | None:
    """Whom we know by this external id, else by the first of these addresses that is somebody's; the root."""
    known = await known_id(tx, "SELECT root_id FROM contact WHERE external_id = $1", external_id)
    for type_, value in addresses:
        known = known or await known_id(
            tx,
            "SELECT c.root_id FROM address a JOIN contact c ON c.id = a.contact_id WHERE a.type = $1 AND a.value = $2",
            type_,
            value,
        )
    return known


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
