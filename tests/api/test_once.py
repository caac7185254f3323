"""A POST whose process was killed between the work's commit and the key's: its repeat does nothing twice."""

from __future__ import annotations

from typing import Any

import pytest

from hub.channels.base import Raw
from hub.intake import Inbound
from hub.plumbing.hub import Hub
from tests.mails import mail
from tests.world import World


@pytest.mark.parametrize("note", [True, False])
async def test_the_repeat_finds_what_the_killed_one_did(
    api_of: Any, hub: Hub, world: World, note: bool
) -> None:
    inbound = Inbound(hub)
    await inbound.start()
    outcome = await inbound.receive(world.mail, Raw(body=mail("Marta <marta@acme.test>")))
    await inbound.close()
    api = await api_of(world.ana)
    path = f"/conversations/{outcome.conversation_id}/messages"
    body = {"text": "Mañana llega.", "note": note}
    _status, first = await api.post(path, body, **{"Idempotency-Key": "k"})
    await hub.pool.execute("UPDATE idempotency_key SET status = NULL, answer = NULL")
    assert (await api.post(path, body, **{"Idempotency-Key": "k"}))[0] == 409, "it may still be running"
    await hub.pool.execute("UPDATE idempotency_key SET created_at = now() - interval '31 seconds'")
    status, second = await api.post(path, body, **{"Idempotency-Key": "k"})
    assert (status, second["id"]) == (201, first["id"])
    _status, other = await api.post(path, body, **{"Idempotency-Key": "another"})
    assert other["id"] != first["id"]
    assert await hub.pool.fetchval("SELECT count(*) FROM message WHERE direction <> 'in'") == 2
