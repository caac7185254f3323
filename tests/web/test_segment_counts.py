"""One way of counting an audience on every page that shows it, and two people who build the same one."""

from __future__ import annotations

from hub.campaigns import campaigns, segments
from hub.campaigns.conditions import Account, Definition, Group, Person
from hub.customers.consent import Wish, record
from hub.plumbing.hub import Hub
from tests.web.browsing import Web
from tests.world import World


async def test_two_people_build_one_segment_and_nothing_is_lost(site: Web, hub: Hub, world: World) -> None:
    mario, lola = await site.browser(world.mario), await site.browser(world.lola)
    one = {"name": "Oro", "c.0.0.field": "tier", "c.0.0.op": "is", "c.0.0.any_of": "gold"}
    place = (await mario.post("/segments", one)).headers["Location"].partition("?")[0]
    assert 'name="version" value="1"' in await mario.text(place)
    assert (await lola.post(place, {**one, "c.0.0.any_of": "silver", "version": "1"})).status == 303
    late = await mario.post(place, {**one, "c.0.0.any_of": "bronze", "version": "1"})
    page = await late.text()
    assert late.status == 422
    assert "Lola ha cambiado este segmento" in page
    assert "silver" in page
    assert 'value="bronze"' in page, "his stands in the form still"
    assert 'name="version" value="2"' in page
    assert (await mario.post(place, {**one, "c.0.0.any_of": "bronze", "version": "2"})).status == 303
    assert 'value="silver"' in await mario.text(f"{place}?version=2"), "hers is kept"


async def test_a_campaign_counts_as_its_segment_does(site: Web, hub: Hub, world: World) -> None:
    """One way of counting: the builder, the saved segment, the list of them and the campaign say the same."""
    async with hub.transaction() as tx:
        yes = Wish(
            address_id=world.marta_address, purpose="marketing", granted=True, source="agent", proof=""
        )
        no = Wish(
            address_id=world.jorge_address, purpose="marketing", granted=False, source="agent", proof=""
        )
        await record(tx, [yes, no])
        known = Definition(groups=[Group(all=[Person(field="name")]), Group(all=[Account(field="tier")])])
        made = await segments.create(tx, name="Con nombre", definition=known, agent_id=world.mario)
        campaign = await campaigns.create(tx, "Otoño", agent_id=world.mario)
    mario = await site.browser(world.mario)
    rows = {"c.0.0.field": "name", "c.0.0.op": "filled", "c.1.0.field": "tier", "c.1.0.op": "filled"}
    built = await (await mario.post("/segments/count", rows)).text()
    chosen = await (await mario.post(f"/campaigns/{campaign.id}/reach", {"segment_id": str(made.id)})).text()
    assert chosen == built
    for part in ("<b>1</b>", "que pidieron no recibir", "Marta Ruiz", "se conoce: nombre / "):
        assert part in built
    assert built in await mario.text(f"/segments/{made.id}")
    assert "/ 2" in await mario.text(f"/segments/{made.id}/reach")
