"""The API channel: another system's users write, Ana answers, both ways signed; promise 51 for what we send."""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from hub.channels.connections import Channel
from hub.conversations.replies import Answer, reply
from hub.lab.other_system import OtherSystem
from hub.plumbing.hub import Hub
from tests.deliveries.road import DOMAIN, running
from tests.waiting import until
from tests.web.browsing import Web
from tests.web.test_desk import line
from tests.world import World

USER = {"id": "42", "name": "Eva"}


class Speaking(msgspec.Struct, frozen=True):
    """The hub, the other system, and the line between them."""

    hub: Hub
    site: Web
    system: OtherSystem
    channel: Channel

    async def messages(self) -> list[Any]:
        """Incoming messages with their sender's address, oldest first."""
        rows: list[Any] = await self.hub.pool.fetch(
            "SELECT m.*, a.type, a.value FROM message m JOIN address a ON a.id = m.address_id"
            " WHERE direction = 'in' ORDER BY m.id"
        )
        return rows

    async def answer(self, world: World, conversation_id: int, text: str, state: str) -> Any:
        """Ana answers, and it comes to that state; the delivery."""
        async with self.hub.transaction() as tx:
            given = Answer(text=text, channel_id=self.channel.id)
            made = await reply(tx, DOMAIN, conversation_id, world.ana, given)
        delivery: dict[str, Any] = {}

        async def there() -> bool:
            row = await self.hub.pool.fetchrow("SELECT * FROM delivery WHERE message_id = $1", made.id)
            delivery.update(row)
            return delivery["state"] == state

        await until(there)
        return delivery


@asynccontextmanager
async def speaking(hub: Hub, world: World) -> AsyncIterator[Speaking]:
    """Everything is up; answers leave at once."""
    site = Web(hub)
    await site.start()
    hub.settings = msgspec.structs.replace(hub.settings, public_url=str(site.server.make_url("")).rstrip("/"))
    async with OtherSystem().running() as system:
        settings = {"callback_url": system.address, "allowed_hosts": "localhost"}
        secrets = {"signing_secret": system.secret, "token": "t" * 32}
        channel = await line(hub, world, "api", settings=settings, secrets=secrets)
        system.hook = f"{hub.settings.base_url}/in/{channel.key}"
        await hub.pool.execute("UPDATE agent SET undo_seconds = 0")
        try:
            yield Speaking(hub, site, system, channel)
        finally:
            await site.close()


async def test_both_ways(hub: Hub, world: World) -> None:
    """A user writes, Ana answers, the system gets it signed, reports; the user's next message joins."""
    async with speaking(hub, world) as there, running(hub):
        file = {"name": "a.txt", "type": "text/plain", "content": base64.b64encode(b"hola").decode()}
        first = {
            "id": "m-1",
            "from": USER,
            "text": "¿Llega hoy?",
            "subject": "Pedido 7",
            "attachments": [file],
        }
        assert [await there.system.says(first) for _ in range(3)] == [200] * 3
        [said] = await there.messages()
        assert (said["text"], said["type"], said["verified"]) == ("Pedido 7\n\n¿Llega hoy?", "api", True)
        delivery = await there.answer(world, said["conversation_id"], "Sí, hoy", "sent")
        assert delivery["provider_id"] == "their-1"
        [taken] = there.system.taken
        assert taken.body["data"]["to"] == {"type": "user", "id": "42"}
        assert (taken.body["data"]["text"], taken.body["data"]["in_reply_to"]) == ("Sí, hoy", "m-1")
        assert taken.id == taken.body["data"]["id"]
        assert there.system.refused == []
        told = {"event": "delivery", "id": taken.id}
        assert await there.system.says(told | {"state": "read"}) == 200
        assert await there.system.says(told | {"state": "delivered"}) == 200
        assert await hub.pool.fetchval("SELECT state FROM delivery") == "read"
        assert await there.system.says({"id": "m-2", "from": USER, "text": "Gracias"}) == 200
        assert {row["conversation_id"] for row in await there.messages()} == {said["conversation_id"]}


