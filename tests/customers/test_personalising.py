"""What a wording is told of people: of one, and of a thousand in one statement, alike."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from hub.customers import merging, payments, personalising, products, purchases
from hub.customers.personalising import fill
from hub.customers.variables import CAMPAIGN_KNOWN, CAMPAIGN_VARIABLES, VARIABLES, column, examples
from hub.plumbing import sandbox, sandbox_values


async def bought(tx, name, day, amount, **fields):
    product = await products.create(tx, name=name, external_id=name)
    at = datetime(2026, 9, day, 12, tzinfo=UTC)
    return await purchases.create(
        tx, product_id=product.id, bought_at=at, amount=Decimal(amount), currency="EUR", **fields
    )


async def test_the_purchases_of_a_person_and_of_their_account_can_be_told(tx, world):
    await bought(tx, "Lámpara", 3, "1200.50", contact_id=world.marta)
    lamp = await bought(tx, "Silla", 12, "34", account_id=world.acme)
    await bought(tx, "Mesa", 20, "900", contact_id=world.marta, state="returned")
    await payments.create(tx, purchase_id=lamp.id, amount=Decimal(34))
    await tx.execute("UPDATE contact SET language = 'es' WHERE id = $1", world.marta)
    known = await personalising.values(tx, contact_id=world.marta, agent_id=world.luis)
    source = (
        "{{ bought.last }} del {{ bought.last_date }} ({{ bought.last_amount }}), en total {{ bought.total }}, "
        "debe {{ bought.unpaid }}, cliente desde {{ bought.since }}: {{ bought.products }}\n"
        "{% for one in bought.purchases %}\n- {{ one.name }}, {{ one.date }}, {{ one.amount }}\n{% endfor %}"
    )
    assert fill(source, known).text.replace("\xa0", " ") == (
        "Silla del 12 de septiembre de 2026 (34,00 €), en total 1.234,50 €, debe 34,00 €, "
        "cliente desde 3 de septiembre de 2026: Silla, Lámpara"
        "\n- Silla, 12 de septiembre de 2026, 34,00 €\n- Lámpara, 3 de septiembre de 2026, 1.200,50 €\n"
    )
    assert (known["owner.first_name"], known["campaign.sender_name"]) == ("Ana", "Luis")


async def test_many_people_at_once_are_told_as_each_alone(tx, world):
    twin = await tx.value(
        "INSERT INTO contact (id, root_id, name, language) VALUES (900, 900, 'Jorge D.', 'en') RETURNING id"
    )
    await bought(tx, "Lámpara", 3, "10", contact_id=twin)
    await merging.merge(tx, world.jorge, twin, agent_id=world.ana)
    ids = [world.marta, world.jorge, twin, 987_654]
    known = await personalising.values_of(tx, ids, agents={world.marta: world.ana, world.jorge: world.luis})
    assert list(known) == ids[:3], "nobody who is not there"
    for one, agent in ((world.marta, world.ana), (world.jorge, world.luis), (twin, None)):
        assert known[one] == await personalising.values(tx, contact_id=one, agent_id=agent)
    assert known[world.jorge]["bought.last"] == known[twin]["bought.last"] == "Lámpara"
    assert set(known[world.marta]) == {one.name for one in CAMPAIGN_VARIABLES} - {"unsubscribe.link"}
    few = await personalising.values_of(tx, [world.marta], names={"contact.first_name", "bought.last"})
    assert few == {world.marta: {"contact.first_name": "Marta", "bought.last": ""}}
    with pytest.raises(ValueError):
        await personalising.values_of(tx, [world.marta] * 1_001)


def test_every_variable_has_an_example_that_fills_it_as_it_is_written():
    shown = examples(CAMPAIGN_VARIABLES)
    for one in CAMPAIGN_VARIABLES:
        filled = sandbox.compiled(one.written, CAMPAIGN_KNOWN).fill(shown)
        assert filled.text.strip(), one.name
        assert not filled.missing, one.name
    assert set(examples()) == {one.name for one in VARIABLES}


def test_a_column_of_a_list_has_a_name_a_wording_can_say():
    assert column("Nº de póliza") == "list.no_de_poliza"
    assert column("2026") == ""
    assert column("2ª cuota") == "list.c_2a_cuota"
    assert sandbox.compiled("{{ list.no_de_poliza }}", CAMPAIGN_KNOWN).bare == ("list.no_de_poliza",)


def test_a_machine_that_sleeps_while_a_wording_is_filled_makes_no_wording_wrong(monkeypatch):
    """Else a letter of a campaign failed for good because its worker was stopped for a moment."""
    clock = iter(range(0, 1_000_000, 60))
    monkeypatch.setattr(sandbox_values, "monotonic", lambda: float(next(clock)))
    known = {"contact.first_name": "Marta"}
    assert fill("Hola {{ contact.first_name }}", known).text == "Hola Marta"
