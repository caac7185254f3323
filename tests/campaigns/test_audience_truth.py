"""A small random world: each answer of an audience is that of a plain walk over the rows, rolled up or not."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from hub.campaigns import audience
from hub.campaigns.conditions import Definition
from hub.customers import merging, purchases, roles, rolling_up, tags
from hub.plumbing.clock import now

PEOPLE, ASKED = 40, 60


class Rows:
    """The tables as they are, and a person's share of them."""

    def __init__(self, tables: dict[str, list[dict[str, Any]]]) -> None:
        self.tables = tables
        self.root = {row["id"]: row["root_id"] for row in tables["contact"]}
        self.roots = [row for row in tables["contact"] if row["id"] == row["root_id"]]

    def theirs(self, table: str, person: dict[str, Any]) -> list[dict[str, Any]]:
        return [row for row in self.tables[table] if self.root.get(row["contact_id"]) == person["id"]]

    def word(self, address: dict[str, Any], purpose: str) -> bool | None:
        said = [
            k for k in self.tables["consent"] if k["address_id"] == address["id"] and k["purpose"] == purpose
        ]
        return max(said, key=lambda k: k["id"])["granted"] if said else None

    def standing(self, person: dict[str, Any]) -> tuple[str, set[str]]:
        order = ["no_address", "unusable", "opted_out", "no_consent", "permitted"]
        found: list[tuple[int, str]] = [(0, "")]
        for one in self.theirs("address", person):
            marketing, service = self.word(one, "marketing"), self.word(one, "service")
            level = 3
            if not one["usable"]:
                level = 1
            elif False in (marketing, service):
                level = 2
            elif marketing and one["compared"]:
                level = 4
            found.append((level, one["type"]))
        best = max(level for level, _type in found)
        return order[best], {type_ for level, type_ in found if level == 4}

    def fits(self, person: dict[str, Any], definition: dict[str, Any]) -> bool:
        groups = definition["groups"]
        return not groups or any(all(self.holds(person, one) for one in group["all"]) for group in groups)

    def holds(self, person: dict[str, Any], one: dict[str, Any]) -> bool:
        truth: bool = getattr(self, "_" + one["about"])(person, one)
        return truth != one.get("no", False)

    def _person(self, person: dict[str, Any], one: dict[str, Any]) -> bool:
        return person["language"] in one["any_of"]

    def _tag(self, person: dict[str, Any], one: dict[str, Any]) -> bool:
        names = {row["id"]: row["name"] for row in self.tables["tag"]}
        return any(names[row["tag_id"]] in one["any_of"] for row in self.theirs("contact_tag", person))

    def _role(self, person: dict[str, Any], one: dict[str, Any]) -> bool:
        return any(row["role"] in one["any_of"] for row in self.theirs("contact_role", person))

    def _purchases(self, person: dict[str, Any], one: dict[str, Any]) -> bool:
        if one["whose"] == "person":
            rows = self.theirs("purchase", person)
        else:
            account = person["account_id"] if person["account_standing"] == "confirmed" else None
            rows = [row for row in self.tables["purchase"] if account and row["account_id"] == account]
        rows = [row for row in rows if row["state"] in ("bought", "renewed", "changed")]
        if one.get("products"):
            rows = [row for row in rows if row["product_id"] in one["products"]]
        if one.get("days"):
            rows = [row for row in rows if row["bought_at"] >= now() - timedelta(days=one["days"])]
        if one["measure"] == "total":
            rows = [row for row in rows if row["currency"] == "EUR"]
            return bool(rows) and sum(row["amount"] for row in rows) >= one["at_least"]
        return len(rows) >= one["at_least"]

    def _conversation(self, person: dict[str, Any], one: dict[str, Any]) -> bool:
        states = ("open", "snoozed") if one["open"] else ("open", "snoozed", "closed")
        return any(
            row["state"] in states and row["priority"] in one["priorities"]
            for row in self.theirs("conversation", person)
        )

    def _consent(self, person: dict[str, Any], one: dict[str, Any]) -> bool:
        return any(
            self.word(row, one["purpose"]) is True and one["type"] in ("", row["type"])
            for row in self.theirs("address", person)
        )

    def _reachable(self, person: dict[str, Any], one: dict[str, Any]) -> bool:
        return any(row["usable"] and row["type"] == one["type"] for row in self.theirs("address", person))


