"""The whole house under kill -9: what was acknowledged is there once, what left, left once, whatever died."""

from __future__ import annotations

import asyncio
import random
import re
import shutil
import smtplib
import tempfile
import time
from collections import Counter
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import msgspec
import psutil  # type: ignore[import-untyped]
import pytest

from config.settings import Settings
from hub.plumbing import embedded
from tests.operating.test_up import Up, left_behind
from tests.waiting import blocking_until

MAILS = 40
VICTIMS = ("web", "worker", "mailroom", "postgres", "valkey-server", "worker")
PATIENCE = 90.0
"""Seconds a customer's mail server, or an agent's program, goes on trying."""
# A lease lasts 75 s; whoever holds one for 10 s on this loopback is dead. Gaps between two tries are minutes.
TIME_PASSES = """
    UPDATE delivery SET due_at = least(due_at, now()),
           lease_until = CASE WHEN lease_until < now() + interval '65 seconds' THEN now() ELSE lease_until END
    WHERE state IN ('queued', 'claimed', 'sending')
"""


@pytest.mark.timeout(600)
async def test_survives_kill() -> None:
    data = Path(tempfile.mkdtemp(prefix="hub-"))
    house = await asyncio.to_thread(started, data)
    try:
        token = (data / "demo-token").read_text()
        database = embedded.with_urls(Settings(data=data)).database_url
        await in_the_database(database, "UPDATE agent SET undo_seconds = 0")
        customers = Customers(house)
        agents = Agents(house, token)
        killing = asyncio.create_task(kill_again_and_again(house))
        async with asyncio.TaskGroup() as group:
            for number in range(MAILS):
                group.create_task(walk(customers, agents, number, number * 0.4))
        killed = await killing
        assert killed == len(VICTIMS)
        await everything_left(database, agents)
        await asyncio.to_thread(kill_the_house, house)
        house = await asyncio.to_thread(started, data)
        agents.house = house
        await check(house, agents)
    finally:
        await asyncio.to_thread(kill_the_house, house)
        shutil.rmtree(data, ignore_errors=True)


async def walk(customers: Customers, agents: Agents, number: int, after: float) -> None:
    """A mail comes in, and as soon as it was acknowledged somebody answers it."""
    await asyncio.sleep(after)
    await asyncio.to_thread(customers.write, number)
    await agents.answer(number)


class Customers:
    """Mail servers that try again on anything but 250, as real ones do."""

    def __init__(self, house: Up) -> None:
        self.port = house.smtp

    def write(self, number: int) -> None:
        """Hand in mail `number` until it is taken."""
        mail = EmailMessage()
        mail["From"] = f"Cliente {number} <c{number}@survivor.example>"
        mail["To"] = "soporte@iberluz.example"
        mail["Subject"] = f"Superviviente {number}"
        mail["Message-ID"] = f"<survivor-{number}@survivor.example>"
        mail.set_content(f"¿Sigue ahí? {number}")
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                with smtplib.SMTP("127.0.0.1", self.port, timeout=15) as client:
                    client.send_message(mail)
                return
            except (smtplib.SMTPException, OSError):
                assert time.monotonic() < deadline, "the door stayed shut"
                time.sleep(0.2)


class Agents:
    """A program that answers over the API, and repeats with the same key until it knows the answer is stored."""

    def __init__(self, house: Up, token: str) -> None:
        self.house = house
        self.token = token
        self.conversations: dict[int, int] = {}

    async def answer(self, number: int) -> None:
        """Find the conversation of mail `number`, which was acknowledged and must be there; answer it."""
        found = await self.ask("GET", f"/conversations?contact={await self.contact(number)}")
        (conversation,) = found["items"]
        self.conversations[number] = conversation["id"]
        body = {"text": f"Sí, aquí seguimos: {number}."}
        await self.ask("POST", f"/conversations/{conversation['id']}/messages", body, f"answer-{number}")

    async def contact(self, number: int) -> int:
        page = await self.ask("GET", f"/contacts?q=c{number}@survivor.example")
        (contact,) = page["items"]
        id_: int = contact["id"]
        return id_

    async def ask(self, method: str, path: str, body: Any = None, key: str = "") -> Any:
        """Ask until there is an answer that counts: not a broken line, not 5xx, not "still running"."""
        headers = {"Authorization": f"Bearer {self.token}"} | ({"Idempotency-Key": key} if key else {})
        deadline = time.monotonic() + PATIENCE
        words = ""
        while time.monotonic() < deadline:
            try:
                async with (
                    aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as client,
                    client.request(
                        method,
                        f"http://127.0.0.1:{self.house.port}/api/v1{path}",
                        data=msgspec.json.encode(body) if body else None,
                        headers=headers,
                    ) as answer,
                ):
                    words = await answer.text()
                    if answer.status in (200, 201):
                        return msgspec.json.decode(words)
                    assert answer.status >= 500 or answer.status in (409, 429), (answer.status, words)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                words = repr(error)
            await asyncio.sleep(0.3)
        raise AssertionError(f"{method} {path}: {words}")


