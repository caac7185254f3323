"""The pages of a contact and an account: what was refused is still there, and everything known of somebody is shown."""

from __future__ import annotations

from datetime import time

from hub.customers import contact_hours
from hub.customers.contact_hours import Hours
from hub.plumbing.hub import Hub
from tests.web.browsing import Web
from tests.world import World


async def test_what_was_refused_is_not_typed_again(hub: Hub, site: Web, world: World) -> None:
    browser = await site.browser(world.ana)
    contact, account = f"/contacts/{world.marta}", f"/accounts/{world.acme}"
    for path, fields in (
        (contact, {"name": "Marta R.", "account": "No existe SL", "notes": "Llama siempre a las nueve"}),
        (f"{contact}/addresses", {"type": "phone", "value": "seis cero cero"}),
        (f"{contact}/consents", {"address_id": "0", "wish": "yes", "reason": "Lo dijo por teléfono"}),
        (f"{contact}/merge", {"other": "nadie@ninguna.test"}),
        (account, {"name": "", "notes": "Cierra en agosto", "tier": "plata"}),
        (f"{account}/domains", {"domain": "esto no es"}),
    ):
        answer = await browser.post(path, fields)
        text = await answer.text()
        assert 'class="error"' in text, path
        for typed in fields.values():
            assert not typed or typed in text or typed in ("0", "yes"), (path, typed)
    async with hub.transaction() as tx:
        assert await tx.value("SELECT notes FROM contact WHERE id = $1", world.marta) == ""


async def test_the_hours_somebody_chose_stand_on_their_page(hub: Hub, site: Web, world: World) -> None:
    async with hub.transaction() as tx:
        await contact_hours.choose(tx, world.marta, Hours(starts=time(9), ends=time(18), days=(0, 1)))
    assert "Las campañas" in await (await site.browser(world.ana)).text(f"/contacts/{world.marta}")
