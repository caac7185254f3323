"""A campaign leaves: made once, claimed while its gate is open, carried over kept connections, each end written."""

from __future__ import annotations

import email
from collections import Counter
from email.policy import default

from hub.plumbing.hub import Hub
from tests.campaigns.sending import leaving, running
from tests.deliveries.road import connect, until, until_all
from tests.fakes.faulty_smtp import FaultySmtp
from tests.world import World


async def test_everybody_gets_their_own_message_once(hub: Hub, world: World) -> None:
    sent = await running(hub, world, 60)
    with FaultySmtp() as server:
        await connect(hub, world.mail.id, server)
        async with leaving(hub):
            await until_all_made(hub, 60)
            await until_all(hub, "sent")
        assert server.sessions <= 4
    assert Counter(one.rcpt_to[0] for one in server.bodies) == {
        f"c{n}@customers.test": 1 for n in range(1, 61)
    }
    mail = next(one for one in server.bodies if one.rcpt_to == ["c7@customers.test"])
    read = email.message_from_bytes(mail.raw, policy=default)
    assert read["Subject"] == "Núm7, noticias de otoño"
    assert read["From"].addresses[0].display_name == "Ana · Support mail"
    body = read.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert body.splitlines()[2:5] == [". Un punto solo.", "- Caldera", "- Filtro 7"]
    header = await hub.pool.fetchval(
        "SELECT message_header FROM delivery WHERE recipient = 'c7@customers.test'"
    )
    assert read["Message-ID"] == f"<{header}>"
    token = read["Reply-To"].addresses[0].username.split("+r.")[1]
    assert hub.crypto.verify("campaign", token) == sent.recipients[6]
    assert read["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


async def until_all_made(hub: Hub, count: int) -> None:
    async def made() -> bool:
        return bool(await hub.pool.fetchval("SELECT count(*) = $1 FROM delivery", count))

    await until(made)
