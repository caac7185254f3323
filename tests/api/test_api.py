"""The API as DESIGN.md §5 promises it: shapes, paging, rights, errors, and no POST done twice."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from aiohttp import ClientSession

from hub.channels.base import Raw
from hub.intake import Inbound
from tests.mails import mail


@pytest.fixture
async def arrive(hub, world):
    inbound = Inbound(hub)
    await inbound.start()

    async def one(raw: bytes):
        return await inbound.receive(world.mail, Raw(body=raw))

    yield one
    await inbound.close()


async def test_a_conversation_and_its_decision(api_of, arrive, world):
    outcome = await arrive(mail("Marta Ruiz <marta@acme.test>"))
    api = await api_of(world.ana)
    status, page = await api.get("/conversations?view=mine")
    assert status == 200
    assert page["next"] is None
    (one,) = page["items"]
    assert one["id"] == outcome.conversation_id
    assert one["assignee"] == {"id": world.ana, "name": "Ana"}
    assert one["account"] == {"id": world.acme, "name": "Acme"}
    assert one["main_contact"] == {"id": world.marta, "name": "Marta Ruiz"}
    assert "Acme" in one["decision"]
    status, decision = await api.get(f"/conversations/{one['id']}/decision")
    assert (status, decision["row"], decision["agent"]["id"]) == (200, "owner", world.ana)
    assert decision["sentence"] == one["decision"]


async def test_filters_narrow_and_paging_goes_through_all(api_of, arrive, world):
    for number in range(5):
        await arrive(mail("Marta <marta@acme.test>", f"Asunto {number}"))
    await arrive(mail("Jorge <jorge@gmail.com>", "Otra"))
    api = await api_of(world.ana)
    seen, cursor = [], ""
    for _turn in range(10):
        _status, page = await api.get(f"/conversations?account={world.acme}&limit=2&cursor={cursor}")
        seen += [one["subject"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = page["next"].replace("+", "%2B")
    assert seen == [f"Asunto {number}" for number in (4, 3, 2, 1, 0)]
    _status, nobody = await api.get("/conversations?assignee=none")
    assert [one["subject"] for one in nobody["items"]] == ["Otra"]


async def test_an_answer_is_posted_once_whatever_is_repeated(api_of, arrive, world, hub):
    outcome = await arrive(mail("Marta <marta@acme.test>"))
    api = await api_of(world.ana)
    path = f"/conversations/{outcome.conversation_id}/messages"
    key = {"Idempotency-Key": "k1"}
    status, first = await api.post(path, {"text": "Mañana llega."}, **key)
    again, second = await api.post(path, {"text": "Mañana llega."}, **key)
    assert (status, again, first["id"]) == (201, 201, second["id"])
    other, error = await api.post(path, {"text": "Otra cosa"}, **key)
    assert (other, error["error"]["field"]) == (422, "Idempotency-Key")
    assert await hub.pool.fetchval("SELECT count(*) FROM message WHERE direction = 'out'") == 1
    assert first["delivery"]["state"] == "held"
    assert first["delivery"]["recipient"] == "marta@acme.test"


async def test_ten_at_once_with_one_key_are_one(api_of, arrive, world, hub):
    outcome = await arrive(mail("Marta <marta@acme.test>"))
    api = await api_of(world.ana)
    path = f"/conversations/{outcome.conversation_id}/messages"
    tries = [api.post(path, {"text": "Hola", "note": True}, **{"Idempotency-Key": "same"}) for _ in range(10)]
    statuses = {status for status, _answer in await asyncio.gather(*tries)}
    assert statuses <= {201, 409}
    assert await hub.pool.fetchval("SELECT count(*) FROM message WHERE direction = 'note'") == 1


async def test_something_newer_stops_an_answer(api_of, arrive, world):
    outcome = await arrive(mail("Marta <marta@acme.test>", message_id="<n1@acme.test>"))
    await arrive(mail("Marta <marta@acme.test>", in_reply_to="<n1@acme.test>", text="Un momento"))
    api = await api_of(world.ana)
    path = f"/conversations/{outcome.conversation_id}/messages"
    status, error = await api.post(path, {"text": "Respuesta", "after_seq": 1})
    assert (status, error["error"]["code"]) == (409, "newer_messages")
    status, _answer = await api.post(path, {"text": "Respuesta", "after_seq": 1, "force": True})
    assert status == 201


async def test_the_outsider_finds_nothing_of_a_restricted_team(api_of, arrive, world, hub):
    outcome = await arrive(mail("Marta <marta@acme.test>"))
    await hub.pool.execute("UPDATE conversation SET team_id = $1, assignee_id = $2", world.legal, world.olga)
    ana, olga = await api_of(world.ana), await api_of(world.olga)
    path = f"/conversations/{outcome.conversation_id}"
    assert (await olga.get(path))[0] == 200
    for below in ("", "/messages", "/decision"):
        assert (await ana.get(path + below))[0] == 404
    assert (await ana.post(f"{path}/messages", {"text": "x"}))[0] == 404
    assert (await ana.patch(path, {"assignee": world.ana}))[0] == 404
    assert (await ana.get("/conversations"))[1]["items"] == []


async def test_changes_over_the_api(api_of, arrive, world):
    outcome = await arrive(mail("Marta <marta@acme.test>"))
    api = await api_of(world.lola)
    path = f"/conversations/{outcome.conversation_id}"
    status, one = await api.patch(
        path, {"assignee": world.luis, "priority": "high", "tags": ["envío"], "state": "closed"}
    )
    assert (status, one["assignee"]["id"], one["priority"], one["tags"]) == (
        200,
        world.luis,
        "high",
        ["envío"],
    )
    assert one["state"] == "closed"
    status, one = await api.patch(path, {"state": "open", "assignee": None})
    assert (status, one["state"], one["assignee"], one["fallback"]) == (200, "open", None, "")
    status, one = await api.patch(path, {"fallback": "off"})
    assert (status, one["fallback"], (await api.get(path))[1]["fallback"]) == (200, "off", "off")
    status, error = await api.patch(path, {"fallback": "sometimes"})
    assert (status, error["error"]["field"]) == (422, "fallback")
    assert (await api.patch(path, {"fallback": ""}))[1]["fallback"] == ""


async def test_errors_name_the_field_and_what_is_allowed(api_of, world):
    api = await api_of(world.ana)
    for path, field in (
        ("/conversations?limit=0", "limit"),
        ("/conversations?cursor=x", "cursor"),
        ("/conversations?colour=red", "colour"),
        ("/conversations?assignee=ana", "assignee"),
        ("/contacts?limit=1000", "limit"),
    ):
        status, body = await api.get(path)
        assert (status, body["error"]["field"]) == (422, field), path
    status, body = await api.post("/accounts", {"name": " "})
    assert (status, body["error"]["field"]) == (422, "name")
    status, body = await api.post("/accounts", {"name": "x", "owner_id": 1})
    assert status == 422
    assert (await (await api_of(None)).get("/conversations"))[0] == 401
    assert (await api.get("/conversations/999999"))[0] == 404
    assert (await api.get("/nothing"))[0] == 404


async def test_accounts_and_contacts(api_of, world):
    api = await api_of(world.ana)
    status, account = await api.post(
        "/accounts",
        {"name": "Bodegas Sol", "owner": world.ana, "deputy": world.luis, "domains": ["bsol.test"]},
    )
    assert (status, account["owner"]["name"], account["domains"]) == (201, "Ana", ["bsol.test"])
    status, changed = await api.patch(f"/accounts/{account['id']}", {"domains": ["sol.test"], "owner": None})
    assert (status, changed["owner"], changed["domains"]) == (200, None, ["sol.test"])
    _status, page = await api.get("/accounts?without_owner=true")
    assert [one["name"] for one in page["items"]] == ["Bodegas Sol"]
    status, contact = await api.post(
        "/contacts", {"name": "Lucía", "addresses": [{"type": "email", "value": "Lucia@Sol.test"}]}
    )
    assert (status, contact["addresses"][0]["value"]) == (201, "lucia@sol.test")
    status, error = await api.post("/contacts", {"addresses": [{"type": "email", "value": "lucia@sol.test"}]})
    assert (status, error["error"]["code"]) == (409, "conflict")
    _status, page = await api.get("/contacts?q=lucia")
    assert [one["id"] for one in page["items"]] == [contact["id"]]


async def test_the_quarantine_is_for_leads(api_of, arrive, world):
    await arrive(b"")
    assert (await (await api_of(world.ana)).get("/arrivals"))[0] in (403, 404)
    lola = await api_of(world.lola)
    _status, page = await lola.get("/arrivals")
    assert [one["outcome"] for one in page["items"]] == ["unreadable"]


async def test_openapi_describes_every_endpoint(api_of):
    status, document = await (await api_of(None)).get("/openapi.json")
    assert (status, document["openapi"]) == (200, "3.1.0")
    assert "/api/v1/conversations/{id}/messages" in document["paths"]
    text = msgspec.json.encode(document).decode()
    for name in set(__import__("re").findall(r"#/components/schemas/([\w.\-]+)", text)):
        assert name in document["components"]["schemas"], name


async def test_a_refused_token_says_how_to_sign_in(served):
    async with ClientSession() as session, session.get(served.make_url("/api/v1/conversations")) as answer:
        assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
