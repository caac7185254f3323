"""Importing says which row is wrong, and a file changes only the columns it has."""

from __future__ import annotations

import pytest

from hub.customers import importing
from hub.plumbing.errors import BadInput


async def test_a_file_without_an_owner_column_leaves_owners_alone(hub, world, tmp_path):
    await hub.pool.execute("UPDATE account SET external_id = 'A1' WHERE id = $1", world.acme)
    before = await hub.pool.fetchrow("SELECT owner_id, deputy_id FROM account WHERE id = $1", world.acme)
    assert before["owner_id"] == world.ana
    file = tmp_path / "tiers.csv"
    file.write_text("external_id,name,tier\nA1,Acme,gold\n")
    done = await importing.import_accounts(hub, file)
    assert (done.done, done.errors) == (1, [])
    after = await hub.pool.fetchrow("SELECT owner_id, deputy_id, tier FROM account WHERE id = $1", world.acme)
    assert (after["owner_id"], after["deputy_id"], after["tier"]) == (*before, "gold")


async def test_an_empty_owner_cell_takes_the_owner_away(hub, world, tmp_path):
    await hub.pool.execute("UPDATE account SET external_id = 'A1' WHERE id = $1", world.acme)
    file = tmp_path / "owners.csv"
    file.write_text("external_id,name,owner\nA1,Acme,\n")
    await importing.import_accounts(hub, file)
    assert await hub.pool.fetchval("SELECT owner_id FROM account WHERE id = $1", world.acme) is None


async def test_a_quote_never_closed_is_named_by_its_row(hub, world, tmp_path):
    file = tmp_path / "torn.csv"
    for rest in ("x" * 200_000, "Tres\nCuatro\n"):  # beyond what one cell holds, and to the end of the file
        file.write_text("name\nUno\n" + '"Dos\n' + rest)
        done = await importing.import_accounts(hub, file)
        assert (done.done, [error.row for error in done.errors]) == (1, [3])
        assert "Row 3" in done.errors[0].message


async def test_a_row_that_does_not_fit_its_columns_is_named_and_the_others_are_in(hub, world, tmp_path):
    file = tmp_path / "ragged.csv"
    file.write_text(
        "name,email,\nUno,uno@a.test,,\nDos, Hijos y Cía,dos@a.test,8\nTres\n" + "x" * 10_001 + "\n"
    )
    done = await importing.import_contacts(hub, file)
    assert (done.done, [(error.row, error.field) for error in done.errors]) == (2, [(3, "row"), (5, "row")])
    file.write_text("")
    with pytest.raises(BadInput, match="empty"):
        await importing.import_contacts(hub, file)
    file.write_text("name,Name\nUno,Dos\n")
    with pytest.raises(BadInput, match="Two columns"):
        await importing.import_contacts(hub, file)


ACCOUNTS = """external_id;name;owner;deputy;domains;tier
C-1;Bodegas Álvarez;ana@dialogo.test;luis@dialogo.test;alvarez.test;oro
C-2;;ana@dialogo.test;;;
C-3;Hotel Mar;nadie@dialogo.test;;;
C-4;Otra;;;gmail.com;
"""


async def test_accounts_with_owner_and_deputy(hub, world, tmp_path):
    file = tmp_path / "accounts.csv"
    file.write_bytes(ACCOUNTS.encode("cp1252"))
    done = await importing.import_accounts(hub, file)
    assert done.done == 1
    assert [(error.row, error.field) for error in done.errors] == [(3, "name"), (4, "owner"), (5, "domain")]
    row = await hub.pool.fetchrow("SELECT * FROM account WHERE external_id = 'C-1'")
    assert (row["name"], row["owner_id"], row["deputy_id"]) == ("Bodegas Álvarez", world.ana, world.luis)
    file.write_text("external_id,name\nC-1,Bodegas A\n")
    assert (await importing.import_accounts(hub, file)).done == 1
    row = await hub.pool.fetchrow("SELECT * FROM account WHERE external_id = 'C-1'")
    assert (row["name"], row["owner_id"]) == ("Bodegas A", world.ana)


async def test_contacts_find_their_account_and_themselves(hub, world, tmp_path):
    file = tmp_path / "contacts.csv"
    file.write_text(
        "name,email,account\nPepe Gil,pepe@acme.test,Acme\nMarta R.,marta@acme.test,Acme\nX,no,Acme\n"
    )
    done = await importing.import_contacts(hub, file)
    assert (done.done, [(error.row, error.field) for error in done.errors]) == (2, [(4, "email")])
    assert await hub.pool.fetchval("SELECT name FROM contact WHERE id = $1", world.marta) == "Marta R."
    pepe = "SELECT c.account_id FROM contact c JOIN address a ON a.contact_id = c.id WHERE a.value = 'pepe@acme.test'"
    assert await hub.pool.fetchval(pepe) == world.acme


async def test_a_file_with_unknown_columns_is_refused_whole(hub, tmp_path):
    file = tmp_path / "bad.csv"
    file.write_text("nombre,correo\nx,y\n")
    with pytest.raises(BadInput, match="nombre"):
        await importing.import_contacts(hub, file)
