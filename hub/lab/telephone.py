"""The lab's telephones: a pretend Twilio beside the hub, and the demo's lines on it."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator

from aiohttp import web

from hub.channels import connections
from hub.channels.connections import Channel
from hub.channels.registry import adapter
from hub.lab.sent import Outbox
from hub.lab.twilio import PretendTwilio
from hub.plumbing.hub import Hub
from hub.web.requests import HUB

TWILIO = web.AppKey("lab_twilio", PretendTwilio)
BESIDE = 101
"""The pretend Twilio listens so many ports above the hub."""
NUMBER = "+34910000123"
LINES = (("sms", "SMS", NUMBER), ("whatsapp", "WhatsApp", f"whatsapp:{NUMBER}"))


async def run(app: web.Application) -> AsyncIterator[None]:
    """As long as the demo's web process lives. A taken port costs the telephones, not the hub."""
    hub = app[HUB]
    account = f"AC{hashlib.sha256(b'the lab of Dialogo').hexdigest()[:32]}"
    token = hub.crypto.sign("lab_twilio", 1)  # the same after each start, and known to nobody outside
    twilio = PretendTwilio(account=account, token=token, outbox=Outbox(hub.settings.data))
    app[TWILIO] = twilio
    async with twilio.running(port=hub.settings.port + BESIDE):
        for kind, name, address in LINES:
            line = await _line(hub, twilio, kind, name, address)
            twilio.hooks[address] = f"{hub.settings.base_url}/in/{line.key}"
        line = await _line(hub, twilio, "voice", "Telephone", NUMBER)
        twilio.calls.lines[NUMBER] = f"{hub.settings.base_url}/in/{line.key}"
        await _give_telephones(hub)
        yield


async def _give_telephones(hub: Hub) -> None:
    """Everybody of the demo who has no telephone gets one that only rings in the lab."""
    async with hub.transaction() as tx:
        await tx.execute(
            "UPDATE agent SET phone = '+346110000' || lpad((id % 100)::text, 2, '0') WHERE phone = ''"
        )


async def _line(hub: Hub, twilio: PretendTwilio, kind: str, name: str, address: str) -> Channel:
    """The demo's line of a kind on this account, made when there is none, and told where the API is now."""
    async with hub.transaction() as tx:
        lines = await connections.enabled(tx)
        for one in lines:
            if one.kind == kind and one.settings.get("account_sid") == twilio.sid:
                await tx.execute(
                    "UPDATE channel SET settings = settings || $2, secrets = $3 WHERE id = $1",
                    one.id,
                    twilio.settings(),
                    hub.crypto.encrypt(twilio.secrets()),
                )
                return one
        return await connections.add(
            tx,
            hub.crypto,
            kind=kind,
            name=name,
            address=address,
            address_type=adapter(kind).can.own_type,
            team_id=next((one.team_id for one in lines if one.team_id), None),
            settings=twilio.settings(),
            secrets=twilio.secrets(),
        )