async def test_whom_a_system_may_name(hub: Hub, world: World) -> None:
    """A user is the line's own; an address is everybody's, and proven only when the system says so; threads hold."""
    async with speaking(hub, world) as there:
        mail = {"type": "email", "id": "Marta@acme.test"}
        post = there.system.says
        assert await post({"id": "1", "from": mail, "text": "Yo", "thread": "T1"}) == 200
        assert await post({"id": "2", "from": mail | {"verified": True}, "text": "Yo", "thread": "T1"}) == 200
        assert await post({"id": "3", "from": {"type": "phone", "id": "600 123 456"}, "text": "Yo"}) == 200
        assert await post({"id": "4", "from": {"type": "phone", "id": "nada"}, "text": "Yo"}) == 422
        assert await post({"event": "liked", "from": USER}) == 200
        rows = await there.messages()
        assert [row["value"] for row in rows] == ["marta@acme.test", "marta@acme.test", "+34600123456"]
        assert [row["verified"] for row in rows] == [False, True, False]
        assert rows[0]["conversation_id"] == rows[1]["conversation_id"] != rows[2]["conversation_id"]
        outcomes = await hub.pool.fetch("SELECT outcome FROM arrival_key ORDER BY arrival_id")
        assert sorted(row["outcome"] for row in outcomes)[:2] == ["ignored", "stored"]


async def test_promise_51_our_webhooks_are_signed_and_retried_and_a_replay_does_nothing(
    hub: Hub, world: World
) -> None:
    """429 and 503 wait and come again under the same id, 400 is final; yesterday's body and a wrong token are 403."""
    async with speaking(hub, world) as there, running(hub):
        assert await there.system.says({"id": "m-1", "from": USER, "text": "Hola"}) == 200
        matter = (await there.messages())[0]["conversation_id"]
        there.system.troubles += [(429, {"Retry-After": "0"}), (503, {})]
        delivery = await there.answer(world, matter, "Uno", "sent")
        assert len(there.system.tries) == 3
        assert len(set(there.system.tries)) == 1, "the same webhook-id at every attempt"
        assert len(there.system.taken) == 1
        there.system.troubles.append((422, {}))
        delivery = await there.answer(world, matter, "Dos", "failed")
        assert (delivery["code"], delivery["tries"]) == ("422", 1)
        told = {"id": "m-9", "from": USER, "text": "De ayer"}
        assert await there.system.says(told, at=time.time() - 86_400) == 403
        there.system.secret, right = OtherSystem().secret, there.system.secret
        assert await there.system.says(told) == 403
        there.system.secret = right
        assert there.system.session is not None
        statuses = []
        for token in ("t" * 32, "t" * 31, ""):
            bearer = {"Authorization": f"Bearer {token}"}
            async with there.system.session.post(there.system.hook, json=told, headers=bearer) as answer:
                statuses.append(answer.status)
        assert statuses == [200, 403, 403]
        assert len(await there.messages()) == 2


async def test_promise_58_a_callback_never_leads_inside(hub: Hub, world: World) -> None:
    """Without the operator's word the callback on loopback is refused, and the line says so; nothing knocks."""
    async with speaking(hub, world) as there, running(hub):
        await hub.pool.execute("UPDATE channel SET settings = settings - 'allowed_hosts' WHERE kind = 'api'")
        assert await there.system.says({"id": "m-1", "from": USER, "text": "Hola"}) == 200
        matter = (await there.messages())[0]["conversation_id"]
        async with hub.transaction() as tx:
            await reply(tx, DOMAIN, matter, world.ana, Answer(text="Uno", channel_id=there.channel.id))

        async def refused() -> bool:
            return await hub.pool.fetchval("SELECT health FROM channel WHERE kind = 'api'") == "failing"

        await until(refused)
        assert there.system.tries == []
