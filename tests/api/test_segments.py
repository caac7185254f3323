"""Segments over the API: marketers, leads and admins keep them, agents do not."""

from __future__ import annotations

from typing import Any

from tests.world import World


async def test_a_marketer_counts_saves_and_changes_a_segment(api_of: Any, world: World) -> None:
    mario = await api_of(world.mario)
    gold = {"groups": [{"all": [{"about": "account", "field": "tier", "any_of": ["gold"]}]}]}
    status, found = await mario.post("/segments/count", {"definition": gold})
    assert (status, found["counted"]["total"]) == (200, 1)
    assert found["counted"]["excluded"] == {"no_consent": 1}
    (marta,) = found["sample"]
    assert (marta["name"], marta["why"]) == ("Marta Ruiz", ["nivel de su cuenta: gold"])
    status, made = await mario.post("/segments", {"name": "Oro", "definition": gold})
    assert (status, made["version"], made["changed_by"]) == (201, 1, "Mario")
    assert (await mario.post("/segments", {"name": "oro", "definition": gold}))[0] == 409
    everybody: dict[str, Any] = {"groups": []}
    status, changed = await mario.patch(f"/segments/{made['id']}", {"definition": everybody})
    assert (status, changed["version"], changed["name"]) == (200, 2, "Oro")
    status, error = await mario.patch(f"/segments/{made['id']}", {"definition": gold, "version": 1})
    assert (status, error["error"]["field"]) == (409, "version"), "somebody else stored another one since"
    _status, reached = await mario.get(f"/segments/{made['id']}/audience")
    assert reached["counted"]["total"] == 2
    status, error = await mario.post(
        "/segments/count", {"definition": {"groups": [{"all": [{"about": "sql"}]}]}}
    )
    assert (status, error["error"]["code"]) == (422, "bad_input")
    ana = await api_of(world.ana)
    for path in ("/segments", f"/segments/{made['id']}", f"/segments/{made['id']}/audience"):
        assert (await ana.get(path))[0] == 403
    assert (await ana.post("/segments/count", {"definition": gold}))[0] == 403
    assert (await ana.post("/segments", {"name": "x", "definition": gold}))[0] == 403


async def test_rows_become_a_list_and_the_list_an_audience(api_of: Any, world: World) -> None:
    mario = await api_of(world.mario)
    status, made = await mario.post("/lists", {"name": "Feria"})
    assert (status, made["people"]) == (201, 0)
    rows = {"csv": "Correo,Nombre,Talla\nrosa@example.com,Rosa,M\nnada,Mala,L\n", "dry_run": True}
    status, tried = await mario.post(f"/lists/{made['id']}/rows", rows)
    assert (status, tried["columns"]) == (200, {"Correo": "email", "Nombre": "name", "Talla": "keep"})
    assert (tried["done"], tried["new"], [one["row"] for one in tried["errors"]]) == (1, 1, [3])
    _status, taken = await mario.post(f"/lists/{made['id']}/rows", rows | {"dry_run": False})
    assert (taken["done"], taken["new"], taken["wrong"]) == (1, 1, 1)
    _status, found = await mario.get(f"/lists/{made['id']}")
    assert (found["people"], found["columns"]) == (1, ["talla"])
    listed = {
        "groups": [{"all": [{"about": "list", "list": made["id"], "column": "talla", "any_of": ["m"]}]}]
    }
    _status, reached = await mario.post("/segments/count", {"definition": listed})
    assert (reached["counted"]["total"], reached["sample"][0]["name"]) == (1, "Rosa")
    rosa = f"/lists/{made['id']}/people/{reached['sample'][0]['id']}"
    assert (await mario.delete(rosa))[1]["people"] == 0
    assert (await mario.delete(rosa))[0] == 404
    large = {"csv": rows["csv"], "proof": "Ficha", "name": "feria.csv"}
    status, begun = await mario.post(f"/lists/{made['id']}/imports", large)
    assert (status, begun["finished_at"], begun["into"]["name"]) == (201, None, "Feria")
    place = f"/lists/{made['id']}/imports"
    assert (await mario.get(f"{place}/{begun['id']}"))[1] == begun
    assert (await mario.get(place))[1]["items"] == [begun]
    assert (await mario.get(f"/lists/{made['id'] + 1}/imports/{begun['id']}"))[0] == 404
    status, error = await mario.post(f"/lists/{made['id']}/rows", rows | {"everybody": True})
    assert (status, error["error"]["field"]) == (422, "proof")
    assert [one["name"] for one in (await mario.get("/lists"))[1]["items"]] == ["Feria"]
    ana = await api_of(world.ana)
    assert (await ana.post(f"/lists/{made['id']}/rows", rows))[0] == 403
    for path in ("/lists", f"/lists/{made['id']}"):
        assert (await ana.get(path))[0] == 403
