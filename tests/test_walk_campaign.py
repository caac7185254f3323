"""A campaign from its audience to its answers, over the API, real workers and a real mail server."""

from __future__ import annotations

import asyncio
import email
import re
import signal
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from email import policy
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from config.settings import Settings
from hub.agents import tokens
from hub.app import make_app
from hub.channels.base import Raw
from hub.customers import consent
from hub.customers.consent import Wish
from hub.departure import Pace
from hub.intake import Inbound
from hub.plumbing.clock import now
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub
from tests.fakes.faulty_smtp import FaultySmtp
from tests.mails import mail
from tests.process import worker_process
from tests.world import World

PEOPLE = 120
PACE = Pace(sweep=0.1, send=10.0, margin=2.0)
ZONES = [f"Etc/GMT{-(hour - now().hour):+d}" for hour in (12, 16) if -12 <= hour - now().hour <= 14] or [
    "Etc/GMT-12"
]
"""Where it is noon, or four in the afternoon, while this test runs: nobody is written to at night."""


class Api:
    """Mario at his keyboard."""

    def __init__(self, session: ClientSession, base: str, token: str) -> None:
        self.session, self.base, self.headers = session, base, {"Authorization": f"Bearer {token}"}

    async def __call__(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else msgspec.json.encode(body)
        async with self.session.request(
            method, f"{self.base}/api/v1{path}", data=data, headers=self.headers
        ) as answer:
            said = msgspec.json.decode(await answer.read())
            assert answer.status < 300, said
            return said


@pytest.fixture
async def served(settings: Settings, world: World) -> AsyncIterator[tuple[Hub, Api, str]]:
    """The hub with a demo's name system (it asks nobody), its server, and Mario's token."""
    hub = await Hub.open(msgspec.structs.replace(settings, demo=True))
    server = TestServer(make_app(hub))
    await server.start_server()
    async with hub.transaction() as tx:
        token = await tokens.create(tx, world.mario, "test")
    base = str(server.make_url("")).rstrip("/")
    async with ClientSession() as session:
        yield hub, Api(session, base, token), base
    await server.close()
    await hub.close()


async def people(tx: Tx, world: World) -> None:
    """Half are Acme's, whom Ana owns; the others nobody's. All agreed but two. Each on one of two clocks."""
    for number in range(PEOPLE):
        id_ = await tx.value(
            """
            INSERT INTO contact (id, root_id, name, language, time_zone, account_id, account_standing)
            SELECT n, n, $1, 'es', $2, $3, CASE WHEN $3::bigint IS NULL THEN '' ELSE 'confirmed' END
            FROM nextval('contact_id_seq') AS n RETURNING id
            """,
            f"Persona{number} Gil",
            ZONES[number % len(ZONES)],
            world.acme if number % 2 else None,
        )
        address = await tx.value(
            """
            INSERT INTO address (type, value, contact_id, verified, compared, source)
            VALUES ('email', $1, $2, true, true, 'import') RETURNING id
            """,
            f"persona{number}@clientes.test",
            id_,
        )
        if number >= 2:
            wish = Wish(address_id=address, purpose="marketing", granted=True, source="import", proof="feria")
            await consent.record(tx, [wish])


async def becomes(api: Api, path: str, state: str, seconds: float = 60.0) -> Any:
    """Wait until a campaign is in a state."""
    async with asyncio.timeout(seconds):
        while (found := await api("GET", path))["state"] != state:
            assert not (found["state"] == "draft" and found["why"]), found["why"]
            await asyncio.sleep(0.1)
    return found


async def has(server: FaultySmtp, number: int, seconds: float = 60.0) -> None:
    """Wait until so many mails arrived."""
    async with asyncio.timeout(seconds):
        while len(server.bodies) < number:
            await asyncio.sleep(0.02)


def recipients(server: FaultySmtp) -> list[str]:
    """Who got a mail, one entry a copy."""
    return sorted(one.rcpt_to[0] for one in server.bodies)


async def test_a_campaign_reaches_each_person_once_and_its_answers_their_owners(
    served: tuple[Hub, Api, str], world: World
) -> None:
    hub, api, base = served
    with FaultySmtp("tarpit:0.05:DOT") as smtp:
        async with hub.transaction() as tx:
            await people(tx, world)
            ways = {"smtp_host": smtp.host, "smtp_port": smtp.port, "smtp_security": "none"}
            await tx.execute("UPDATE channel SET settings = $2 WHERE id = $1", world.mail.id, ways)
        with worker_process(hub.settings, PACE) as worker:
            here = await _planned(api, world)
            await _reviewed(api, here)
            await _approved(hub, api, here)
            await _the_night_passes(hub)
            await has(smtp, 20)
            await api("POST", f"{here}/pause")
            async with asyncio.timeout(5):  # at most so long until nothing moves
                while (await api("GET", f"{here}/progress"))["in_flight"]:
                    await asyncio.sleep(0.1)
            stood = len(smtp.bodies)
            assert stood < PEOPLE - 3
            await asyncio.sleep(0.5)
            assert len(smtp.bodies) == stood
            worker.send(signal.SIGKILL)
        with worker_process(hub.settings, PACE):
            await api("POST", f"{here}/resume")
            await becomes(api, here, "finished")
            wanted = sorted(f"persona{number}@clientes.test" for number in range(3, PEOPLE))
            assert recipients(smtp) == wanted
            await _answered(hub, world, smtp)
            await _unsubscribed(api, base, smtp, world)
        report = await api("GET", f"{here}/report")
        assert (report["progress"]["sent"], report["progress"]["answered"]) == (PEOPLE - 3, 1)


async def _planned(api: Api, world: World) -> str:
    """Audience, words, and ten in the morning of each one's own day."""
    named = {"about": "person", "field": "language", "any_of": ["es"]}
    segment = await api(
        "POST", "/segments", {"name": "Españoles", "definition": {"groups": [{"all": [named]}]}}
    )
    made = await api("POST", "/campaigns", {"name": "Otoño"})
    here = f"/campaigns/{made['id']}"
    schedule = {
        "when": "local",
        "day": f"{now().date():%Y-%m-%d}",
        "hour": "10:00:00",
        "zone": ZONES[0],
        "weekdays": [0, 1, 2, 3, 4, 5, 6],
    }
    plan = {"segment_id": segment["id"], "channel_ids": [world.mail.id], "schedule": schedule}
    await api("PATCH", here, plan)
    text = (
        "Hola {{ contact.first_name|default('cliente') }}{% if account.name %} de {{ account.name }}{% endif %}:\n\n"
        "Un saludo de {{ campaign.sender_name }}\n\nBaja: {{ unsubscribe.link }}"
    )
    await api(
        "POST", f"{here}/texts", {"subject": "Para {{ contact.first_name|default('ti') }}", "text": text}
    )
    await api("POST", f"{here}/prepare")
    await becomes(api, here, "prepared")
    return here


async def _reviewed(api: Api, here: str) -> None:
    """What each real person will get; one gets nothing after all."""
    progress = await api("GET", f"{here}/progress")
    assert progress["plan"] == {"ready": PEOPLE - 2, "excluded": 4}  # Marta and Jorge never agreed either
    assert progress["excluded"] == {"no_consent": 4}
    listed = (await api("GET", f"{here}/recipients?state=ready&limit=100"))["items"]
    names = {one["address"]: one for one in listed}
    mine = await api("GET", f"{here}/recipients/{names['persona3@clientes.test']['id']}")
    assert mine["said"] == mine["text"], "by mail people read the text"
    assert mine["subject"] == "Para Persona3"
    assert mine["text"].startswith("Hola Persona3 de Acme:\n\nUn saludo de Ana")
    assert "/u/" in mine["text"]
    assert mine["missing"] == []
    left_out = names["persona2@clientes.test"]["id"]
    await api("PATCH", f"{here}/recipients/{left_out}", {"dropped": True})


async def _approved(hub: Hub, api: Api, here: str) -> None:
    """At ten of each person's own day, from the owner of their own account."""
    assert (await api("POST", f"{here}/approve", {"total": PEOPLE - 3}))["state"] == "scheduled"
    rows = await hub.pool.fetch(
        """
        SELECT r.due_at, r.time_zone, g.name, c.account_id IS NOT NULL AS owned
        FROM recipient r JOIN contact c ON c.id = r.contact_id JOIN agent g ON g.id = r.sender_id
        WHERE r.state = 'ready'
        """
    )
    assert len(rows) == PEOPLE - 3
    for row in rows:
        local: datetime = row["due_at"].astimezone(ZoneInfo(row["time_zone"]))
        assert (local.hour, local.minute) == (10, 0)
        assert row["due_at"] > now()
        assert row["name"] == ("Ana" if row["owned"] else "Mario")


async def _the_night_passes(hub: Hub) -> None:
    await hub.pool.execute(
        "UPDATE recipient SET due_at = now() - $1::interval WHERE state = 'ready'", timedelta()
    )


async def _answered(hub: Hub, world: World, smtp: FaultySmtp) -> None:
    """A person of Acme answers the very mail: it stands in Ana's inbox below what was sent."""
    got = next(one for one in smtp.bodies if one.rcpt_to == ["persona3@clientes.test"])
    letter = email.message_from_bytes(got.raw, policy=policy.default)
    assert "Ana" in letter["From"]
    answer = mail(
        "Persona3 <persona3@clientes.test>",
        f"Re: {letter['Subject']}",
        "Sí, llamadme",
        to=re.search(r"<(.+)>", letter["Reply-To"])[1],  # type: ignore[index]
        in_reply_to=letter["Message-ID"],
    )
    inbound = Inbound(hub)
    await inbound.start()
    outcome = await inbound.receive(world.mail, Raw(body=answer))
    await inbound.close()
    rows = await hub.pool.fetch(
        "SELECT direction, text FROM message WHERE conversation_id = $1 ORDER BY seq", outcome.conversation_id
    )
    assert [(row["direction"], row["text"].split("\n")[0]) for row in rows] == [
        ("out", "Hola Persona3 de Acme:"),
        ("in", "Sí, llamadme"),
    ]
    owner = await hub.pool.fetchval(
        "SELECT assignee_id FROM conversation WHERE id = $1", outcome.conversation_id
    )
    assert owner == world.ana


async def _unsubscribed(api: Api, base: str, smtp: FaultySmtp, world: World) -> None:
    """Who says stop by the mail's own button is in no campaign ever again."""
    got = next(one for one in smtp.bodies if one.rcpt_to == ["persona4@clientes.test"])
    letter = email.message_from_bytes(got.raw, policy=policy.default)
    link = re.search(r"/u/[A-Za-z0-9_.-]+", letter["List-Unsubscribe"])
    assert link is not None
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    async with api.session.post(base + link[0], data={"List-Unsubscribe": "One-Click"}) as answer:
        assert answer.status == 200
    again = await _planned_again(api, world)
    progress = await api("GET", f"{again}/progress")
    assert progress["excluded"] == {"no_consent": 4, "opted_out": 1}
    assert len(smtp.bodies) == PEOPLE - 3


async def _planned_again(api: Api, world: World) -> str:
    [segment] = (await api("GET", "/segments"))["items"]
    made = await api("POST", "/campaigns", {"name": "Invierno"})
    here = f"/campaigns/{made['id']}"
    await api("PATCH", here, {"segment_id": segment["id"], "channel_ids": [world.mail.id]})
    await api("POST", f"{here}/texts", {"subject": "Otra vez", "text": "Hola. Baja: {{ unsubscribe.link }}"})
    await api("POST", f"{here}/prepare")
    await becomes(api, here, "prepared")
    return here
