"""What a file of people would do, row by row, without doing it: nothing is written, nobody is locked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

import msgspec

from hub.campaigns.list_columns import Plan, Understood, understood
from hub.campaigns.lists import CHUNK, MOST_ERRORS, MOST_ROWS, Taken, chunks
from hub.customers.contacts import checked_language
from hub.customers.importing import MOST_BYTES, Row, RowError, Source
from hub.customers.importing_wishes import Word, words_of
from hub.customers.roles import ROLES
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Conflict, HubError
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _

LOOKED_AT = 5_000
"""Rows of a large file that are tried."""


async def dry_run(
    hub: Hub, raw: Source, plan: Plan, *, most: int = MOST_ROWS, most_bytes: int | None = None
) -> Taken:
    """What `lists.take_in` would do with this file, without doing it. Raises BadInput for the whole file or plan."""
    return await _tried(hub, plan, chunks(raw, plan, most, most_bytes=most_bytes))


async def look_at(hub: Hub, raw: Source, plan: Plan) -> Taken:
    """The same for the first rows of a file of any size."""
    first = islice(chunks(raw, plan, MOST_ROWS, most_bytes=MOST_BYTES), LOOKED_AT // CHUNK)
    return await _tried(hub, plan, first)


async def _tried(hub: Hub, plan: Plan, looked_at: Iterable[list[tuple[int, Row]]]) -> Taken:
    taken, seen = Taken(), _Seen()
    for chunk in looked_at:
        read: list[tuple[int, Understood]] = []
        for number, row in chunk:
            try:
                read.append((number, _plausible(understood(row, plan))))
            except HubError as error:
                _wrong(taken, number, error)
        async with hub.transaction() as tx:
            found = await _look_up(tx, [one for _number, one in read])
        for number, one in read:
            try:
                _try(taken, found, seen, one)
            except HubError as error:
                _wrong(taken, number, error)
    return taken


class _Found(msgspec.Struct):
    """Who is known by address and external id, what they said, and the accounts named."""

    by_address: dict[tuple[str, str], int]
    by_external_id: dict[str, int]
    words: dict[tuple[str, str], Word]
    accounts: dict[str, int]


class _Seen(msgspec.Struct):
    """Who came earlier in the same file; those not known yet have numbers below zero."""

    addresses: dict[tuple[str, str], int] = {}
    external_ids: dict[str, int] = {}
    new: int = 0


async def _look_up(tx: Tx, rows: Sequence[Understood]) -> _Found:
    addresses = sorted({one for row in rows for one in row.addresses})
    words = await words_of(tx, addresses)
    owners = await tx.fetch(
        "SELECT a.id, c.root_id FROM address a JOIN contact c ON c.id = a.contact_id WHERE a.id = ANY($1)",
        [one.address_id for one in words.values()],
    )
    root = {row["id"]: row["root_id"] for row in owners}
    people = await tx.fetch(
        "SELECT external_id, root_id FROM contact WHERE external_id = ANY($1)",
        [row.row["external_id"] for row in rows if row.row.get("external_id")],
    )
    accounts = await tx.fetch(
        """
        SELECT w.name, count(a.id) AS n FROM (SELECT DISTINCT unnest($1::text[]) AS name) w
        LEFT JOIN account a ON a.external_id = w.name OR a.name = w.name GROUP BY w.name
        """,
        [row.row["account"] for row in rows if row.row.get("account")],
    )
    return _Found(
        by_address={key: root[word.address_id] for key, word in words.items()},
        by_external_id={row["external_id"]: row["root_id"] for row in people},
        words=words,
        accounts={row["name"]: row["n"] for row in accounts},
    )


def _try(taken: Taken, found: _Found, seen: _Seen, one: Understood) -> None:
    """Raises what storing would."""
    account, external = one.row.get("account", ""), one.row.get("external_id", "")
    if account and found.accounts.get(account) != 1:
        words = (
            _("Several accounts match %(name)s.")
            if found.accounts.get(account)
            else _("There is no account %(name)s.")
        )
        raise BadInput(words % {"name": account}, field="account")
    known = found.by_external_id.get(external) or seen.external_ids.get(external)
    owners = [found.by_address.get(address) or seen.addresses.get(address) for address in one.addresses]
    known = known or next((owner for owner in owners if owner), None)
    for address, owner in zip(one.addresses, owners, strict=True):
        if owner not in (None, known):
            words = _("%(address)s already belongs to another contact.", address=address[1])
            raise Conflict(words, field="address")
    if known is None:
        seen.new += 1
        known = -seen.new
        taken.new += 1
    taken.done += 1
    for address in one.addresses if one.wants else ():
        word = found.words.get(address)
        taken.kept_out += word is not None and word.refused
        taken.agreed += address not in seen.addresses and (word is None or word.silent)
    seen.addresses |= dict.fromkeys(one.addresses, known)
    if external:
        seen.external_ids[external] = known


def _plausible(one: Understood) -> Understood:
    """Raises BadInput for what no look at the tables is needed to know."""
    checked_language(one.row.get("language", ""))
    role = one.row.get("role", "").lower()
    if role and role not in ROLES:
        raise BadInput(_("Use one of: %(allowed)s.", allowed=", ".join(ROLES)), field="role")
    if role and not one.row.get("account"):
        raise BadInput(_("Name the account at which they are this."), field="role")
    return one


def _wrong(taken: Taken, number: int, error: HubError) -> None:
    taken.wrong += 1
    if len(taken.errors) < MOST_ERRORS:
        taken.errors.append(RowError(number, error.field, error.message))
