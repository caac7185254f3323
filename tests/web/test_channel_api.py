"""Lines over the API: administrators connect and change them, and no secret comes back."""

from __future__ import annotations

from hub.agents import tokens
from hub.channels import connections
from tests.web.browsing import Web
from tests.world import World

SECRET = "t0ken-of-twilio"


async def test_an_administrator_connects_and_changes_a_line_whose_secrets_only_go_in(
    site: Web, world: World
) -> None:
    berta, ana = await client(site, world.berta), await client(site, world.ana)
    sms = {
        "kind": "sms",
        "address": "+34 911 222 333",
        "settings": {"account_sid": "AC0123456789", "fallback.cancel_minutes": 2, "mms": False},
        "secrets": {"auth_token": SECRET},
        "team": world.support,
    }
    assert (await ana("POST", "/channels", sms))[0] == 403
    status, made = await berta("POST", "/channels", sms)
    assert (status, made["address"], made["secrets"]) == (201, "+34911222333", ["auth_token"])
    assert made["settings"] == {
        "account_sid": "AC0123456789",
        "fallback": {"cancel_minutes": 2},
        "mms": False,
    }
    path = f"/channels/{made['id']}"
    assert (await ana("GET", path))[1]["settings"] is None

    for wrong, field in (
        ({"settings": {"auth_token": "x"}}, "auth_token"),
        ({"secrets": {"account_sid": "x"}}, "account_sid"),
        ({"settings": {"account_sid": "nonsense"}}, "account_sid"),
        ({"settings": {"colour": "red"}}, "colour"),
        ({"secrets": {"auth_token": None}}, "auth_token"),
        ({"team": 999_999}, "team"),
        ({"address": "here"}, "address"),
        ({"name": ""}, "name"),
    ):
        status, said = await berta("PATCH", path, wrong)
        assert (status, said["error"]["field"]) == (422, field), wrong
    assert (await ana("PATCH", path, {"enabled": False}))[0] == 403
    status, after = await berta("PATCH", path, {"enabled": False, "name": "Móviles", "settings": {"mms": ""}})
    assert (status, after["enabled"], after["name"], "mms" in after["settings"]) == (
        200,
        False,
        "Móviles",
        False,
    )
    assert (await ana("POST", f"{path}/test", None))[0] == 403
    async with site.hub.transaction() as tx:
        line = (await connections.load(tx, made["id"])).line(site.hub.crypto)
    assert line.secrets == {"auth_token": SECRET}
    assert SECRET not in str([made, after, await berta("GET", "/channels"), await berta("GET", path)])


async def client(site: Web, agent_id: int):
    async with site.hub.transaction() as tx:
        bearer = await tokens.create(tx, agent_id, "test")
    browser = await site.browser()

    async def ask(method: str, path: str, body: object = None):
        answer = await browser.client.request(
            method, f"/api/v1{path}", json=body, headers={"Authorization": f"Bearer {bearer}"}
        )
        return answer.status, await answer.json()

    return ask
