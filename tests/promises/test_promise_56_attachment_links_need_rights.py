"""Promise 56: a file's address cannot be guessed, ends with its message, and opens only for who may see it."""

from __future__ import annotations

from hub.plumbing.hub import Hub
from tests.conversations.making import attached, conversation, said
from tests.web.browsing import Web
from tests.world import World


async def test_promise_56_attachment_links_need_rights(site: Web, hub: Hub, world: World) -> None:
    key = await hub.files.put(b"secreto")
    async with hub.transaction() as tx:
        id_ = await conversation(tx, world, team=world.legal)
        message = await said(tx, world, id_)
        token = await attached(tx, message, file=key)
        number = await tx.value("SELECT id FROM attachment WHERE token = $1", token)
    assert len(token) >= 22, "128 bits and more"
    olga, ana, nobody = await site.browser(world.olga), await site.browser(world.ana), await site.browser()
    address = f"/files/{token}"
    assert await (await olga.get(address)).read() == b"secreto"
    assert (await ana.get(address)).status == 404
    assert (await nobody.get(address)).status == 303
    assert (await nobody.get(address, headers={"Accept": "application/json"})).status == 401
    guesses = [
        number - 1,
        number,
        number + 1,
        token[:-1],
        f"{token}x",
        token.swapcase(),
        f"../{token}",
        key,
    ]
    for guess in guesses:
        assert (await olga.get(f"/files/{guess}")).status == 404, guess
    async with hub.transaction() as tx:
        await tx.execute("UPDATE conversation SET team_id = NULL WHERE id = $1", id_)
    assert (await ana.get(address)).status == 200
    async with hub.transaction() as tx:
        await tx.execute("DELETE FROM message WHERE id = $1", message)
    assert (await olga.get(address)).status == 404
    assert (await olga.post("/logout")).status in (200, 303)
    assert (await olga.get(address)).status == 303
