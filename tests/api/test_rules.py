"""Rules and absences over the API: checked, tried, published; entered and called off; the outsider told nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hub.routing import decisions
from hub.routing.engine import decide, look_up
from tests.conversations.making import conversation
from tests.routing.cast import case

ROWS = [
    {
        "rule": "Orders",
        "when": {"all": [{"text": ["pedido"]}]},
        "then": {"assign": {"person": "Lola"}, "tags": ["order"]},
    },
    {"row": "owner"},
    {"row": "queue"},
]


async def happened(hub, world, team):
    """Jorge wrote about an order to this team."""
    async with hub.transaction() as tx:
        id_ = await conversation(tx, world, contact=world.jorge, team=team)
        staff, rules = await look_up(tx)
        await decisions.write(tx, [(id_, decide(case(channel_team_id=team), staff, rules))])
    return id_


async def test_a_lead_reads_checks_tries_and_publishes_rules(api_of, hub, world):
    api = await api_of(world.lola)
    status, starter = await api.get("/rules")
    assert (status, starter["version"]) == (200, 0)
    assert (await api.post("/rules/check", {"rows": ROWS}))[0] == 204
    seen = await happened(hub, world, world.support)
    await happened(hub, world, world.legal)
    status, tried = await api.post("/rules/replay", {"rows": ROWS})
    assert (status, tried["tried"]) == (200, 1)  # Lola is not in Legal
    assert [one["conversation"] for one in tried["differences"]] == [seen]
    assert tried["differences"][0]["draft"] == "Para Lola, por la regla «Orders»"
    status, published = await api.post("/rules", {"rows": ROWS, "note": "pedidos", "instead_of": 0})
    assert status == 201
    assert published["rows"] == ROWS
    assert (await api.get("/rules"))[1] == published
    assert (await api.get(f"/rules/{published['version']}"))[1] == published
    assert (await api.get("/rules/999999999999"))[0] == 404
    status, conflict = await api.post("/rules", {"rows": ROWS, "instead_of": 0})
    assert (status, conflict["error"]["code"]) == (409, "conflict")


async def test_a_mistake_names_row_and_field(api_of, world):
    api = await api_of(world.berta)
    wrong = [{"row": "owner"}, {"rule": "R", "when": {"all": [{"chanel": "x"}]}, "then": {"stop": True}}]
    status, answer = await api.post("/rules/check", {"rows": wrong})
    assert (status, answer["error"]["field"]) == (422, "rows[1].when.all[0].chanel")
    assert "channel" in answer["error"]["message"]
    unknown = [{"row": "queue", "team": "Nada"}]
    status, answer = await api.post("/rules", {"rows": unknown})
    assert (status, answer["error"]["field"]) == (422, "rows[0].team")


async def test_only_leads_and_admins_touch_the_rules(api_of, world):
    for agent in (world.ana, world.mario, world.olga):
        api = await api_of(agent)
        for path in ("/rules", "/rules/check", "/rules/replay"):
            assert (await api.post(path, {"rows": ROWS}))[0] == 403
        assert (await api.get("/rules"))[0] == 200


async def test_an_absence_is_entered_and_called_off(api_of, world):
    now = datetime.now(UTC)
    body = {
        "starts_at": (now - timedelta(hours=1)).isoformat(),
        "ends_at": (now + timedelta(days=1)).isoformat(),
        "deputy": world.luis,
        "reason": "médico",
    }
    ana, lola, olga = [await api_of(one) for one in (world.ana, world.lola, world.olga)]
    status, made = await ana.post("/absences", body)
    assert (status, made["agent"], made["deputy"]["name"]) == (201, {"id": world.ana, "name": "Ana"}, "Luis")
    assert [one["id"] for one in (await lola.get("/absences"))[1]["items"]] == [made["id"]]
    assert (await lola.post("/absences", body | {"agent": world.ana}))[0] == 409
    assert (await olga.post("/absences", body | {"agent": world.luis}))[0] == 404
    assert (await olga.post(f"/absences/{made['id']}/cancel", {}))[0] == 404
    assert (await ana.post("/absences", body | {"starts_at": "2026-09-12T09:00:00"}))[0] == 422
    assert (await lola.post(f"/absences/{made['id']}/cancel", {}))[0] == 200
    assert (await lola.get("/absences"))[1]["items"] == []