async def rows_of(tx) -> Rows:
    tables = {}
    for name in (
        "contact", "address", "consent", "purchase", "tag", "contact_tag", "contact_role", "conversation",
    ):  # fmt: skip
        tables[name] = [dict(row) for row in await tx.fetch(f"SELECT * FROM {name}")]
    return Rows(tables)


async def people(tx, world, dice: random.Random) -> list[int]:
    made = await tx.fetch(
        """
        INSERT INTO contact (id, root_id, name, language, account_id, account_standing)
        SELECT n, n, 'P' || n, (ARRAY['es', 'en', 'fr'])[1 + n % 3], CASE WHEN n % 3 = 0 THEN $1::bigint END,
               CASE WHEN n % 3 > 0 THEN '' WHEN n % 2 = 0 THEN 'confirmed' ELSE 'suggested' END
        FROM generate_series(50001, 50000 + $2::int) n RETURNING id
        """,
        world.acme,
        PEOPLE,
    )
    ids = [row["id"] for row in made]
    for id_ in ids:
        await rolling_up.mark(tx, [id_])
        for type_ in dice.sample(["email", "phone"], dice.choice([0, 1, 1, 2])):
            await tx.execute(
                """
                INSERT INTO address (type, value, contact_id, source, usable, compared)
                VALUES ($1, $2, $3, 'import', $4, $5)
                """,
                type_, f"{type_}{id_}", id_, dice.random() < 0.8, dice.random() < 0.8,
            )  # fmt: skip
    return ids


async def happen(tx, world, dice: random.Random, ids: list[int], products: list[int], times: int) -> None:
    """So many random events: wishes, bounces, purchases, merges and what was undone of them."""
    for _ in range(times):
        one = dice.choice(ids)
        event = dice.choice(
            [
                "say",
                "say",
                "say",
                "bounce",
                "compare",
                "buy",
                "buy",
                "change",
                "tag",
                "role",
                "write",
                "merge",
            ]
        )
        if event == "say":
            await tx.execute(
                """
                INSERT INTO consent (address_id, purpose, granted, source)
                SELECT id, $2, $3, 'agent' FROM address WHERE contact_id = $1
                """,
                one, dice.choice(["marketing", "marketing", "service"]), dice.random() < 0.7,
            )  # fmt: skip
        elif event == "bounce":
            await tx.execute("UPDATE address SET usable = NOT usable WHERE contact_id = $1", one)
        elif event == "compare":
            await tx.execute("UPDATE address SET compared = NOT compared WHERE contact_id = $1", one)
        elif event == "buy":
            await purchases.create(
                tx,
                contact_id=one,
                account_id=world.acme if dice.random() < 0.2 else None,
                product_id=dice.choice(products),
                amount=Decimal(dice.randint(10, 400)),
                currency=dice.choice(["EUR", "EUR", "USD"]),
                bought_at=now() - timedelta(days=dice.randint(0, 200)),
            )
        elif event == "change" and (known := await tx.fetch("SELECT id FROM purchase ORDER BY id")):
            state, buyer = dice.choice(["returned", "bought"]), dice.choice(ids)
            await purchases.change(tx, dice.choice(known)["id"], state=state, contact_id=buyer)
        elif event == "tag":
            await tags.tag(
                tx, one, add=[dice.choice(["vip", "feria"])], remove=["feria"] if dice.random() < 0.2 else []
            )
        elif event == "role":
            await roles.add(tx, one, world.acme, dice.choice(["employee", "guarantor"]))
        elif event == "write":
            await tx.execute(
                """
                INSERT INTO conversation (token, contact_id, channel_id, last_channel_id, state, priority)
                VALUES (gen_random_uuid()::text, $1, $2, $2, $3, $4)
                """,
                one, world.mail.id, dice.choice(["open", "closed", "aside"]), dice.choice(["normal", "urgent"]),
            )  # fmt: skip
        elif event == "merge":
            await merge_or_undo(tx, world, dice, ids)


async def merge_or_undo(tx, world, dice: random.Random, ids: list[int]) -> None:
    standing = await tx.fetch(
        """
        SELECT m.id FROM merge m JOIN contact r ON r.id = m.into_id
        WHERE m.undone_at IS NULL AND NOT r.merged ORDER BY m.id
        """
    )
    if standing and dice.random() < 0.4:
        await merging.unmerge(tx, dice.choice(standing)["id"], agent_id=world.mario)
        return
    gone, kept = dice.sample(ids, 2)
    both = await tx.fetch("SELECT DISTINCT root_id FROM contact WHERE id = ANY($1)", [gone, kept])
    if len(both) == 2:
        await merging.merge(tx, gone, kept, agent_id=world.mario)


