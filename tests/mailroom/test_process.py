"""The mailroom as a process: kill -9 at any moment costs no acknowledged mail, SIGTERM drains."""

from __future__ import annotations

import asyncio
import random
import smtplib

import msgspec
import pytest

from hub.plumbing.hub import Hub
from tests.fakes.dovecot import Dovecot
from tests.fakes.ports import free_port
from tests.mailroom.rooms import HURRY, connect, mail, subjects
from tests.mailroom.test_smtp_door import deliver
from tests.process import mailroom_process
from tests.waiting import until_equal
from tests.world import World

MAILS = 60
KILLS = 5


@pytest.mark.timeout(180)
async def test_kill_9_costs_no_mail_that_got_its_250(hub: Hub, world: World) -> None:
    port = free_port()
    with mailroom_process(msgspec.structs.replace(hub.settings, smtp_port=port), HURRY) as mailroom:
        senders = [asyncio.create_task(until_accepted(port, number)) for number in range(MAILS)]
        dice = random.Random(7)
        for _ in range(KILLS):
            before = len(accepted(senders))
            await until_equal(lambda: more_than(before, senders), True)  # noqa: B023 — awaited here
            await asyncio.sleep(dice.random() / 2)
            mailroom.kill()
            assert set(accepted(senders)) <= set(await subjects(hub))
            mailroom.start()
        await asyncio.gather(*senders)
    assert await subjects(hub) == sorted(f"Pedido {number}" for number in range(MAILS))


async def until_accepted(port: int, number: int) -> str:
    """A patient sender: the same mail again until it hears 250."""
    await asyncio.sleep(number * 0.1)
    while True:
        try:
            await asyncio.to_thread(deliver, port, mail(number))
            return f"Pedido {number}"
        except (smtplib.SMTPException, OSError):
            await asyncio.sleep(0.3)


async def more_than(before: int, senders: list[asyncio.Task[str]]) -> bool:
    """Whether it is up again and takes mail; or there is none left."""
    return len(accepted(senders)) > min(before, MAILS - 1)


def accepted(senders: list[asyncio.Task[str]]) -> list[str]:
    return [sender.result() for sender in senders if sender.done()]


@pytest.mark.timeout(120)
async def test_sigterm_gives_the_lease_back_and_ends_soon(hub: Hub, world: World) -> None:
    with Dovecot() as dovecot:
        await connect(hub, world.mail, dovecot)
        dovecot.append_many([mail(n) for n in range(20)])
        with mailroom_process(hub.settings, HURRY) as mailroom:
            await until_equal(lambda: hub.pool.fetchval("SELECT count(*) > 0 FROM message"), True)
            assert mailroom.stop() < 10
            assert mailroom.process is not None
            assert mailroom.process.returncode == 0, mailroom.log()
    assert await hub.pool.fetchval("SELECT lease_token FROM mailbox") is None
