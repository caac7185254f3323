"""Promise 31: an outgoing body cannot end the DATA early."""

from __future__ import annotations

from hub.plumbing.hub import Hub
from tests.deliveries.road import answer, connect, running, until_all, without_undo_window
from tests.fakes.faulty_smtp import FaultySmtp
from tests.world import World

SMUGGLED = "MAIL FROM:<evil@evil.test>\r\nRCPT TO:<victim@evil.test>\r\nDATA\r\nSubject: pwned"
BODIES = [f"before{end}.{end}{SMUGGLED}{end}.{end}after" for end in ("\r\n", "\n", "\r", "\n\r")]
BODIES += [f"a\n.\r\n{SMUGGLED}", f"a\r\n.\r{SMUGGLED}", ".\n..\n.", f"a\r.\n{SMUGGLED}"]


async def test_promise_31_body_cannot_end_data(hub: Hub, world: World) -> None:
    await without_undo_window(hub, world)
    with FaultySmtp() as server:
        await connect(hub, world.mail.id, server)
        for text in BODIES:
            await answer(hub, world, text=text, html=f"<pre>{text}</pre>")
        async with running(hub):
            await until_all(hub, "sent")
        assert len(server.attempts) == len(BODIES)
        assert not any(attempt.bare_lf for attempt in server.attempts)
        assert {tuple(attempt.rcpt_to) for attempt in server.attempts} == {("marta@acme.test",)}
        said = [command for _, command in server.commands if command.upper().startswith("MAIL")]
        assert all("evil" not in command for command in said)
