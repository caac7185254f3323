"""Promise 4: the Message-ID is fixed before the first attempt and never changes on retry."""

from __future__ import annotations

from hub.plumbing.hub import Hub
from tests.deliveries.road import answer, connect, running, until_all, without_undo_window
from tests.fakes.faulty_smtp import FaultySmtp
from tests.world import World


async def test_promise_04_message_id_never_changes(hub: Hub, world: World) -> None:
    await without_undo_window(hub, world)
    with FaultySmtp() as server:
        await connect(hub, world.mail.id, server)
        server.then("DOT=451", "DATA=451", "DOT=452", "")
        [delivery] = (await answer(hub, world)).deliveries
        fixed = delivery.message_header
        async with running(hub):
            await until_all(hub, "sent")
        seen = [attempt.message_id for attempt in server.attempts if attempt.message_id]
        bodies = {attempt.raw for attempt in server.attempts if attempt.raw}
    assert len(server.attempts) == 4
    assert set(seen) == {f"<{fixed}>"}
    assert await hub.pool.fetchval("SELECT message_id FROM message WHERE direction = 'out'") == fixed
    assert len({_without_date(raw) for raw in bodies}) == 1, "a retry repeats the same mail"


def _without_date(raw: bytes) -> bytes:
    lines = [
        line
        for line in raw.split(b"\r\n")
        if not line.startswith((b"Date:", b"--=", b"Content-Type: multipart"))
    ]
    return b"\r\n".join(lines)
