"""Promise 49 over webhooks: the highest state wins, early reports count, and a repeated failure keeps its words."""

from __future__ import annotations

from typing import Any

from hub.channels.errors import Unknown
from hub.conversations.replies import Answer, reply
from hub.deliveries import wording
from hub.lab.twilio_texts import Trouble
from hub.plumbing.hub import Hub
from hub.plumbing.texts import speaking
from tests.channels.texting import MARTA, Texting, texting
from tests.deliveries.road import DOMAIN, PATIENT, running
from tests.waiting import until
from tests.world import World


async def test_promise_49_status_never_goes_back(hub: Hub, world: World) -> None:
    """One life of three answers: told backwards, failed twice, and told before we knew that it was sent."""
    async with texting(hub, world, by_itself=False) as texts, running(hub, PATIENT) as outbound:
        sent = await answered(texts, world, "Uno")
        for status in ("delivered", "sent", "queued", "delivered"):
            await texts.twilio.texts.report(sent, status)
        await texts.twilio.texts.report(sent, "read")
        await texts.twilio.texts.report(sent, "delivered")
        failed = await answered(texts, world, "Dos")
        await texts.twilio.texts.report(failed, "undelivered", 30006)
        await texts.twilio.texts.report(failed, "failed")
        await texts.twilio.texts.report(failed, "sent")
        texts.twilio.texts.troubles.append(Trouble(how="drop"))
        perhaps = await answered(texts, world, "Tres", wanted="unknown")
        row = (await texts.deliveries())[-1]
        assert (row["state"], row["provider_id"]) == (Unknown.state, "")
        await texts.twilio.texts.report(perhaps, "delivered")
        rows = {one["id"]: one for one in await texts.deliveries() if one["fallback_of"] is None}
        assert [one["state"] for one in rows.values()] == ["read", "failed", "delivered"]
        first, second, third = rows.values()
        assert (first["provider_id"], third["provider_id"]) == (sent, perhaps)
        assert second["code"] == "30006"
        with speaking("es"):
            assert "fijo" in wording.words(second["code"], second["reason"])
        outbound.wake()


async def answered(texts: Texting, world: World, text: str, *, wanted: str = "sent") -> str:
    """Marta writes, Ana answers by SMS and the worker sends it; Twilio's sid of the answer."""
    await texts.says(text)
    before = len(texts.twilio.texts.sent_to(MARTA))
    async with texts.hub.transaction() as tx:
        conversation_id = await tx.value("SELECT max(id) FROM conversation")
        made = await reply(tx, DOMAIN, conversation_id, world.ana, Answer(text=f"Re: {text}"))
    delivery_id = made.deliveries[0].id

    async def left() -> bool:
        found: Any = await texts.hub.pool.fetchval("SELECT state FROM delivery WHERE id = $1", delivery_id)
        return bool(found == wanted)

    await until(left)
    assert len(texts.twilio.texts.sent_to(MARTA)) == before + 1
    return texts.twilio.texts.sent_to(MARTA)[-1].sid
