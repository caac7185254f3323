"""Writing first over the API: whom it is with is said once, then a message is posted like any other."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from hub.conversations import drafts
from hub.plumbing.hub import Hub
from tests.conversations.making import conversation
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


async def test_drafts_and_sorts_over_the_api(api_of: Any, hub: Hub, world: World) -> None:
    api = await api_of(world.ana)
    async with hub.transaction() as tx:
        made = [await conversation(tx, world, priority=level) for level in ("low", "urgent", "normal")]
        await tx.execute("UPDATE conversation SET waiting_since = now() WHERE id = $1", made[2])
        await drafts.save(tx, made[0], world.ana, mode="reply", text="Hola", version=0)
    assert [one["id"] for one in (await api.get("/conversations?view=drafts"))[1]["items"]] == [made[0]]
    for sort, wanted in (("priority", [made[1], made[2], made[0]]), ("waiting", [made[2], made[1], made[0]])):
        seen, cursor = [], ""
        while cursor is not None:
            status, page = await api.get(f"/conversations?sort={sort}&limit=1&cursor={quote(cursor)}")
            assert status == 200
            seen += [one["id"] for one in page["items"]]
            cursor = page["next"]
        assert seen == wanted, sort
    for cursor in ("x", "2026-01-01", "2026-01-01T00:00:00+00:00,1,x"):
        assert (await api.get(f"/conversations?sort=waiting&cursor={quote(cursor)}"))[0] == 422
