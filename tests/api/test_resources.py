"""Deliveries, addresses and claims over the API; methods and numbers that are none."""

from __future__ import annotations

from typing import Any

from hub.channels.base import Raw
from hub.intake import Inbound
from hub.plumbing.hub import Hub
from tests.mails import mail
from tests.world import World


async def answered(hub: Hub, world: World, api: Any) -> dict[str, Any]:
    inbound = Inbound(hub)
    await inbound.start()
    outcome = await inbound.receive(world.mail, Raw(body=mail("Marta <marta@acme.test>")))
    await inbound.close()
    path = f"/conversations/{outcome.conversation_id}/messages"
    status, sent = await api.post(path, {"text": "Mañana llega."})
    assert status == 201
    assert sent["channel"] == {"id": world.mail.id, "name": world.mail.name}
    return dict(sent, conversation=outcome.conversation_id)


async def test_a_delivery_is_listed_with_its_conversation_s_rights_and_sent_again(
    api_of: Any, hub: Hub, world: World
) -> None:
    ana = await api_of(world.ana)
    sent = await answered(hub, world, ana)
    number = sent["delivery"]["id"]
    await hub.pool.execute("UPDATE delivery SET state = 'failed', code = '550', reason = '550 no'")
    _status, page = await ana.get(f"/deliveries?state=failed&conversation={sent['conversation']}")
    assert [(one["id"], one["message"], one["reason"]) for one in page["items"]] == [
        (number, sent["id"], "550 no")
    ]
    status, again = await ana.post(f"/deliveries/{number}/resend", {})
    assert (status, again["state"]) == (200, "queued")
    assert (await ana.post(f"/deliveries/{number}/resend", {}))[0] == 409
    await hub.pool.execute("UPDATE conversation SET team_id = $1, assignee_id = $2", world.legal, world.olga)
    assert (await ana.get("/deliveries"))[1]["items"] == []
    assert (await ana.get(f"/deliveries/{number}"))[0] == 404
    assert (await ana.post(f"/deliveries/{number}/resend", {}))[0] == 404


async def test_what_failed_leaves_by_another_way_and_a_held_one_is_stopped(
    api_of: Any, hub: Hub, world: World
) -> None:
    ana = await api_of(world.ana)
    sent = await answered(hub, world, ana)
    number, matter = sent["delivery"]["id"], sent["conversation"]
    _status, offered = await ana.get(f"/conversations/{matter}/ways")
    [way] = offered["items"]
    assert (way["to"], way["usable"], way["channel"]["id"]) == ("marta@acme.test", True, world.mail.id)
    wanted = {"channel": way["channel"]["id"], "address": way["address"]}
    assert (await ana.post(f"/deliveries/{number}/otherwise", wanted))[0] == 409
    await hub.pool.execute("UPDATE delivery SET state = 'failed', code = '550'")
    status, other = await ana.post(f"/deliveries/{number}/otherwise", wanted)
    assert (status, other["fallback_of"]) == (201, number)
    assert (await ana.post(f"/deliveries/{number}/stop", {}))[0] == 404
    await hub.pool.execute("UPDATE delivery SET state = 'held' WHERE id = $1", other["id"])
    status, stopped = await ana.post(f"/deliveries/{other['id']}/stop", {})
    assert (status, stopped["state"]) == (200, "canceled")
    assert (await ana.post(f"/deliveries/{other['id']}/stop", {}))[0] == 409


async def test_a_wish_is_written_down_and_read(api_of: Any, world: World) -> None:
    ana, path = await api_of(world.ana), f"/contacts/{world.marta}/consents"
    wish = {"address": world.marta_address, "purpose": "marketing", "granted": False, "reason": "by phone"}
    status, told = await ana.post(path, wish)
    assert (status, told["items"][0]["granted"], told["items"][0]["proof"]) == (201, False, "by phone")
    assert (await ana.get(path))[1] == told
    assert (await ana.post(path, wish | {"address": world.jorge_address}))[0] == 404
    assert (await ana.post(path, wish | {"reason": ""}))[1]["error"]["field"] == "reason"


