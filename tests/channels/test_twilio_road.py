"""SMS and WhatsApp over the whole road: Marta writes, Ana reads and answers, Twilio takes it, refuses or breaks."""

from __future__ import annotations

from typing import Any

import pytest

from hub.conversations import lending
from hub.conversations.replies import Answer, reply
from hub.lab.twilio_texts import Trouble
from hub.plumbing.errors import BadInput
from hub.plumbing.hub import Hub
from tests.channels.texting import MARTA, OURS, PHOTO, Texting, texting
from tests.deliveries.road import DOMAIN, PATIENT, running
from tests.waiting import until
from tests.world import World
from workers.fetching import ask_providers


async def test_one_matter_over_both_channels_and_back(hub: Hub, world: World) -> None:
    """A photo by SMS, an answer; WhatsApp goes on in the same conversation; reports reach the bubble."""
    async with texting(hub, world) as texts, running(hub, PATIENT):
        assert (await texts.says("Mira", files=[("image/png", PHOTO)])).status == 200
        [first] = await texts.messages()
        browser = await texts.site.browser(world.ana)
        page = await browser.text(f"/inbox/all/c/{first['conversation_id']}")
        assert "image-1.png is on its way" in page or "image-1.png está en camino" in page
        await texts.chores()
        page = await browser.text(f"/inbox/all/c/{first['conversation_id']}")
        token = await hub.pool.fetchval("SELECT token FROM attachment WHERE message_id = $1", first["id"])
        assert f'<img src="/files/{token}"' in page
        assert (await browser.get(f"/files/{token}")).headers["Content-Type"] == "image/png"
        assert await hub.pool.fetchval("SELECT count(*) FROM awaited_file") == 0

        assert await answered(texts, world, first["conversation_id"], "Ya sale", "delivered") == OURS
        await texts.says_on_whatsapp(
            "Gracias", OriginalRepliedMessageSid=texts.twilio.texts.sent_to(MARTA)[0].sid
        )
        said = await texts.messages()
        assert [row["conversation_id"] for row in said] == [first["conversation_id"]] * 2
        texts.twilio.texts.fates[MARTA] = "read"
        sender = await answered(texts, world, first["conversation_id"], "De nada", "read")
        assert sender == f"whatsapp:{OURS}"


async def test_how_sending_fails(hub: Hub, world: World) -> None:
    """Throttled waits and comes again, a refusal is final and told, a broken answer is perhaps sent."""
    async with texting(hub, world, by_itself=False) as texts, running(hub, PATIENT):
        await texts.says("Hola")
        matter = (await texts.messages())[0]["conversation_id"]
        texts.twilio.texts.troubles.append(Trouble(status=429, code=20429, retry_after="0"))
        texts.twilio.texts.troubles.append(Trouble(status=503))
        await answered(texts, world, matter, "Uno", "sent")
        assert len(texts.twilio.texts.sent_to(MARTA)) == 1
        texts.twilio.texts.troubles.append(Trouble(status=502))
        await answered(texts, world, matter, "Dos", "unknown")
        texts.twilio.texts.fates[MARTA] = "21610"
        await answered(texts, world, matter, "Tres", "failed")
        rows = await hub.pool.fetch("SELECT state, code, tries FROM delivery ORDER BY id")
        assert [(row["state"], row["code"]) for row in rows][:3] == [
            ("sent", ""),
            ("unknown", "502"),
            ("failed", "21610"),
        ]
        assert rows[0]["tries"] == 3


async def test_a_stop_word_ends_it_and_a_start_word_begins_it_again(hub: Hub, world: World) -> None:
    """Promise 69 over the webhook: BAJA stops that line alone, a sentence with stop in it does not."""
    async with texting(hub, world) as texts, running(hub, PATIENT):
        await texts.says("Please stop the delivery of order 3")
        matter = (await texts.messages())[0]["conversation_id"]
        await answered(texts, world, matter, "Parado", "delivered")
        await texts.says(" Baja. ")
        async with hub.transaction() as tx:
            with pytest.raises(BadInput):
                await reply(tx, DOMAIN, matter, world.ana, Answer(text="Uno", channel_id=texts.sms.id))
        await texts.says_on_whatsapp("Hola")
        await answered(texts, world, matter, "Dos", "delivered", channel_id=texts.whatsapp.id)
        await texts.says("ALTA")
        await answered(texts, world, matter, "Tres", "delivered", channel_id=texts.sms.id)
        assert [row["text"] for row in await texts.messages()][1] == " Baja. "
        assert [one.body for one in texts.twilio.texts.sent_to(MARTA)] == ["Parado", "Dos", "Tres"]