def condition(dice: random.Random, products: list[int]) -> dict[str, Any]:
    measure = dice.choice(["number", "total"])
    bought = {
        "about": "purchases",
        "measure": measure,
        "at_least": dice.choice([1, 2, 3]) if measure == "number" else dice.choice([50, 300, 700]),
        "whose": dice.choice(["person", "person", "account"]),
        "products": dice.choice([[], [], [dice.choice(products)]]),
    }
    if dice.random() < 0.4:
        bought["days"] = dice.choice([30, 100])
    choices = [
        bought,
        bought,
        {"about": "person", "field": "language", "any_of": dice.sample(["es", "en", "fr"], 2)},
        {"about": "tag", "any_of": [dice.choice(["vip", "feria"])]},
        {"about": "role", "any_of": [dice.choice(["employee", "guarantor"])]},
        {"about": "conversation", "open": dice.random() < 0.5, "priorities": ["urgent"]},
        {
            "about": "consent",
            "purpose": dice.choice(["marketing", "service"]),
            "type": dice.choice(["", "email"]),
        },
        {"about": "reachable", "type": dice.choice(["email", "phone"])},
    ]
    return dice.choice(choices) | {"no": dice.random() < 0.3}


async def same(tx, dice: random.Random, products: list[int]) -> None:
    rows = await rows_of(tx)
    for _ in range(ASKED // 3):
        groups = [
            {"all": [condition(dice, products) for _ in range(dice.randint(1, 3))]}
            for _ in range(dice.randint(0, 3))
        ]
        plain = {"groups": groups}
        asked = msgspec.convert(plain, Definition)
        expected = [person for person in rows.roots if rows.fits(person, plain)]
        found = await audience.sample(tx, asked, most=1000)
        assert [one.id for one in found] == sorted(person["id"] for person in expected), plain
        fitting = {
            one.id: [n for n, group in enumerate(groups) if all(rows.holds(person, c) for c in group["all"])]
            for one, person in zip(found, sorted(expected, key=lambda p: p["id"]), strict=True)
        }
        assert {one.id: one.groups for one in found} == fitting, plain
        standings = [rows.standing(person) for person in expected]
        counted = await audience.count(tx, asked)
        by_standing = Counter(standing for standing, _types in standings)
        assert counted.total == len(expected), plain
        assert counted.permitted == by_standing.pop("permitted", 0), plain
        assert counted.excluded == dict(by_standing), plain
        assert counted.by_type == dict(Counter(type_ for _s, types in standings for type_ in types)), plain


async def rolled_up_is_true(tx) -> None:
    rows = await rows_of(tx)
    for person in rows.roots:
        standing, types = rows.standing(person)
        assert (person["standing"], set(person["reached_by"])) == (standing, types), person["name"]
    assert await tx.fetch("SELECT * FROM bought ORDER BY whose, buyer_id, currency") == await tx.fetch(
        """
        SELECT whose, buyer_id, currency, count(*)::int AS number, sum(amount) AS amount, max(bought_at) AS last_at
        FROM purchase, LATERAL (VALUES ('person', contact_id), ('account', account_id)) AS b (whose, buyer_id)
        WHERE buyer_id IS NOT NULL AND state IN ('bought', 'renewed', 'changed')
        GROUP BY whose, buyer_id, currency ORDER BY whose, buyer_id, currency
        """
    )


@pytest.mark.parametrize("seed", [1, 2])
async def test_every_answer_is_that_of_the_rows(tx, world, seed):
    dice = random.Random(seed)
    ids = await people(tx, world, dice)
    products = [
        await tx.value("INSERT INTO product (name) VALUES ($1) RETURNING id", name)
        for name in ("Foco", "Mesa")
    ]
    await happen(tx, world, dice, ids, products, 150)
    await same(tx, dice, products)  # nothing is rolled up
    while await rolling_up.settle(tx, most=50):
        pass
    await rolled_up_is_true(tx)
    await same(tx, dice, products)
    await happen(tx, world, dice, ids, products, 100)
    await rolling_up.settle(tx, most=10)
    await same(tx, dice, products)  # some of it is
    while await rolling_up.settle(tx):
        pass
    await rolled_up_is_true(tx)
