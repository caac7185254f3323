"""Key, work and answer of a POST stand in one transaction: whatever dies when, nothing is done twice."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hub.channels.base import Raw
from hub.intake import Inbound
from hub.plumbing.hub import Hub
from tests.mails import mail
from tests.world import World

KEY = {"Idempotency-Key": "k"}
BREAK = """
    CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$;
    CREATE TRIGGER die BEFORE UPDATE ON idempotency_key FOR EACH ROW EXECUTE FUNCTION die();
"""


async def conversation_of(hub: Hub, world: World) -> int:
    inbound = Inbound(hub)
    await inbound.start()
    outcome = await inbound.receive(world.mail, Raw(body=mail("Marta <marta@acme.test>")))
    await inbound.close()
    assert outcome.conversation_id
    return outcome.conversation_id


@pytest.mark.parametrize("what", ["reply", "note", "contact", "absence"])
async def test_cut_off_between_work_and_answer_nothing_was_done_and_the_repeat_does_it_once(
    api_of: Any, hub: Hub, world: World, what: str
) -> None:
    conversation = await conversation_of(hub, world)
    path, body, count = {
        "reply": (f"/conversations/{conversation}/messages", {"text": "Mañana llega."}, "message"),
        "note": (f"/conversations/{conversation}/messages", {"text": "Ojo", "note": True}, "message"),
        "contact": ("/contacts", {"name": "Pepe"}, "contact"),
        "absence": (
            "/absences",
            {"starts_at": "2031-08-01T00:00:00Z", "ends_at": "2031-08-09T00:00:00Z"},
            "absence",
        ),
    }[what]
    api = await api_of(world.ana)
    before = await hub.pool.fetchval(f"SELECT count(*) FROM {count}")
    await hub.pool.execute(BREAK)
    assert (await api.post(path, body, **KEY))[0] >= 500
    assert await hub.pool.fetchval(f"SELECT count(*) FROM {count}") == before
    await hub.pool.execute("DROP TRIGGER die ON idempotency_key")
    answers = await asyncio.gather(*(api.post(path, body, **KEY) for _ in range(10)))
    assert {status for status, _ in answers} == {201}, answers
    assert len({answer["id"] for _, answer in answers}) == 1
    assert await hub.pool.fetchval(f"SELECT count(*) FROM {count}") == before + 1


async def test_a_refusal_is_repeated_too_and_another_body_is_refused(api_of: Any, world: World) -> None:
    api = await api_of(world.ana)
    body = {"name": "Pepe", "account": 987654321}
    first, repeated = await api.post("/contacts", body, **KEY), await api.post("/contacts", body, **KEY)
    assert first == repeated
    assert (first[0], first[1]["error"]["field"]) == (422, "account")
    status, other = await api.post("/contacts", {"name": "Luisa"}, **KEY)
    assert (status, other["error"]["field"]) == (422, "Idempotency-Key")


async def test_work_that_commits_by_itself_is_not_begun_twice_at_once(
    api_of: Any, hub: Hub, world: World
) -> None:
    api = await api_of(world.ana)
    await api.post("/files?name=a.txt", {}, **KEY)
    await hub.pool.execute("UPDATE idempotency_key SET status = NULL, answer = NULL")
    assert (await api.post("/files?name=a.txt", {}, **KEY))[0] == 409, "it may still be running"
    await hub.pool.execute("UPDATE idempotency_key SET created_at = now() - interval '61 seconds'")
    assert (await api.post("/files?name=a.txt", {}, **KEY))[0] == 201