async def test_a_file_of_ours_is_lent_for_a_while(hub: Hub, world: World) -> None:
    """The link in the message opens the file without a session; another's, an old or a made-up one does not."""
    async with texting(hub, world) as texts, running(hub, PATIENT):
        await texts.says_on_whatsapp("Hola")
        matter = (await texts.messages())[0]["conversation_id"]
        browser = await texts.site.browser(world.ana)
        token = await uploaded(hub, world)
        await answered(texts, world, matter, "La foto", "delivered", attachments=(token,))
        link = texts.twilio.texts.sent_to(MARTA)[-1].fields["MediaUrl"][0]
        assert texts.twilio.session is not None
        async with texts.twilio.session.get(link) as answer:
            assert (answer.status, await answer.read()) == (200, PHOTO)
            assert "sandbox" in answer.headers["Content-Security-Policy"]
        file_id = await hub.pool.fetchval("SELECT id FROM attachment WHERE token = $1", token)
        wrong_line = link.replace(texts.whatsapp.key, texts.sms.key)
        old = f"{link.rpartition('/')[0]}/{hub.crypto.sign(lending.PURPOSE, 400_000 << 44 | file_id)}"
        forged = link[:-4] + "aaaa"
        for bad in (wrong_line, old, forged):
            async with texts.twilio.session.get(bad) as answer:
                assert answer.status == 404, bad
        assert (await browser.get("/in/" + texts.sms.key)).status in (404, 405)


async def test_what_webhooks_lost_is_made_up_for(hub: Hub, world: World) -> None:
    """Twilio's list knows a message and a final state nobody told us of; told ones come no second time."""
    async with texting(hub, world, by_itself=False) as texts, running(hub, PATIENT):
        await texts.says("Contada")
        matter = (await texts.messages())[0]["conversation_id"]
        await answered(texts, world, matter, "Re", "sent")
        texts.twilio.texts.sent_to(MARTA)[0].status = "delivered"
        texts.twilio.texts.wrote(MARTA, OURS, "Perdida", [("image/png", PHOTO)])
        texts.twilio.texts.wrote(MARTA, OURS, "Y otra")
        texts.twilio.texts.wrote(MARTA, "+34919999999", "De otra línea")
        await ask_providers(hub)
        await ask_providers(hub)
        assert await hub.pool.fetchval("SELECT count(*) FROM todo WHERE kind = 'pull'") == 2
        await texts.chores()
        await texts.chores()
        assert [row["text"] for row in await texts.messages()] == ["Contada", "Perdida", "Y otra"]
        assert await hub.pool.fetchval("SELECT count(*) FROM attachment") == 1
        assert (await texts.deliveries())[0]["state"] == "delivered"


async def test_a_file_waits_while_the_password_is_being_changed(hub: Hub, world: World) -> None:
    """Twilio has the new one already, the line not yet: the photo comes as soon as both have it."""
    async with texting(hub, world, by_itself=False) as texts:
        await texts.says("Mira", files=[("image/png", PHOTO)])
        token, texts.twilio.token = texts.twilio.token, "another"
        await texts.chores()
        assert await hub.pool.fetchval("SELECT count(*) FROM awaited_file WHERE failed IS NULL") == 1
        texts.twilio.token = token
        await hub.pool.execute("UPDATE todo SET due_at = now() WHERE kind = 'media'")
        await texts.chores()
        assert await hub.pool.fetchval("SELECT count(*) FROM attachment") == 1


async def test_a_list_that_cannot_be_read_is_asked_again_from_the_same_moment(hub: Hub, world: World) -> None:
    """A day without Twilio's list leaves no hole: the row waits with its beginning, and no second one beside it."""
    async with texting(hub, world, by_itself=False) as texts:
        texts.twilio.texts.wrote(MARTA, OURS, "Perdida")
        token, texts.twilio.token = texts.twilio.token, "another"
        await ask_providers(hub)
        waiting = "SELECT ref, payload, error FROM todo WHERE kind = 'pull' ORDER BY ref"
        before = await hub.pool.fetch(waiting)
        await texts.chores()
        await hub.pool.execute("UPDATE channel SET pulled_at = now() - interval '1 day 1 minute'")
        await ask_providers(hub)
        after = await hub.pool.fetch(waiting)
        assert [row["payload"] for row in after] == [row["payload"] for row in before]
        assert all("20003" in row["error"] or "account" in row["error"] for row in after)
        texts.twilio.token = token
        await hub.pool.execute("UPDATE todo SET due_at = now() WHERE kind = 'pull'")
        await texts.chores()
        assert [row["text"] for row in await texts.messages()] == ["Perdida"]
        assert await hub.pool.fetchval("SELECT count(*) FROM todo WHERE kind = 'pull'") == 0


async def uploaded(hub: Hub, world: World) -> str:
    """A photo Ana put beside her answer."""
    from hub.conversations import media

    return (await media.upload(hub, world.ana, "foto.png", PHOTO)).token


async def answered(
    texts: Texting, world: World, conversation_id: int, text: str, wanted: str, **more: Any
) -> str:
    """Ana answers and the delivery ends as wanted; the number it left from."""
    async with texts.hub.transaction() as tx:
        made = await reply(tx, DOMAIN, conversation_id, world.ana, Answer(text=text, **more))
    delivery_id = made.deliveries[0].id

    async def ended() -> bool:
        found: Any = await texts.hub.pool.fetchval("SELECT state FROM delivery WHERE id = $1", delivery_id)
        return bool(found == wanted)

    await until(ended)
    sent = texts.twilio.texts.sent_to(MARTA)
    return sent[-1].sender if sent else ""
