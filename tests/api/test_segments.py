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
    assert [one["name"] for one in found["sample"]] == ["Marta Ruiz"]
    status, made = await mario.post("/segments", {"name": "Oro", "definition": gold})
    assert (status, made["version"], made["changed_by"]) == (201, 1, "Mario")
    assert (await mario.post("/segments", {"name": "oro", "definition": gold}))[0] == 409
    everybody: dict[str, Any] = {"groups": []}
    status, changed = await mario.patch(f"/segments/{made['id']}", {"definition": everybody})
    assert (status, changed["version"], changed["name"]) == (200, 2, "Oro")
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