async def test_an_address_is_found_as_a_person_types_it_and_marked(api_of: Any, world: World) -> None:
    api = await api_of(world.ana)
    _status, page = await api.get("/addresses?type=email&value=Marta@ACME.test")
    (one,) = page["items"]
    assert (one["value"], one["contact"]["id"]) == ("marta@acme.test", world.marta)
    status, changed = await api.patch(f"/addresses/{one['id']}", {"shared": True, "usable": False})
    assert (status, changed["shared"], changed["usable"]) == (200, True, False)
    assert changed["why_not"]
    _status, changed = await api.patch(f"/addresses/{one['id']}", {"usable": True})
    assert (changed["usable"], changed["why_not"], changed["shared"]) == (True, "", True)
    status, error = await api.get("/addresses?type=email")
    assert (status, error["error"]["field"]) == (422, "value")


async def test_a_claim_confirmed_is_an_address_and_one_of_somebody_else_is_refused(
    api_of: Any, hub: Hub, world: World
) -> None:
    api = await api_of(world.ana)
    for value in ("marta@casa.test", "jorge@gmail.com"):
        await hub.pool.execute(
            "INSERT INTO claim (contact_id, type, value, source) VALUES ($1, 'email', $2, 'message')",
            world.marta,
            value,
        )
    await hub.pool.execute(
        """
        INSERT INTO address (type, value, contact_id) VALUES ('email', 'jorge@gmail.com', $1)
        ON CONFLICT (type, value) DO UPDATE SET contact_id = excluded.contact_id
        """,
        world.jorge,
    )
    _status, page = await api.get(f"/claims?contact={world.marta}")
    own, others = page["items"]
    status, made = await api.post(f"/claims/{own['id']}/confirm", {})
    assert (status, made["value"], made["contact"]["id"]) == (200, "marta@casa.test", world.marta)
    assert (await api.post(f"/claims/{others['id']}/confirm", {}))[0] == 409
    assert [one["id"] for one in (await api.get("/claims"))[1]["items"]] == [others["id"]]


async def test_a_wrong_method_names_the_right_ones(api_of: Any, world: World) -> None:
    api = await api_of(world.ana)
    status, error = await api.patch("/contacts", {})
    assert (status, error["error"]["code"]) == (405, "method_not_allowed")
    assert (await api.patch("/nothing", {}))[0] == 404


async def test_a_number_beyond_every_id_names_its_field(api_of: Any, world: World) -> None:
    api = await api_of(world.ana)
    status, error = await api.post("/contacts", {"name": "Pepe", "account": 2**63})
    assert (status, error["error"]["field"]) == (422, "account")
    status, error = await api.get(f"/conversations?team={2**64}")
    assert (status, error["error"]["field"]) == (422, "team")


async def test_tags_and_roles_of_a_contact_are_replaced_as_they_are_given(api_of: Any, world: World) -> None:
    api = await api_of(world.ana)
    wanted = {"tags": ["vip", "feria"], "roles": [{"role": "employee", "account": world.acme}]}
    _status, changed = await api.patch(f"/contacts/{world.marta}", wanted)
    assert changed["tags"] == ["feria", "vip"]
    assert changed["roles"] == [{"role": "employee", "account": {"id": world.acme, "name": "Acme"}}]
    assert (await api.patch(f"/contacts/{world.marta}", {"tags": []}))[1]["roles"] == changed["roles"]
    _status, found = await api.get(f"/contacts/{world.marta}")
    assert (found["tags"], found["name"]) == ([], "Marta Ruiz")
    status, error = await api.patch(f"/contacts/{world.marta}", {"tags": ["x" * 61]})
    assert (status, error["error"]["field"]) == (422, "tags")
