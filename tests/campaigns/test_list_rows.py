"""Rows of a list in one batch or one by one: the same people, words, tags and history (INVARIANTS §2)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest

from hub.campaigns import list_rows, lists
from hub.campaigns.list_columns import Plan
from hub.campaigns.list_rows import Taken, read
from hub.customers import importing_deciding, importing_people, importing_storing
from hub.customers.consent import Wish, record
from hub.customers.importing import CONTACT_COLUMNS
from hub.customers.importing_files import Row
from hub.customers.importing_people import People
from hub.plumbing.db import Meanwhile, Tx
from hub.plumbing.hub import Hub
from tests.world import World

COLUMNS = (*CONTACT_COLUMNS, "consent")
PLAN = Plan(columns={**{name: name for name in COLUMNS}, "Ciudad": "keep"}, proof="Feria")  # type: ignore[dict-item]
CELLS: dict[str, Sequence[str]] = {
    "external_id": ("", "", "C1", "C2", "C3", "C4", "x" * 201),
    "name": ("", "Rosa", "Rosa Gil", "Luz"),
    "email": ("", "rosa@a.es", "luz@a.es", "sol@a.es|rosa@a.es", "marta@acme.test", "jorge@gmail.com", "no"),
    "phone": ("", "", "", "+34600123456", "+54 9 11 2345-6789", "600 123 457"),
    "account": ("", "", "Acme", "Nadie"),
    "role": ("", "", "employee", "Guarantor", "king"),
    "tags": ("", "", "VIP", "vip|Café", "cafe", "y" * 61),
    "language": ("", "es", "pt-BR", "??"),
    "job_title": ("", "", "Jefa"),
    "consent": ("", "sí", "sí", "no", "quizás"),
    "Ciudad": ("", "Vigo", "Lugo"),
}


class _Undo(Exception):
    """Nothing of it stays."""


def drawn(seed: int, number: int) -> list[tuple[int, Row]]:
    """Rows that mean each other's people, contradict each other, and are wrong in many ways."""
    chance = random.Random(seed)
    return [
        (
            n,
            {
                name: chance.choice(cells[: None if chance.random() < 0.1 else 5])
                for name, cells in CELLS.items()
            },
        )
        for n in range(2, number + 2)
    ]


async def told(tx: Tx) -> dict[str, Any]:
    """All that the rows may have changed, without ids."""
    await tx.execute("SET CONSTRAINTS ALL IMMEDIATE")
    people = await tx.fetch(
        """
        SELECT c.name, c.language, c.job_title, c.account_id, c.account_standing, c.external_id,
               (SELECT array_agg(word ORDER BY word) FROM unnest(string_to_array(c.search, ' ')) AS word) AS search,
               ARRAY(SELECT (a.type, a.value, a.spelled, a.source, a.verified)::text FROM address a
                     WHERE a.contact_id = c.id ORDER BY a.type, a.value) AS addresses,
               ARRAY(SELECT (a.value, k.purpose, k.granted, k.source, k.proof)::text FROM address a
                     JOIN consent k ON k.address_id = a.id WHERE a.contact_id = c.id ORDER BY a.value, k.id) AS words,
               ARRAY(SELECT t.name FROM contact_tag k JOIN tag t ON t.id = k.tag_id WHERE k.contact_id = c.id
                     ORDER BY 1) AS tags,
               ARRAY(SELECT (account_id, role)::text FROM contact_role WHERE contact_id = c.id ORDER BY 1) AS roles,
               ARRAY(SELECT fields FROM contact_list_member WHERE contact_id = c.id) AS fields,
               ARRAY(SELECT (verb, account_id, details)::text FROM history
                     WHERE contact_id = c.id ORDER BY id) AS history,
               EXISTS (SELECT FROM reach_stale WHERE contact_id = c.id) AS marked
        FROM contact c
        """
    )
    return {"people": sorted(str(dict(row)) for row in people)}


async def brought(tx: Tx, list_id: int, rows: Sequence[tuple[int, Row]], at_once: int) -> dict[str, Any]:
    """What there is after these rows, so many at once; undone."""
    taken, found = Taken(), {}
    with suppress(_Undo):
        async with tx.connection.transaction():
            for at in range(0, len(rows), at_once):
                batch = read(rows[at : at + at_once], PLAN)
                taken.add(await list_rows.store(tx, list_id, batch, None), most=10_000)
            found = await told(tx)
            raise _Undo
    errors = [(one.row, one.field, one.message) for one in taken.errors]
    counts = (taken.done, taken.new, taken.wrong, taken.agreed, taken.kept_out)
    return {**found, "taken": counts, "errors": sorted(errors)}


async def test_a_batch_of_many_equals_as_many_batches_of_one(hub: Hub, world: World) -> None:
    async with hub.transaction() as tx:
        stop = Wish(address_id=world.jorge_address, purpose="marketing", granted=False, source="word")
        await record(tx, [stop])
        list_id = (await lists.create(tx, "Feria")).id
        for seed in range(3):
            rows = drawn(seed, 20)
            one_by_one = await brought(tx, list_id, rows, 1)
            done, _new, wrong, *_rest = one_by_one["taken"]
            assert min(done, wrong) > 1, "both happen"
            for at_once in (7, 20):
                assert await brought(tx, list_id, rows, at_once) == one_by_one, (seed, at_once)


MEANWHILE = {
    "nobody": "SELECT 1",
    "a new address": "INSERT INTO address (type, value, contact_id) VALUES ('email', 'luz@a.es', $1)",
    "a new external id": "UPDATE contact SET external_id = 'L1' WHERE id = $1",
    "a name": "UPDATE contact SET name = 'Marta López' WHERE id = $1",
    "a stop word": """INSERT INTO consent (address_id, purpose, granted, source)
                      SELECT id, 'service', false, 'word' FROM address WHERE contact_id = $1""",
}


async def test_what_changed_between_look_and_lock_is_looked_at_again(hub: Hub, world: World) -> None:
    rows = [
        importing_people.person({"email": "luz@a.es", "name": "Luz", "external_id": "L1"}),
        importing_people.person({"email": "marta@acme.test", "name": "Marta G."}),
    ]
    for what, statement in MEANWHILE.items():
        people = People()
        with suppress(_Undo):
            async with hub.transaction() as tx:
                await importing_people.look_up(tx, people, rows)
                await tx.execute(statement, *[world.marta][: statement.count("$1")])
                for one in rows:
                    importing_deciding.decide(people, one)
                if what == "nobody":
                    assert len(await importing_storing.store(tx, people)) == 1
                else:
                    with pytest.raises(Meanwhile):
                        await importing_storing.store(tx, people)
                raise _Undo
