"""Promise 21: two mails without Message-ID in one second are two."""

from __future__ import annotations

from hub.plumbing.hub import Hub
from tests.fakes.dovecot import Dovecot
from tests.mailroom.rooms import connect, mail, outcomes, reading, subjects
from tests.waiting import until_equal
from tests.world import World


async def test_promise_21_without_message_id(hub: Hub, world: World) -> None:
    first, second = (mail(1, message_id=None, text=text) for text in ("uno", "dos"))
    with Dovecot() as dovecot:
        await connect(hub, world.mail, dovecot)
        dovecot.append_many([first, second])
        async with reading(hub):
            await until_equal(lambda: outcomes(hub), {"stored": 2})
            dovecot.append_many([first])  # the very same bytes again are one
            await until_equal(lambda: outcomes(hub), {"stored": 2, "duplicate": 1})
    assert await subjects(hub) == ["Pedido 1", "Pedido 1"]


async def test_an_id_that_is_no_id_is_not_taken_for_one(hub: Hub, world: World) -> None:
    with Dovecot() as dovecot:
        await connect(hub, world.mail, dovecot)
        dovecot.append_many([mail(n, message_id=bad) for n, bad in enumerate(("<>", "", "<>", "<@>", "<@>"))])
        async with reading(hub):
            await until_equal(lambda: outcomes(hub), {"stored": 5})