async def kill_again_and_again(house: Up) -> int:
    """kill -9 one child after the other at moments nobody chose; each may come back before the next dies."""
    dice = random.Random()
    killed = 0
    for victim in VICTIMS:
        await asyncio.sleep(dice.uniform(0.8, 2.2))
        deadline = time.monotonic() + 90
        while (process := (await asyncio.to_thread(house.below)).get(victim)) is None:
            assert time.monotonic() < deadline, f"{victim} did not come back"
            await asyncio.sleep(0.1)
        process.kill()
        killed += 1
    return killed


async def everything_left(database: str, agents: Agents) -> None:
    """Wait until every answer has its end: sent, or perhaps sent. Leases and gaps of minutes are made to pass."""
    deadline = time.monotonic() + PATIENCE
    while True:
        states = Counter(await delivery_states(agents))
        if set(states) <= {"sent", "delivered", "unknown"}:
            return
        assert time.monotonic() < deadline, states
        await asyncio.sleep(1)
        await in_the_database(database, TIME_PASSES)


async def in_the_database(database: str, sql: str) -> None:
    connection = await asyncpg.connect(database)
    await connection.execute(sql)
    await connection.close()


async def delivery_states(agents: Agents) -> list[str]:
    return [one["delivery"]["state"] for one in [m[-1] for m in (await threads(agents)).values()]]


async def threads(agents: Agents) -> dict[int, list[Any]]:
    """The messages of every conversation, by the number of its mail."""
    found = {}
    for number, id_ in agents.conversations.items():
        found[number] = (await agents.ask("GET", f"/conversations/{id_}/messages"))["items"]
    return found


async def check(house: Up, agents: Agents) -> None:
    """After all that, and after the house itself was killed: everything once."""
    assert len(agents.conversations) == MAILS
    left = Counter(await asyncio.to_thread(in_the_lab, house.data))
    for number, messages in (await threads(agents)).items():
        assert [one["direction"] for one in messages] == ["in", "out"], (number, messages)
        assert messages[0]["subject"] == f"Superviviente {number}"
        state = messages[1]["delivery"]["state"]
        copies = left[f"c{number}@survivor.example"]
        if state in ("sent", "delivered"):
            assert copies == 1, f"answer {number} is {state} and left {copies} times"
        else:
            assert state == "unknown", state
            assert copies <= 1, f"answer {number} left {copies} times"
    every = await agents.ask("GET", "/contacts?q=@survivor.example&limit=100")
    assert len(every["items"]) == MAILS, "a contact was made twice"


def in_the_lab(data: Path) -> list[str]:
    """Who got a mail of ours, once a copy."""
    kept = [msgspec.json.decode(path.read_bytes()) for path in (data / "lab" / "sent").glob("*.json")]
    return [one["to"] for one in kept if re.search(r"survivor\.example$", one["to"])]


def started(data: Path) -> Up:
    """`hub up` with the demo company, ready."""
    house = Up(data, HUB_DEMO="1")
    house.until_said("Dialogo is ready")
    return house


def kill_the_house(house: Up) -> None:
    """kill -9 `hub up`: nothing of it is left behind."""
    house.process.kill()
    house.process.wait()
    assert house.process.stdout
    house.process.stdout.close()
    blocking_until(lambda: not left_behind(house.data), 120)
    assert not [one for one in psutil.Process().children() if one.pid == house.process.pid]
