"""Campaigns over the API: marketers, leads and admins plan them, agents do not."""

from __future__ import annotations

from typing import Any

from hub.plumbing.hub import Hub
from tests.campaigns.planning import planned
from tests.world import World


async def test_a_marketer_plans_a_campaign_and_looks_at_its_numbers(api_of: Any, world: World) -> None:
    mario = await api_of(world.mario)
    status, made = await mario.post("/campaigns", {"name": "Spring"})
    assert (status, made["state"], made["sender"]["name"]) == (201, "draft", "Mario")
    here = f"/campaigns/{made['id']}"
    wanted = {
        "channel_ids": [world.mail.id],
        "schedule": {"when": "local", "day": "2026-12-01", "hour": "10:00:00", "zone": "America/Mexico_City"},
        "experiment": {"b": 45, "hold_out": 10},
        "version": made["version"],
    }
    status, changed = await mario.patch(here, wanted)
    assert (status, changed["schedule"]["zone"], changed["experiment"]["hold_out"]) == (
        200,
        "America/Mexico_City",
        10,
    )
    assert (await mario.patch(here, {"name": "Old", "version": made["version"]}))[0] == 409
    status, error = await mario.patch(here, {"schedule": {"zone": "Mars/Olympus"}})
    assert (status, error["error"]["field"]) == (422, "schedule")
    status, text = await mario.post(f"{here}/texts", {"subject": "Hi", "text": "Hello {{ contact.name }}"})
    assert (status, text["version"]) == (201, 1)
    status, error = await mario.post(f"{here}/texts", {"text": "{{ secret() }}"})
    assert (status, error["error"]["field"]) == (422, "text")
    _status, steps = await mario.post(f"{here}/steps", {"after_days": 3})
    assert [(one["step"], list(one["texts"])) for one in steps["items"]] == [(1, ["a"]), (2, [])]
    assert len((await mario.delete(f"{here}/steps"))[1]["items"]) == 1
    assert (await mario.get(f"{here}/progress"))[1]["everybody"] == 0
    assert (await mario.get(f"{here}/report"))[1]["arms"] == []
    assert (await mario.get(f"{here}/comparison"))[1] == {"campaigns": [], "differences": []}
    assert (await mario.get(f"{here}/week"))[1] == {"hours": []}
    assert (await mario.get("/campaigns/undelivered"))[1] == {"items": []}
    assert (await mario.post(f"{here}/settled", {}))[1] == {"items": []}
    assert (await mario.get(f"{here}/recipients?state=sent"))[1]["items"] == []
    assert (await mario.get(f"{here}/worst"))[0] == 422, "it has no audience yet"
    assert (await mario.get(f"{here}/worst?step=9"))[0] == 404
    assert (await mario.get(f"{here}/recipients?state=gone"))[0] == 422
    assert [one["name"] for one in (await mario.get("/campaigns?state=draft"))[1]["items"]] == ["Spring"]


async def test_an_agent_has_no_campaigns(api_of: Any, world: World) -> None:
    mario, ana = await api_of(world.mario), await api_of(world.ana)
    _status, made = await mario.post("/campaigns", {"name": "Spring"})
    for rest in ("", "/steps", "/progress", "/report", "/comparison", "/week", "/recipients", "/worst"):
        assert (await ana.get(f"/campaigns/{made['id']}{rest}"))[0] == 403
    assert (await ana.post("/campaigns", {"name": "x"}))[0] == 403
    assert (await ana.get("/campaigns"))[0] == 403


async def test_what_holds_for_all_is_read_and_changed_and_what_was_perhaps_sent_is_sent_again(
    api_of: Any, hub: Hub, world: World
) -> None:
    mario, ana = await api_of(world.mario), await api_of(world.ana)
    _status, house = await mario.get("/campaign_policy")
    assert house["most_a_week"] == 2
    wanted = {"most_a_week": 5, "holidays": ["2026-12-25"], "complaint_tags": ["queja"]}
    assert await mario.patch("/campaign_policy", wanted) == (200, house | wanted)
    assert await mario.patch("/campaign_policy", {"hold_days": 3}) == (200, house | wanted | {"hold_days": 3})
    status, error = await mario.patch("/campaign_policy", {"most_a_week": 0})
    assert (status, error["error"]["field"]) == (422, "most_a_week")
    assert (await ana.get("/campaign_policy"))[0] == 403
    async with hub.transaction() as tx:
        campaign_id, recipients = await planned(tx, world)
        perhaps = recipients[world.marta_address]
        await tx.execute("UPDATE campaign SET state = 'running'")
        await tx.execute(
            "UPDATE delivery SET state = 'unknown', code = 'timeout', tries = 1 WHERE recipient_id = $1",
            perhaps,
        )
    _status, found = await mario.get(f"/campaigns/{campaign_id}/unsettled")
    assert [(one["recipient_id"], one["code"]) for one in found["items"]] == [(perhaps, "timeout")]
    again = f"/campaigns/{campaign_id}/recipients/{perhaps}/resend"
    assert (await ana.post(again, None))[0] == 403
    status, sent = await mario.post(again, None)
    assert (status, sent["state"]) == (200, "queued")
    assert (await mario.post(again, None))[0] == 409
