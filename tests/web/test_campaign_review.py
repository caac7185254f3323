"""The review of a campaign: prepared, each real message worst first, one rewritten, one left out, all approved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.campaigns import doubting
from hub.plumbing.hub import Hub
from tests.campaigns.preparing import TEXT, customers, draft, worked
from tests.web.browsing import Web
from tests.world import World

HOLED = "Hola {{ contact.name }}: {{ bought.last }}. {{ unsubscribe.link }}"


async def planned(hub: Hub, world: World, people: int, text: str = TEXT) -> str:
    """The beginning of its pages' addresses."""
    async with hub.transaction() as tx:
        await customers(tx, people)
        return f"/campaigns/{(await draft(tx, world, text=text)).id}"


async def test_each_real_message_is_looked_at_and_then_all_are_approved(
    site: Web, hub: Hub, world: World
) -> None:
    place = await planned(hub, world, 3, HOLED)
    mario, id_ = await site.browser(world.mario), int((place).rpartition("/")[2])
    before = await mario.text(f"{place}/review")
    assert "la recibe por Support mail" in before
    assert "Preparar los mensajes" in before
    assert (await mario.post(f"{place}/prepare")).status == 303
    assert "data-waits" in await (await mario.get(f"{place}/ready")).text()
    await worked(hub, id_)
    assert "data-waits" not in await (await mario.get(f"{place}/ready")).text()

    review = await mario.text(f"{place}/review")
    assert review.count("letter-of") == 3
    assert review.count("un hueco vacío") == 3
    assert '<mark class="blank">{{ bought.last }}</mark>' in review
    ids = [row["id"] for row in await hub.pool.fetch("SELECT id FROM recipient ORDER BY id")]
    held = await mario.post(f"{place}/approve", {"total": "3"})
    assert (held.status, "huec" in await held.text()) == (422, True), "nothing is approved with a hole"

    words = {"act": "own", "subject": "Novedades 1", "text": "Hola, Cliente uno: vuelve pronto."}
    for person in ids[:2]:
        assert (await mario.post(f"{place}/people/{person}/words", words)).status == 303
    assert "escrito para ella" in await mario.text(f"{place}/review")
    gone = await mario.post(f"{place}/people/{ids[2]}/drop", {"drop": "1"})
    assert "queda fuera" in await mario.text(gone.headers["Location"])
    await mario.post(f"{place}/people/{ids[2]}/drop", {"drop": "0"})
    await mario.post(f"{place}/people/{ids[2]}/drop", {"drop": "1"})

    assert (await mario.post(f"{place}/approve", {"total": "3"})).status == 422, "one fewer by now"
    approved = await mario.post(f"{place}/approve", {"total": "2"})
    assert (approved.status, approved.headers["Location"]) == (303, f"{place}/run")
    assert "Programada" in await mario.text(f"{place}/run")
    assert (await mario.post(f"{place}/people/{ids[0]}/words", words)).status == 409, (
        "what was approved stays"
    )


async def test_after_a_restore_approving_asks_to_how_many_it_perhaps_wrote(
    site: Web, hub: Hub, world: World
) -> None:
    """The plan is made anew, and another like it may have been sent between the backup and its restore."""
    place = await planned(hub, world, 2)
    mario = await site.browser(world.mario)
    async with hub.transaction() as tx:
        await doubting.begin(tx, datetime.now(UTC) - timedelta(hours=2))
    await mario.post(f"{place}/prepare")
    await worked(hub, int(place.rpartition("/")[2]))
    assert "Hasta 2 personas quizá recibieron esto" in await mario.text(f"{place}/review")
    for wrong in ("", "1"):
        refused = await mario.post(f"{place}/approve", {"total": "2", "perhaps": wrong})
        assert (refused.status, 'id="perhaps-error"' in await refused.text()) == (422, True)
    approved = await mario.post(f"{place}/approve", {"total": "2", "perhaps": "2"})
    assert (approved.status, approved.headers["Location"]) == (303, f"{place}/run")


async def test_what_is_missing_leads_to_where_it_is_done(site: Web, hub: Hub, world: World) -> None:
    mario = await site.browser(world.mario)
    place = (await mario.post("/campaigns", {"name": "Vacía"})).headers["Location"].rpartition("/")[0]
    review = await mario.text(f"{place}/review")
    for part in ("audience", "message"):
        assert f'href="{place}/{part}' in review
    assert "Preparar los mensajes" not in review
    assert (await mario.post(f"{place}/prepare")).status == 422
    assert (await mario.get(f"{place}/run")).headers["Location"] == f"{place}/audience", "nothing runs yet"
    assert "Anularla" in review
    assert (await mario.post(f"{place}/run", {"act": "cancel"})).status == 303
    assert "Anulada" in await mario.text(f"{place}/run")


async def test_the_plan_is_thrown_away_to_change_the_draft_again(site: Web, hub: Hub, world: World) -> None:
    place = await planned(hub, world, 1)
    mario = await site.browser(world.mario)
    await mario.post(f"{place}/prepare")
    await worked(hub, int(place.rpartition("/")[2]))
    assert "Solo se puede cambiar un borrador" in await mario.text(f"{place}/message")
    assert (await mario.post(f"{place}/draft")).status == 303
    assert "disabled" not in await mario.text(f"{place}/schedule")
    made = int(place.rpartition("/")[2])
    assert (await mario.post(f"{place}/prepare")).status == 303, "without waiting for what is thrown away"
    assert "se está vaciando" in await mario.text(f"{place}/ready")
    await hub.pool.execute("UPDATE todo SET due_at = now()")
    assert (await worked(hub, made)).state == "prepared"


@pytest.mark.parametrize(("to", "status"), [("mario@dialogo.test", 303), ("no es nada", 422)])
async def test_a_test_goes_to_whom_one_says(site: Web, hub: Hub, world: World, to: str, status: int) -> None:
    place = await planned(hub, world, 1)
    mario = await site.browser(world.mario)
    page = await mario.text(f"{place}/test")
    assert 'value="mario@dialogo.test"' in page
    who = await hub.pool.fetchval("SELECT id FROM contact WHERE job_title = 'cliente'")
    sent = await mario.post(f"{place}/test", {"what": "1a", "who": str(who), "to": to})
    assert sent.status == status
    assert await hub.pool.fetchval("SELECT count(*) FROM delivery") == (status == 303)
