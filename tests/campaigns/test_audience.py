"""Who fits: each condition finds whom it names, once, and everybody else stands under a reason."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from hub.campaigns import audience, segments
from hub.campaigns.conditions import Definition
from hub.campaigns.why import why
from hub.customers import contacts, merging, payments, products, purchases, roles, tags
from hub.plumbing.clock import now
from hub.plumbing.errors import BadInput, Conflict, NotFound, Unavailable
from hub.plumbing.texts import speaking


def asked(*groups: list[dict[str, Any]]) -> Definition:
    return msgspec.convert({"groups": [{"all": one} for one in groups]}, Definition)


async def names(tx, *groups: list[dict[str, Any]]) -> list[str]:
    return [one.name for one in await audience.sample(tx, asked(*groups))]


@pytest.fixture
async def shop(tx, world):
    """Marta bought a lamp long ago and owes it; Jorge bought three spots lately; each has said what they want."""
    lamp = await products.create(tx, name="Lámpara", category="Salón")
    spot = await products.create(tx, name="Foco", category="Jardín")

    async def buy(contact, product, days, amount):
        at = now() - timedelta(days=days)
        return await purchases.create(
            tx, contact_id=contact, product_id=product.id, amount=Decimal(amount), bought_at=at
        )

    owed = await buy(world.marta, lamp, 200, 600)
    today = await tx.value("SELECT current_date")
    await payments.create(tx, purchase_id=owed.id, amount=Decimal(600), due_on=today - timedelta(days=9))
    for days in (50, 20, 5):
        await buy(world.jorge, spot, days, 100)
    await tx.execute(
        """
        INSERT INTO consent (address_id, purpose, granted, source)
        VALUES ($1, 'marketing', false, 'agent'), ($1, 'marketing', true, 'agent'), ($2, 'marketing', false, 'word')
        """,
        world.marta_address,
        world.jorge_address,
    )
    await tx.execute(
        """
        INSERT INTO conversation (token, contact_id, channel_id, last_channel_id, tags)
        VALUES ('audience', $1, $2, $2, '{queja}')
        """,
        world.jorge,
        world.mail.id,
    )
    await tags.tag(tx, world.jorge, add=["Feria 2026"])
    await roles.add(tx, world.marta, world.acme, "representative")
    await talked(tx, world)
    await campaigned(tx, world)
    return lamp, spot


async def talked(tx, world):
    """Jorge wrote yesterday, urgently; a machine of his did today. We wrote to him a year ago."""
    conversation = await tx.value(
        "UPDATE conversation SET priority = 'urgent', waiting_since = now() RETURNING id"
    )
    for seq, direction, days, automatic in ((1, "in", 1, False), (2, "in", 0, True), (3, "out", 365, False)):
        await tx.execute(
            """
            INSERT INTO message (conversation_id, home_id, seq, direction, automatic, created_at)
            VALUES ($1, $1, $2, $3, $4, now() - $5 * interval '30 hours')
            """,
            conversation, seq, direction, automatic, days,
        )  # fmt: skip


async def campaigned(tx, world):
    """Campaign 900 reached Marta, who followed a link and was silent, and Jorge, who answered."""
    gate = await tx.value("INSERT INTO gate DEFAULT VALUES RETURNING id")
    await tx.execute(
        "INSERT INTO campaign (id, name, gate_id) OVERRIDING SYSTEM VALUE VALUES (900, 'Otoño', $1)", gate
    )
    for contact, answered in ((world.marta, None), (world.jorge, now())):
        recipient = await tx.value(
            """
            INSERT INTO recipient (campaign_id, contact_id, state, made_at, answered_at)
            VALUES (900, $1, 'made', now() - interval '10 days', $2) RETURNING id
            """,
            contact, answered,
        )  # fmt: skip
        await tx.execute(
            """
            INSERT INTO delivery (recipient_id, channel_id, address_id, state, recipient, token, message_header)
            SELECT $1, $2, id, 'delivered', value, 'audience' || id, 'x' FROM address WHERE contact_id = $3
            """,
            recipient, world.mail.id, contact,
        )  # fmt: skip
        if answered is None:
            await tx.execute("INSERT INTO click (recipient_id, n, times) VALUES ($1, 1, 1)", recipient)


MARTA, JORGE = ["Marta Ruiz"], ["Jorge Díaz"]
SAID = [
    ({"about": "person", "field": "name", "any_of": ["MARTA RUIZ"]}, MARTA),
    ({"about": "person", "field": "language", "any_of": ["es", "pt"]}, MARTA + JORGE),
    ({"about": "person", "field": "job_title"}, []),
    ({"about": "known", "days": 1}, MARTA + JORGE),
    ({"about": "account", "field": "tier", "any_of": ["gold"]}, MARTA),
    ({"about": "owner"}, MARTA),
    ({"about": "purchases", "categories": ["jardin"]}, JORGE),
    ({"about": "purchases", "at_least": 3}, JORGE),
    ({"about": "purchases", "at_least": 4}, []),
    ({"about": "purchases", "days": 90}, JORGE),
    ({"about": "purchases", "measure": "total", "at_least": 500}, MARTA),
    ({"about": "purchases", "measure": "total", "at_least": 1, "currency": "USD"}, []),
    ({"about": "purchases", "whose": "account"}, MARTA),
    ({"about": "owes"}, MARTA),
    ({"about": "conversation", "open": True}, JORGE),
    ({"about": "conversation", "tag": "queja", "days": 7}, JORGE),
    ({"about": "conversation", "tag": "otra"}, []),
    ({"about": "conversation", "open": True, "priorities": ["urgent"]}, JORGE),
    ({"about": "conversation", "waiting": True, "tag": "QUEJA"}, JORGE),
    ({"about": "conversation", "priorities": ["low"]}, []),
    ({"about": "answered", "days": 2}, JORGE),
    ({"about": "answered", "days": 1}, []),
    ({"about": "answered", "by": "us", "days": 300}, []),
    ({"about": "answered", "by": "us", "days": 500}, JORGE),
    ({"about": "campaign"}, MARTA + JORGE),
    ({"about": "campaign", "campaign": 900, "days": 20}, MARTA + JORGE),
    ({"about": "campaign", "campaign": 901}, []),
    ({"about": "campaign", "days": 5}, []),
    ({"about": "campaign", "what": "answered"}, JORGE),
    ({"about": "campaign", "what": "silent", "campaign": 900}, MARTA),
    ({"about": "campaign", "what": "clicked"}, MARTA),
    ({"about": "tag"}, JORGE),
    ({"about": "tag", "any_of": ["feria 2026"]}, JORGE),
    ({"about": "tag", "any_of": ["otra"]}, []),
    ({"about": "role", "any_of": ["representative", "employee"]}, MARTA),
    ({"about": "role", "accounts": [1]}, MARTA),
    ({"about": "role", "any_of": ["guarantor"]}, []),
    ({"about": "consent"}, MARTA),
    ({"about": "consent", "type": "phone"}, []),
    ({"about": "reachable", "type": "email"}, MARTA + JORGE),
]


async def test_each_condition_finds_whom_it_names_and_its_no_the_others(tx, world, shop):
    for condition, expected in SAID:
        assert await names(tx, [condition]) == expected, condition
        others = [name for name in MARTA + JORGE if name not in expected]
        assert await names(tx, [condition | {"no": True}]) == others, condition
        counted = await audience.count(tx, asked([condition]))  # the other form of the same condition
        assert counted.total == len(expected), condition


async def test_all_of_a_group_and_one_of_the_groups(tx, world, shop):
    lamp, _spot = shop
    lamps = {"about": "purchases", "products": [lamp.id]}
    lately = {"about": "purchases", "days": 90}
    assert await names(tx, [lamps, lately]) == []
    assert await names(tx, [lamps, lately | {"no": True}]) == MARTA
    found = await audience.sample(tx, asked([lamps], [lately], [{"about": "person", "field": "language"}]))
    assert [(one.name, one.groups) for one in found] == [("Marta Ruiz", [0, 2]), ("Jorge Díaz", [1, 2])]
    assert await names(tx) == MARTA + JORGE


async def test_everybody_is_counted_once_with_the_reason_that_excludes_them(tx, world, shop):
    await contacts.create(tx, name="Sin dirección")
    await contacts.create(tx, name="No dijo nada", addresses=[("email", "nada@gmail.com")])
    await contacts.create(tx, name="Rebota", addresses=[("email", "rebota@gmail.com")])
    await tx.execute("UPDATE address SET usable = false WHERE value = 'rebota@gmail.com'")
    counted = await audience.count(tx, Definition())
    assert (counted.total, counted.permitted, counted.by_type) == (5, 1, {"email": 1})
    assert counted.excluded == {"no_address": 1, "unusable": 1, "opted_out": 1, "no_consent": 1}
    assert await audience.freeze(tx, Definition()) == 5


async def test_what_takes_too_long_ends_and_the_limit_ends_with_it(tx, world, monkeypatch):
    await audience.count(tx, Definition())
    assert await tx.value("SELECT current_setting('statement_timeout')") == "0"
    assert await tx.value("SELECT current_setting('enable_hashjoin')") == "on"
    monkeypatch.setattr(audience, "LONGEST", "1ms")
    with pytest.raises(Unavailable, match="takes too long"):
        async with audience.bounded(tx):
            await tx.execute("SELECT pg_sleep(1)")


async def test_two_who_are_one_person_are_one(tx, world, shop):
    lamp, spot = shop
    done = await merging.merge(tx, world.jorge, world.marta, agent_id=world.mario)
    both = [{"about": "purchases", "products": [one.id]} for one in (lamp, spot)]
    assert await names(tx, both) == MARTA
    assert (await audience.count(tx, asked(both))).total == 1
    await merging.unmerge(tx, done.id, agent_id=world.mario)
    assert await names(tx, both) == []


HOSTILE = "'; DROP TABLE contact; -- $1 %s {0} \\ \" ) OR (1=1"


async def test_what_is_typed_never_becomes_a_statement(tx, world):
    for field in ("person", "account"):
        assert await names(tx, [{"about": field, "field": "name", "any_of": [HOSTILE]}]) == []
    assert await names(tx, [{"about": "purchases", "categories": [HOSTILE]}]) == []
    assert await names(tx, [{"about": "conversation", "tag": HOSTILE}]) == []
    assert await names(tx, [{"about": "reachable", "type": HOSTILE}]) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"about": "person", "field": "name; DROP TABLE contact"},
        {"about": "person", "field": "notes"},
        {"about": "sql", "text": "true"},
        {"about": "purchases", "currency": "'; --"},
        {"about": "purchases", "at_least": "NaN"},
        {"about": "purchases", "at_least": "1e999999"},
        {"about": "purchases", "at_least": 0},
        {"about": "known", "days": 10**9},
        {"about": "person", "field": "name", "any_of": ["x"] * 201},
    ],
)
def test_what_no_condition_knows_is_refused(wrong):
    with pytest.raises(msgspec.ValidationError):
        asked([wrong])


async def test_every_condition_says_why_in_both_languages(tx, world, shop):
    for condition, _expected in SAID:
        for one in (condition, condition | {"no": True}):
            spoken = []
            for language in ("en", "es"):
                with speaking(language):
                    (sentence,) = await why(tx, asked([one]))
                assert sentence
                assert "%(" not in sentence
                spoken.append(sentence)
            assert spoken[0] != spoken[1]
    lamp, _spot = shop
    bought = {"about": "purchases", "products": [lamp.id], "days": 90, "no": True}
    with speaking("es"):
        (sentence,) = await why(tx, asked([bought, {"about": "campaign", "campaign": 900, "what": "silent"}]))
        whose = [
            {"about": "account", "field": "relation", "any_of": ["prospect", "client"]},
            {"about": "person", "field": "language", "any_of": ["eu"]},
        ]
        (known,) = await why(tx, asked(whose))
    assert sentence == "no compró “Lámpara” en los últimos 90 días, recibió “Otoño” y no respondió"
    assert known == "relación de su cuenta: posible cliente o cliente, idioma: euskera", (
        "no code stands among words"
    )
    assert await why(tx, Definition()) == ["everybody"]


async def test_a_segment_within_another_is_as_it_is_now(tx, world, shop):
    debtors = await segments.create(tx, name="Deudores", definition=asked([{"about": "owes"}]))
    inner = {"about": "segment", "segment": debtors.id}
    outer = await segments.create(
        tx, name="Otros", definition=asked([inner | {"no": True}], [{"about": "tag"}])
    )
    both = [{"about": "segment", "segment": outer.id}]
    assert await names(tx, both) == JORGE
    assert (await audience.count(tx, asked(both))).total == 1
    await segments.change(tx, debtors.id, definition=asked([{"about": "known", "days": 1, "no": True}]))
    assert await names(tx, both) == MARTA + JORGE
    with pytest.raises(BadInput, match="contain itself") as wrong:
        await segments.change(tx, debtors.id, definition=asked(both))
    assert wrong.value.field == "definition"
    with pytest.raises(BadInput, match="no such segment"):
        await segments.create(tx, name="Nada", definition=asked([inner | {"segment": 10**6}]))


async def test_segments_within_segments_have_an_end(tx, world):
    made = [await segments.create(tx, name="0", definition=asked([{"about": "owes"}]))]

    async def around(name, *, times=1):
        inner = {"about": "segment", "segment": made[-1].id}
        made.append(await segments.create(tx, name=name, definition=asked([inner] * times)))

    for n in range(1, 6):
        await around(str(n))
    with pytest.raises(BadInput, match="too deep"):
        await around("6")
    made.append(await segments.create(tx, name="wide", definition=asked(*[[{"about": "owes"}] * 12] * 12)))
    with pytest.raises(BadInput, match="too much"):
        await around("wider", times=3)


async def test_a_definition_too_large_is_refused():
    with pytest.raises(msgspec.ValidationError):
        asked(*[[{"about": "owes"}]] * 13)
    with pytest.raises(msgspec.ValidationError):
        asked([{"about": "owes"}] * 13)


async def test_a_segment_keeps_its_versions(tx, world):
    first, second = asked([{"about": "owes"}]), asked([{"about": "owes", "no": True}])
    made = await segments.create(tx, name="Deudores", definition=first, agent_id=world.mario)
    assert (made.version, made.definition, made.agent_name) == (1, first, "Mario")
    renamed = await segments.change(tx, made.id, name="Al día", agent_id=world.berta)
    assert (renamed.version, renamed.agent_name) == (1, "Berta")
    changed = await segments.change(tx, made.id, definition=second, agent_id=world.berta)
    assert (changed.version, changed.definition) == (2, second)
    assert await segments.version(tx, made.id, 1) == first
    with pytest.raises(NotFound):
        await segments.version(tx, made.id, 3)
    with pytest.raises(Conflict):
        await segments.create(tx, name="AL DÍA", definition=first)
