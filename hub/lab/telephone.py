"""The lab's telephones: a pretend Twilio beside the hub, and the demo's lines on it."""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import web

from hub.lab.sent import Outbox
from hub.lab.twilio import PretendTwilio
from hub.operating import demo_lines
from hub.operating.demo_lines import NUMBER, TWILIO_BESIDE
from hub.plumbing.hub import Hub
from hub.web.requests import HUB

TWILIO = web.AppKey("lab_twilio", PretendTwilio)
LINES = (("sms", "SMS", NUMBER), ("whatsapp", "WhatsApp", f"whatsapp:{NUMBER}"))


async def run(app: web.Application) -> AsyncIterator[None]:
    """As long as the demo's web process lives. A taken port costs the telephones, not the hub."""
    hub = app[HUB]
    twilio = PretendTwilio(
        account=demo_lines.account_sid(), token=demo_lines.auth_token(hub), outbox=Outbox(hub.settings.data)
    )
    app[TWILIO] = twilio
    async with twilio.running(port=hub.settings.port + TWILIO_BESIDE):
        async with hub.transaction() as tx:
            lines = await demo_lines.stand(tx, hub)
        for kind, _name, address in LINES:
            twilio.hooks[address] = f"{hub.settings.base_url}/in/{lines[kind].key}"
        twilio.calls.lines[NUMBER] = f"{hub.settings.base_url}/in/{lines['voice'].key}"
        await _give_telephones(hub)
        yield


async def _give_telephones(hub: Hub) -> None:
    """Everybody of the demo who has no telephone gets one that only rings in the lab."""
    async with hub.transaction() as tx:
        await tx.execute(
            "UPDATE agent SET phone = '+346110000' || lpad((id % 100)::text, 2, '0') WHERE phone = ''"
        )
