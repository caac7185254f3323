"""Watching a campaign: live, paused, gone on with; who perhaps got it; its report, by person and as a file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.agents.roles import Person
from hub.campaigns import campaigns, counts, doubting, figures
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub
from hub.web.topics import allowed
from tests.web import test_live as live
from tests.web.browsing import Web
from tests.world import World

FORMULA = '=HYPERLINK("http://evil.example")'


@pytest.fixture
async def running(hub: Hub, world: World) -> int:
    """Marta got hers and answered, Jorge perhaps did, somebody with an odd name waits, one was left out on purpose."""
    async with hub.transaction() as tx:
        odd: int = await tx.value(
            """
            INSERT INTO contact (id, root_id, name, search) SELECT n, n, $1, ''
            FROM (SELECT nextval('contact_id_seq') AS n) AS drawn RETURNING id
            """,
            FORMULA,
        )
        campaign = await campaigns.create(tx, "Primavera", agent_id=world.mario)
        await tx.execute(
            "UPDATE campaign SET state = 'running', started_at = now() - interval '1 hour', total = 4 WHERE id = $1",
            campaign.id,
        )
        planned = [
            (world.marta, "made", "", "a", "marta@acme.test"),
            (world.jorge, "made", "", "a", "jorge@gmail.com"),
            (odd, "ready", "", "b", "odd@example.test"),
            (world.marta + 10_000, "excluded", "held_out", "", None),
        ]
        for contact, state, reason, variant, address in planned:
            await tx.execute(
                """
                INSERT INTO recipient (campaign_id, contact_id, state, reason, variant, address, channel_id, sender_id,
                                       due_at, answered_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now(), CASE WHEN $2::bigint = $9::bigint THEN now() END)
                """,
                *(
                    campaign.id,
                    contact,
                    state,
                    reason,
                    variant,
                    address,
                    world.mail.id,
                    world.ana,
                    world.marta,
                ),
            )
        await tx.execute(
            """
            INSERT INTO delivery (token, recipient_id, gate_id, channel_id, recipient, state, code, message_header,
                                  purpose, sent_at)
            SELECT id::text, id, $2, channel_id, address, CASE WHEN contact_id = $3 THEN 'delivered' ELSE 'unknown' END,
                   CASE WHEN contact_id = $3 THEN '' ELSE 'lease_over' END, id::text, 'marketing',
                   CASE WHEN contact_id = $3 THEN now() END
            FROM recipient WHERE campaign_id = $1 AND state = 'made'
            """,
            *(campaign.id, campaign.gate_id, world.marta),
        )
    return campaign.id


async def test_it_is_watched_paused_and_gone_on_with(site: Web, hub: Hub, world: World, running: int) -> None:
    mario, place = await site.browser(world.mario), f"/campaigns/{running}"
    page = await mario.text(f"{place}/run")
    assert "66 %" in page
    assert "fuera a propósito" in page
    assert "quizá se envió" in page
    assert f'data-topic="campaign:{running}"' in page
    assert "Pausar" in page
    await hub.pool.execute("UPDATE recipient SET due_at = now() + interval '3 days' WHERE state = 'ready'")
    page = await mario.text(f"{place}/run")
    assert "salen: <time" in page, "who waits for a day to come is not reckoned by the pace of a minute"
    assert "lo que falta tarda" not in page
    paused = await mario.post(f"{place}/run", {"act": "pause"})
    assert (paused.status, paused.headers["Location"]) == (303, f"{place}/run")
    page = await mario.text(f"{place}/run")
    assert "No sale nada nuevo" in page
    assert "Seguir" in page
    assert (await mario.post(f"{place}/run", {"act": "pause"})).status == 409
    assert (await mario.post(f"{place}/run", {"act": "explode"})).status == 422

    perhaps = await hub.pool.fetchval("SELECT recipient_id FROM delivery WHERE state = 'unknown'")
    assert (await mario.post(f"{place}/people/{perhaps}/resend")).status == 409, "it stands still"
    assert (await mario.post(f"{place}/run", {"act": "resume"})).status == 303
    assert (await mario.post(f"{place}/people/{perhaps}/resend")).status == 303
    assert await hub.pool.fetchval("SELECT state FROM delivery WHERE recipient_id = $1", perhaps) == "queued"
    assert (await mario.post(f"{place}/people/{perhaps}/resend")).status == 409
    assert (await mario.post(f"{place}/people/987654/resend")).status == 404
    assert "1 <span" in await (await mario.get(f"{place}/far")).text(), "the row of the list"


async def test_after_a_restore_the_page_asks_to_how_many_it_perhaps_wrote(
    site: Web, hub: Hub, world: World, running: int
) -> None:
    """Going on has no button until the number is typed; a wrong one says so where it was typed."""
    mario, place = await site.browser(world.mario), f"/campaigns/{running}"
    async with hub.transaction() as tx:
        await tx.execute("UPDATE campaign SET state = 'paused', why = 'restored' WHERE id = $1", running)
        await doubting.begin(tx, datetime.now(UTC) - timedelta(hours=2))
    page = await mario.text(f"{place}/run")
    assert "Hasta 1 persona quizá recibió esto" in page
    assert 'name="act" value="resume">' in page, "the form that asks"
    assert '<button class="btn primary" type="submit" name="act" value="resume">' not in page
    for wrong in ("", "7", "uno"):
        refused = await mario.post(f"{place}/run", {"act": "resume", "perhaps": wrong})
        assert (refused.status, 'id="perhaps-error"' in await refused.text()) == (422, True)
    assert (await mario.post(f"{place}/run", {"act": "resume", "perhaps": "1"})).status == 303
    page = await mario.text(f"{place}/run")
    assert "En marcha" in page
    assert 'name="perhaps"' not in page


async def test_open_pages_hear_of_it_and_agents_do_not(
    site: Web, hub: Hub, world: World, running: int
) -> None:
    topics = [f"campaign:{running}", "campaigns"]
    async with live.socket(await site.browser(world.mario), *topics) as mario:
        async with hub.transaction() as tx:
            tx.signal("campaign", running, topics)
        ops = {op[1]: op[2] for op in await live.next_ops(mario)}
    assert "66 %" in ops[f"campaign-run:{running}"]
    assert 'name="csrf" value=""' in ops[f"campaign-run:{running}"], "the same bytes for everybody"
    assert "<svg" in ops[f"campaign-row:{running}"]
    async with hub.transaction() as tx:
        (ana,) = [one for one in await people(tx) if one.id == world.ana]
        assert await allowed(tx, ana, topics) == frozenset()


async def people(tx: Tx) -> list[Person]:
    rows = await tx.fetch("SELECT id, name, email, role FROM agent")
    return [Person(**dict(row)) for row in rows]


async def test_the_report_counts_and_the_file_is_inert(
    site: Web, hub: Hub, world: World, running: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    mario, ana = await site.browser(world.mario), await site.browser(world.ana)
    report = await mario.text(f"/campaigns/{running}/report")
    for words in (
        "De previstos a respondidos",
        "Marta Ruiz",
        "Respondidos",
        "Muy pocas personas para saberlo.",
        "Ver los datos",
        "Cuándo responden y hacen clic",
        "1 respondieron, 0 siguieron un enlace",
    ):
        assert words in report, words
    answered = await mario.text(f"/campaigns/{running}/report?which=answered")
    assert "Marta Ruiz" in answered
    assert "jorge@gmail.com" not in answered
    assert "Junto a las campañas anteriores" not in report, "there is none"
    async with hub.transaction() as tx:
        before = await campaigns.create(tx, "Invierno", agent_id=world.mario)
        await tx.execute(
            "UPDATE campaign SET started_at = now() - interval '40 days', track_links = false WHERE id = $1",
            before.id,
        )
    report = await mario.text(f"/campaigns/{running}/report")
    assert f'<a href="/campaigns/{before.id}/report">Invierno</a>' in report
    assert "1 (100,0\xa0%)" in report.replace(" %", "\xa0%"), "in Spanish, with a comma"
    assert "no se cuenta" in report
    await hub.pool.execute("UPDATE delivery SET state = 'canceled', code = 'cap' WHERE state = 'unknown'")
    for which, there in (("failed", False), ("not_sent", True)):
        found = await mario.text(f"/campaigns/{running}/report?which={which}")
        assert ("jorge@gmail.com" in found) == there, "what our own rules held back did not fail"
        assert "ya recibió bastante esta semana" in found
    monkeypatch.setattr(counts, "LARGE", 0)
    async with hub.transaction() as tx:
        await tx.execute("UPDATE campaign SET total = 3 WHERE id = $1", running)
        await counts.keep(tx, running, "not_sent", [figures.Failure("canceled", "moved", "", 7)])
    report = await mario.text(f"/campaigns/{running}/report")
    numbers, _people = report.split('id="people"')
    assert "ya recibió bastante esta semana" not in numbers, "of a large campaign it is told as counted"
    assert report.count("Contado") == 1
    file = await (await mario.get(f"/campaigns/{running}/report.csv")).text()
    assert "marta@acme.test" in file
    assert "'=HYPERLINK" in file
    for path in ("run", "report", "report.csv", "far"):
        assert (await ana.get(f"/campaigns/{running}/{path}")).status == 403


async def test_what_it_did_not_deliver_asks_marketers_once_in_a_line(
    site: Web, hub: Hub, world: World, running: int
) -> None:
    """Perhaps sent and refused are counted with the way to those people; who said no is none of it."""
    mario, ana = await site.browser(world.mario), await site.browser(world.ana)
    people = f"/campaigns/{running}/report?which="
    page = await mario.text("/unanswered")
    assert f'<a href="{people}unknown#people">1 quizá enviado</a>' in page
    assert "Primavera" not in await ana.text("/unanswered")
    told = "UPDATE delivery SET state = 'failed', permanent = true, tries = $1, code = $2 WHERE state <> 'delivered'"
    await hub.pool.execute(told, 1, "21610")
    assert "Primavera" not in await mario.text("/unanswered"), "they said no"
    assert "Corregir la dirección" not in await mario.text(f"{people}failed")
    await hub.pool.execute(told, 0, "no_consent")
    assert "Primavera" not in await mario.text("/unanswered"), "our own rule"
    await hub.pool.execute(told, 1, "5.1.1")
    assert f'<a href="{people}failed#people">1 rechazado del todo</a>' in await mario.text("/unanswered")
    assert f'href="/contacts/{world.jorge}"' in await mario.text(f"{people}failed")
    assert "Corregir la dirección" in await mario.text(f"{people}failed")
    assert (await ana.post(f"/campaigns/{running}/settled")).status == 403
    assert (await mario.post(f"/campaigns/{running}/settled")).status == 303
    assert "Primavera" not in await mario.text("/unanswered")
    await hub.pool.execute("UPDATE delivery SET reported_at = now() WHERE state = 'failed'")
    assert "Primavera" in await mario.text("/unanswered"), "something else went wrong since"


async def test_the_rules_for_all_are_read_and_changed(site: Web, hub: Hub, world: World) -> None:
    mario = await site.browser(world.mario)
    assert 'name="most_a_week"' in await mario.text("/campaigns/policy")
    rules = {"most_a_week": "3", "hold_days": "2", "failing_share": "20", "holidays": "2026-12-25\n2027-01-06",
             "quiet_from": "21:30", "quiet_until": "09:00", "complaint_tags": "Queja, rota",
             "complaint_priorities": "urgent"}  # fmt: skip
    assert (await mario.post("/campaigns/policy", rules)).status == 303
    page = await mario.text("/campaigns/policy?done=saved")
    assert "2027-01-06" in page
    assert "queja, rota" in page
    wrong = await mario.post("/campaigns/policy", {**rules, "holidays": "Navidad"})
    assert (wrong.status, "Navidad" in await wrong.text()) == (422, True)
