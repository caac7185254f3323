"""What a short message could not carry waits behind a private link: one message, for a while, for nobody else."""

from __future__ import annotations

from hub.conversations import fallback, linked, media
from hub.conversations.composing import compose
from hub.deliveries.claiming import claim
from hub.plumbing.hub import Hub
from tests.conversations.crossing import fail, number_of, phone_line
from tests.deliveries.road import answer, matter, without_undo_window
from tests.web.browsing import Web
from tests.world import World

BASE = "https://hub.test"
LONG = "Le adjuntamos el contrato. " * 60


async def test_a_long_mail_goes_on_as_a_text_message_with_a_link(site: Web, hub: Hub, world: World) -> None:
    """Promise 42: only our own words go there, to the person's own number."""
    await without_undo_window(hub, world)
    async with hub.transaction() as tx:
        line = await phone_line(tx)
        await number_of(tx, world.marta)
        await tx.execute('UPDATE channel SET settings = \'{"fallback": {"cancel_minutes": 0}}\'')
        id_ = await matter(tx, world)
    file = await media.upload(hub, world.ana, "contrato.pdf", b"%PDF-1.7 contrato")
    made = await answer(hub, world, id_, text=LONG, attachments=[file.token])
    async with hub.transaction() as tx:
        await fail(tx, made.deliveries[0].id, code="5.1.1")
        going = await fallback.go_on(tx, made.deliveries[0].id)
        assert going is not None
        address = linked.link(hub.crypto, "", going.id)
    stranger = await site.browser()
    assert (await stranger.get(address)).status == 404, "nothing to see before it left"

    async with hub.transaction() as tx:
        [one] = await claim(tx, "w", {line.id: 1}, lease_seconds=60)
        outgoing = await compose(tx, hub.crypto, hub.files, line.line(hub.crypto), one, BASE)
    assert outgoing.text.startswith("Pedido 48213: Le adjuntamos el contrato.")
    assert outgoing.text.endswith(f"{BASE}{address}")
    assert "¿dónde está mi pedido?" not in outgoing.text, "nobody's words but ours"
    assert (outgoing.attachments, outgoing.subject) == ((), "")
    assert len(outgoing.text) < 300

    shown = await stranger.get(address)
    text = await shown.text()
    assert shown.status == 200
    assert "Le adjuntamos el contrato." in text
    assert "¿dónde está mi pedido?" not in text
    assert "noindex" in shown.headers["X-Robots-Tag"]
    assert shown.headers["Referrer-Policy"] == "no-referrer"
    assert 'lang="es"' in text
    async with hub.transaction() as tx:
        found = await linked.opened(tx, hub.crypto, address.rpartition("/")[2])
        assert found is not None
    got = await stranger.get(f"{address}/{found.files[0].token}")
    assert await got.read() == b"%PDF-1.7 contrato"
    assert "attachment" in got.headers["Content-Disposition"]

    forged = address[:-1] + ("a" if address[-1] != "a" else "b")
    assert (await stranger.get(forged)).status == 404
    assert (await stranger.get(f"{address}/{file.token}x")).status == 404
    assert (await stranger.get(linked.link(hub.crypto, "", made.deliveries[0].id))).status == 404
    await hub.pool.execute("UPDATE delivery SET created_at = now() - interval '15 days'")
    assert (await stranger.get(address)).status == 404, "for two weeks"
