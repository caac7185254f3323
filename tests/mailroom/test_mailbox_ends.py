"""A mailbox that is given up is given up for a reason, and the operator can read it."""

from __future__ import annotations

from typing import NoReturn

import pytest
from structlog.testing import capture_logs

from hub.channels.connections import Channel
from hub.plumbing.errors import Unavailable
from hub.plumbing.hub import Hub
from tests.mailroom.rooms import HURRY, taking_in
from tests.world import World
from workers.mailroom import leases
from workers.mailroom.addresses import Addresses
from workers.mailroom.imap import Mailbox


async def test_a_lease_that_cannot_be_renewed_for_a_mistake_of_ours_is_told(
    hub: Hub, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def mistaken(*_: object) -> NoReturn:
        raise KeyError("ours")

    async def no_token(channel: Channel) -> NoReturn:
        raise Unavailable("nobody asks")

    monkeypatch.setattr(leases, "renew", mistaken)
    async with taking_in(hub) as taking:
        mailbox = Mailbox(
            hub,
            world.mail,
            "lease",
            taking_in=taking,
            addresses=Addresses(hub),
            access_token=no_token,
            pace=HURRY,
        )
        with capture_logs() as told:
            await mailbox.run()
    assert [one for one in told if one["log_level"] == "error" and "KeyError" in one["error"]]
