"""What tests of SMS and WhatsApp share: a served hub, a pretend Twilio, a line of each kind, Marta's telephone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from hub.channels import connections
from hub.channels.connections import Channel
from hub.channels.registry import adapter
from hub.lab.twilio import PretendTwilio
from hub.lab.twilio_account import Told
from hub.plumbing.hub import Hub
from tests.web.browsing import Web
from tests.world import World
from workers.fetching import SLOW
from workers.todo import Chores

OURS = "+34910000000"
MARTA = "+34600123456"
PHOTO = b"\x89PNG\r\n\x1a\n" + bytes(64)


class Texting(msgspec.Struct, frozen=True):
    """The hub as Twilio and Marta meet it."""

    hub: Hub
    site: Web
    twilio: PretendTwilio
    sms: Channel
    whatsapp: Channel

    async def says(self, body: str = "", sender: str = MARTA, files: Any = (), **more: str) -> Told:
        """A text message to our number."""
        return await self.twilio.texts.says(sender, OURS, body, files, **more)

    async def says_on_whatsapp(
        self, body: str = "", sender: str = MARTA, files: Any = (), **more: str
    ) -> Told:
        """A WhatsApp message to the same number."""
        return await self.twilio.texts.says(f"whatsapp:{sender}", f"whatsapp:{OURS}", body, files, **more)

    async def chores(self, kinds: Any = None) -> None:
        """Do everything that is due and waits for others' servers."""
        await Chores(self.hub, kinds or SLOW).turn()

    async def messages(self) -> list[Any]:
        """Incoming messages, oldest first."""
        rows: list[Any] = await self.hub.pool.fetch(
            "SELECT * FROM message WHERE direction = 'in' ORDER BY id"
        )
        return rows

    async def deliveries(self) -> list[Any]:
        """What we sent, oldest first."""
        rows: list[Any] = await self.hub.pool.fetch("SELECT * FROM delivery ORDER BY id")
        return rows


@asynccontextmanager
async def texting(hub: Hub, world: World, *, by_itself: bool = True) -> AsyncIterator[Texting]:
    """Everything is up; Ana's answers leave at once, and Marta's telephone is known as hers."""
    site = Web(hub)
    await site.start()
    hub.settings = msgspec.structs.replace(hub.settings, public_url=str(site.server.make_url("")).rstrip("/"))
    async with PretendTwilio(by_itself=by_itself).running(host="localhost") as twilio:
        sms = await _line(hub, world, twilio, "sms", OURS)
        whatsapp = await _line(hub, world, twilio, "whatsapp", f"whatsapp:{OURS}")
        await hub.pool.execute("UPDATE agent SET undo_seconds = 0")
        await hub.pool.execute(
            "INSERT INTO address (type, value, contact_id, verified, source, compared)"
            " VALUES ('phone', $1, $2, true, 'agent', true)",
            MARTA,
            world.marta,
        )
        try:
            yield Texting(hub, site, twilio, sms, whatsapp)
        finally:
            await adapter("sms").close()
            await site.close()


async def _line(hub: Hub, world: World, twilio: PretendTwilio, kind: str, address: str) -> Channel:
    async with hub.transaction() as tx:
        channel = await connections.add(
            tx,
            hub.crypto,
            kind=kind,
            name=kind,
            address=address,
            address_type=adapter(kind).can.address_type,
            team_id=world.support,
            settings=twilio.settings(),
            secrets=twilio.secrets(),
        )
    twilio.hooks[address] = f"{hub.settings.base_url}/in/{channel.key}"
    return channel
