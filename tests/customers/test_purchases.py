"""What was bought and paid: of the person, of those merged into them, and of their account."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from hub.customers import bought, importing_purchases, merging, payments, products, purchases
from hub.plumbing.clock import now
from hub.plumbing.errors import BadInput, Conflict


async def lamp(tx) -> int:
    return (await products.create(tx, name="Lámpara Alba", price=Decimal("99.5"), external_id="L-1")).id


async def buy(tx, product, days_ago, amount="100", **fields):
    at = now() - timedelta(days=days_ago)
    return await purchases.create(tx, product_id=product, amount=Decimal(amount), bought_at=at, **fields)


async def test_a_purchase_counts_for_the_account_of_who_bought(tx, world):
    product = await lamp(tx)
    made = await buy(tx, product, 3, contact_id=world.marta, external_id="P-1")
    assert (made.account_id, made.product_name, made.state) == (world.acme, "Lámpara Alba", "bought")
    private = await buy(tx, product, 3, contact_id=world.jorge)
    assert private.account_id is None
    with pytest.raises(Conflict):
        await buy(tx, product, 3, contact_id=world.marta, external_id="P-1")
    with pytest.raises(BadInput):
        await buy(tx, product, 3)
    changed = await purchases.change(tx, made.id, state="returned", amount=Decimal("12.345"))
    assert (changed.state, changed.amount, changed.contact_id) == ("returned", Decimal("12.35"), world.marta)
    assert [one.id for one in await purchases.listed(tx, account_id=world.acme, state="returned")] == [
        made.id
    ]
    assert await tx.value("SELECT count(*) FROM history WHERE verb LIKE 'purchase%'") == 3


async def test_the_card_says_last_total_and_rhythm(tx, world):
    product = await lamp(tx)
    for days_ago in (70, 40, 10):
        await buy(tx, product, days_ago, contact_id=world.marta)
    await buy(tx, product, 1, "900", contact_id=world.marta, state="returned")
    await buy(tx, product, 200, "7", account_id=world.acme, currency="USD", state="cancelled")
    told = (await bought.of_contact(tx, world.marta)).bought
    assert told is not None
    assert (told.number, told.last, told.rhythm, told.returned) == (3, "Lámpara Alba", 30, 1)
    assert told.totals == [bought.Sum(amount=Decimal(300), currency="EUR")]
    assert (await bought.of_contact(tx, world.jorge)).bought is None


async def test_the_card_says_what_is_overdue_and_how_late_they_pay(tx, world):
    one = await buy(tx, await lamp(tx), 60, contact_id=world.jorge)
    today: date = await tx.value("SELECT current_date")
    days = timedelta(days=1)
    await payments.create(
        tx, purchase_id=one.id, amount=Decimal(60), method="card", due_on=today - 40 * days,
        paid_on=today - 34 * days,
    )  # fmt: skip
    owed = await payments.create(
        tx, purchase_id=one.id, amount=Decimal(40), method="card", due_on=today - 5 * days
    )
    assert owed.late == 5
    told = (await bought.of_contact(tx, world.jorge)).paid
    assert told is not None
    assert (told.method, told.days_late) == ("card", 6)
    assert told.overdue == [bought.Sum(amount=Decimal(40), currency="EUR")]
    assert [each.id for each in await payments.listed(tx, overdue=True)] == [owed.id]
    await payments.change(tx, owed.id, paid_on=today - 5 * days)
    told = (await bought.of_contact(tx, world.jorge)).paid
    assert told is not None
    assert (told.overdue, told.days_late) == ([], 3)


async def test_purchases_follow_a_merge_and_return_with_it(tx, world):
    product = await lamp(tx)
    theirs = await buy(tx, product, 3, contact_id=world.jorge)
    done = await merging.merge(tx, world.jorge, world.marta, agent_id=world.ana)
    assert [one.id for one in await purchases.latest(tx, contact_id=world.marta)] == [theirs.id]
    assert (await purchases.load(tx, theirs.id)).contact_name == "Marta Ruiz"
    await purchases.change(tx, theirs.id, state="renewed")  # must not move it to the root
    await merging.unmerge(tx, done.id, agent_id=world.ana)
    assert await purchases.latest(tx, contact_id=world.marta) == []
    assert (await purchases.load(tx, theirs.id)).contact_id == world.jorge


PRODUCTS = "external_id;name;price;active\nL-1;Lámpara Alba;1.099,50;sí\n;Foco;;no\n;;3;\nX;Mala;caro;\n"
PURCHASES = """external_id,contact,account,product,state,quantity,amount,date
P-1,marta@acme.test,,lampara alba,,2,"2.199,00",12/09/2026
P-2,,Acme,L-1,renewed,1,10.5,2026-10-01
P-3,nadie@acme.test,,L-1,,,1,2026-10-01
P-4,,,L-1,,,1,2026-10-01
P-5,,Acme,Nada,,,1,2026-10-01
,,Acme,L-1,,,1,2026-10-01
P-6,,Acme,L-1,lost,,1,2026-10-01
P-7,,Acme,L-1,,,1,someday
"""
PAYMENTS = "external_id,purchase,method,amount,due,paid\nY-1,P-1,transfer,100,2026-10-12,\nY-2,P-9,card,1,,\n"


async def test_files_go_in_and_the_same_files_again_change_nothing(hub, world, tmp_path):
    file = tmp_path / "rows.csv"
    for _turn in range(2):
        file.write_text(PRODUCTS)
        done = await importing_purchases.import_products(hub, file)
        assert (done.done, [(e.row, e.field) for e in done.errors]) == (2, [(4, "name"), (5, "price")])
        file.write_text(PURCHASES)
        done = await importing_purchases.import_purchases(hub, file)
        wrong = [
            (4, "contact"),
            (5, "contact"),
            (6, "product"),
            (7, "external_id"),
            (8, "state"),
            (9, "date"),
        ]
        assert (done.done, [(e.row, e.field) for e in done.errors]) == (2, wrong)
        file.write_text(PAYMENTS)
        done = await importing_purchases.import_payments(hub, file)
        assert (done.done, [(e.row, e.field) for e in done.errors]) == (1, [(3, "purchase")])
    assert await hub.pool.fetchval("SELECT count(*) FROM product") == 2
    assert await hub.pool.fetchval("SELECT count(*) FROM payment") == 1
    async with hub.transaction() as tx:
        first, second = await purchases.listed(tx)
    assert (first.contact_id, first.account_id) == (world.marta, world.acme)
    assert (first.amount, first.quantity) == (Decimal("2199.00"), Decimal(2))
    assert first.bought_at == datetime(2026, 9, 12, 12, tzinfo=UTC)
    assert (second.contact_id, second.state, second.amount) == (None, "renewed", Decimal("10.50"))
    file.write_text("external_id,purchase,amount,paid\nY-1,P-1,100,2026-10-11\n")
    assert (await importing_purchases.import_payments(hub, file)).done == 1
    paid = await hub.pool.fetchrow("SELECT method, due_on, paid_on FROM payment")
    assert tuple(paid) == ("transfer", date(2026, 10, 12), date(2026, 10, 11))
