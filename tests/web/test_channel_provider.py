"""What a line's page asks its provider: where the number calls, set with one button; and the texts it approved."""

from __future__ import annotations

from hub.channels import connections
from hub.channels.base import Tried
from hub.channels.connections import Channel
from hub.channels.registry import adapter
from hub.channels.trying import try_line
from hub.conversations import approved
from hub.lab.twilio_contents import content
from hub.plumbing.hub import Hub
from tests.channels.texting import OURS, Texting, texting
from tests.web.test_channel_api import client
from tests.world import World

ELSEWHERE = "https://old.example.test/sms"


async def test_where_the_number_calls_is_looked_at_and_set(hub: Hub, world: World) -> None:
    async with texting(hub, world) as texts:
        berta, path = await texts.site.browser(world.berta), f"/admin/channels/{texts.sms.id}"
        assert await troubles(hub, texts.sms) == ["", ""]
        right, texts.twilio.hooks[OURS] = texts.twilio.hooks[OURS], ELSEWHERE
        await berta.post(f"{path}/test")
        page = await berta.text(path)
        assert ELSEWHERE in page
        assert f"{path}/hooks" in page
        async with hub.transaction() as tx:
            assert (await connections.load(tx, texts.sms.id)).health == "failing"
        assert (await berta.post(f"{path}/hooks")).status == 303
        assert texts.twilio.hooks[OURS] == right
        assert ELSEWHERE not in await berta.text(path)
        assert (await texts.says("Ya llega")).status == 200

        texts.twilio.numbers.more[OURS] = {"sms_application_sid": "AP1"}
        assert "an app at Twilio" in (await troubles(hub, texts.sms))[-1]
        texts.twilio.numbers.more[OURS] = {"sms_url": ""}
        assert "tells us nothing" in (await troubles(hub, texts.sms))[-1]
        await away(texts)
        assert "no such number" in (await troubles(hub, texts.sms))[-1]
        assert (await berta.post(f"{path}/hooks")).status == 422


async def test_a_messaging_service_is_looked_at_instead_of_its_numbers(hub: Hub, world: World) -> None:
    async with texting(hub, world) as texts:
        ours, services = texts.twilio.hooks[OURS], texts.twilio.numbers.services
        async with hub.transaction() as tx:
            settings = {**texts.sms.settings, "messaging_service_sid": "MG1"}
            await tx.execute("UPDATE channel SET settings = $2 WHERE id = $1", texts.sms.id, settings)
            line = await connections.load(tx, texts.sms.id)
        assert (await troubles(hub, line))[-1] != "", "Twilio has no such service"
        services["MG1"] = {"inbound_request_url": ELSEWHERE, "use_inbound_webhook_on_number": False}
        assert ELSEWHERE in (await troubles(hub, line))[-1]
        await adapter("sms").set_hooks(line.line(hub.crypto), hub.settings.base_url)
        assert services["MG1"]["inbound_request_url"] == ours
        assert (await troubles(hub, line))[-1] == ""
        services["MG1"] = {"use_inbound_webhook_on_number": True}
        assert (await troubles(hub, line))[-1] == "", "then the number tells"
        texts.twilio.hooks[OURS] = ELSEWHERE
        api = await client(texts.site, world.berta)
        status, tried = await api("POST", f"/channels/{line.id}/hooks", None)
        assert (status, [one["trouble"] for one in tried["items"]], texts.twilio.hooks[OURS]) == (
            200,
            ["", ""],
            ours,
        )
        assert (await api("POST", f"/channels/{world.mail.id}/hooks", None))[0] == 404
        await away(texts)
        assert (await api("POST", f"/channels/{line.id}/hooks", None))[1]["error"]["field"] == "provider"


async def test_a_telephone_number_tells_of_calls_and_of_their_end(hub: Hub, world: World) -> None:
    async with texting(hub, world) as texts:
        async with hub.transaction() as tx:
            line = await connections.add(
                tx,
                hub.crypto,
                kind="voice",
                name="Teléfono",
                address=OURS,
                address_type="call",
                settings=texts.twilio.settings(),
                secrets=texts.twilio.secrets(),
            )
        assert [trouble[:5] for trouble in await troubles(hub, line)] == ["", "empty", "empty"]
        await adapter("voice").set_hooks(line.line(hub.crypto), hub.settings.base_url)
        assert await troubles(hub, line) == ["", "", ""]
        assert texts.twilio.calls.lines[OURS] == f"{hub.settings.base_url}/in/{line.key}"
        assert texts.twilio.hooks[OURS].endswith(texts.sms.key), "messages go where they went"


async def test_approved_texts_are_taken_over_added_and_no_longer_offered(hub: Hub, world: World) -> None:
    async with texting(hub, world) as texts:
        berta, ana = await texts.site.browser(world.berta), await texts.site.browser(world.ana)
        path = f"/admin/channels/{texts.whatsapp.id}/texts"
        form = {"name": "cita", "language": "es", "body": "Te esperamos, {{1}}.", "provider_id": "HX9"}
        assert (await ana.post(path, form)).status == 403
        assert (await berta.post(path, form)).status == 303
        assert (await berta.post(path, form)).status == 422
        assert (await berta.get(f"/admin/channels/{texts.sms.id}/texts")).status == 404

        texts.twilio.contents.all = [
            content("HX1", "salida", "es", "Hola, {{1}}: ya ha salido."),
            content("HX2", "pendiente", "es", "Todavía no", status="pending"),
            content("HX3", "foto", "es", ""),
        ]
        assert "1 texto aprobado" in await (await berta.post(f"{path}/take-over")).text()
        assert await offered(hub, texts) == {"salida": True, "cita": False}
        text = next(one for one in await kept(hub, texts) if one.name == "salida")
        assert (text.variables, text.provider_id) == (["1"], "HX1")
        assert (await berta.post(f"{path}/use", {"text": str(text.id), "active": "0"})).status == 303
        assert await offered(hub, texts) == {"salida": False, "cita": False}
        await berta.post(f"{path}/take-over")
        assert await offered(hub, texts) == {"salida": True, "cita": False}
        api, taken = await client(texts.site, world.berta), f"/channels/{texts.whatsapp.id}/approved_texts"
        assert [one["name"] for one in (await api("POST", taken, None))[1]["items"]] == ["salida"]
        assert (await api("POST", f"/channels/{texts.sms.id}/approved_texts", None))[0] == 404
        texts.twilio.token = "another"
        assert (await berta.post(f"{path}/take-over")).status == 422


async def troubles(hub: Hub, line: Channel) -> list[str]:
    found: list[Tried] = await try_line(hub, line.id)
    return [one.trouble for one in found]


async def away(texts: Texting) -> None:
    """The number is no longer the account's."""
    del texts.twilio.hooks[OURS]
    texts.twilio.numbers.more.clear()


async def kept(hub: Hub, texts: Texting) -> list[approved.ApprovedText]:
    async with hub.transaction() as tx:
        return await approved.listed(tx, channel_id=texts.whatsapp.id, active=False)


async def offered(hub: Hub, texts: Texting) -> dict[str, bool]:
    return {one.name: one.active for one in await kept(hub, texts)}
