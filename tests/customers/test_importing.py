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
    file.write_text("name\nUno\n" + '"Dos\n' + "x" * 200_000)
    with pytest.raises(BadInput, match="Row 3"):
        await importing.import_accounts(hub, file)
