"""People are sorted by tags and by what they are at accounts; both survive merges and come with files."""

from __future__ import annotations

import pytest

from hub.customers import importing, merging, roles, tags
from hub.plumbing.errors import BadInput, NotFound


async def test_a_tag_is_one_however_it_is_written(tx, world):
    assert await tags.tag(tx, world.marta, add=["Feria 2026", "vip"], agent_id=world.ana) == [
        "Feria 2026",
        "vip",
    ]
    assert await tags.tag(tx, world.jorge, add=["FERIA 2026", " Férïa  2026 "]) == ["Feria 2026"]
    assert await tags.in_use(tx) == ["Feria 2026", "vip"]
    assert await tags.in_use(tx, text="fer") == ["Feria 2026"]
    assert await tags.tag(tx, world.marta, remove=["feria 2026"]) == ["vip"]
    assert await tags.replace(tx, world.marta, ["Nuevo", "VIP"]) == ["Nuevo", "vip"]
    told = await tx.fetch("SELECT agent_id, details FROM history WHERE verb = 'contact_tagged' ORDER BY id")
    assert told[0]["agent_id"] == world.ana
    assert [row["details"]["after"] for row in told][-1] == ["Nuevo", "vip"]
    assert [signal.topics for signal in tx.signals][-1] == [f"contact:{world.marta}"]
    for wrong in ("", "x" * 61, "two\nlines\x00"):
        with pytest.raises(BadInput):
            await tags.tag(tx, world.marta, add=[wrong])
    with pytest.raises(BadInput, match="at most 50"):
        await tags.tag(tx, world.marta, add=[f"t{n}" for n in range(50)])
    with pytest.raises(NotFound):
        await tags.tag(tx, 10**12, add=["x"])


async def test_a_merged_person_has_the_tags_of_both_and_each_their_own_again(tx, world):
    await tags.tag(tx, world.marta, add=["vip"])
    await tags.tag(tx, world.jorge, add=["vip", "feria"])
    done = await merging.merge(tx, world.jorge, world.marta, agent_id=world.mario)
    assert await tags.of_contacts(tx, [world.marta]) == {world.marta: ["feria", "vip"]}
    assert await tags.tag(tx, world.jorge, remove=["vip"]) == ["feria"]
    await merging.unmerge(tx, done.id, agent_id=world.mario)
    assert await tags.of_contacts(tx, [world.marta, world.jorge]) == {world.jorge: ["feria"]}


async def test_roles_at_an_account(tx, world):
    await roles.add(tx, world.jorge, world.acme, "guarantor", agent_id=world.ana)
    await roles.add(tx, world.jorge, world.acme, "guarantor", agent_id=world.ana)
    given = await roles.put(tx, world.marta, [(world.acme, "employee"), (world.acme, "representative")])
    assert [(one.account_name, one.role) for one in given] == [
        ("Acme", "employee"),
        ("Acme", "representative"),
    ]
    assert [(one.contact_name, one.role) for one in await roles.of_account(tx, world.acme)] == [
        ("Jorge Díaz", "guarantor"),
        ("Marta Ruiz", "employee"),
        ("Marta Ruiz", "representative"),
    ]
    await roles.put(tx, world.marta, [(world.acme, "employee")])
    assert [one.role for one in await roles.of_account(tx, world.acme)] == ["guarantor", "employee"]
    with pytest.raises(BadInput) as wrong:
        await roles.add(tx, world.marta, world.acme, "owner")
    assert wrong.value.field == "role"
    with pytest.raises(BadInput) as unknown:
        await roles.add(tx, world.marta, 10**12, "employee")
    assert unknown.value.field == "account"


async def test_a_file_brings_tags_and_roles(hub, world, tmp_path):
    file = tmp_path / "contacts.csv"
    file.write_text(
        "name,email,account,role,tags\n"
        "Marta R.,marta@acme.test,Acme,Employee,vip|feria\n"
        "Pepe,pepe@acme.test,,employee,\n"
        "Rosa,rosa@acme.test,Acme,boss,\n"
    )
    done = await importing.import_contacts(hub, file)
    assert (done.done, [(one.row, one.field) for one in done.errors]) == (1, [(3, "role"), (4, "role")])
    async with hub.transaction() as tx:
        assert await tags.of_contacts(tx, [world.marta]) == {world.marta: ["feria", "vip"]}
        assert [one.role for one in await roles.of_account(tx, world.acme)] == ["employee"]
        assert await tx.value("SELECT count(*) FROM contact WHERE name IN ('Pepe', 'Rosa')") == 0
