"""Writing first over the API: whom it is with is said once, then a message is posted like any other."""

from __future__ import annotations

from typing import Any

from tests.world import World


async def test_a_program_writes_first(api_of: Any, world: World) -> None:
    api = await api_of(world.ana)
    status, begun = await api.post("/conversations", {"contact": world.marta, "subject": "Visita"})
    assert (status, begun["subject"], begun["assignee"]["id"]) == (201, "Visita", world.ana)
    assert begun["account"]["id"] == world.acme
    status, sent = await api.post(f"/conversations/{begun['id']}/messages", {"text": "¿Te viene bien?"})
    assert (status, sent["text"]) == (201, "¿Te viene bien?")
    for body, field in (
        ({}, "address"),
        ({"address": "nadie"}, "address"),
        ({"address": "+34 600 11 22 33"}, "contact"),  # no line of this house reaches a telephone
        ({"contact": world.marta, "address": "a@b.test"}, "address"),
    ):
        status, refused = await api.post("/conversations", body)
        assert (status, refused["error"]["field"]) == (422, field), body
    assert (await api.post("/conversations", {"contact": 10**12}))[0] == 404
