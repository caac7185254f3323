"""What campaigns are about, over the API: marketers keep it, a campaign names one."""

from __future__ import annotations

from typing import Any

from tests.world import World


async def test_a_campaign_says_what_it_is_about(api_of: Any, world: World) -> None:
    """Over the API; who refused that is asked in the claim (deliveries/permission)."""
    mario, ana = await api_of(world.mario), await api_of(world.ana)
    status, news = await mario.post("/interests", {"name_es": "Novedades", "name_en": "News"})
    assert (status, news["active"]) == (201, True)
    status, made = await mario.post("/campaigns", {"name": "Otoño"})
    assert (status, made["interest"]) == (201, None)
    _status, changed = await mario.patch(f"/campaigns/{made['id']}", {"interest_id": news["id"]})
    assert changed["interest"]["id"] == news["id"]
    assert (await mario.patch(f"/campaigns/{made['id']}", {"interest_id": 99}))[0] == 422
    status, off = await mario.patch(f"/interests/{news['id']}", {"active": False})
    assert (status, off["name_en"], off["active"]) == (200, "News", False)
    assert (await ana.get("/interests"))[0] == 403
    _status, senders = await mario.get("/senders")
    assert [(one["address"], one["ready"]) for one in senders["items"]] == [("help@dialogo.test", True)]
    assert (await mario.get("/senders?channel=999"))[1]["items"] == []
    assert (await ana.get("/senders"))[0] == 403
