"""The pages of campaigns: planned by plain forms, previewed person by person, and nobody else's business."""

from __future__ import annotations

import msgspec

from hub.campaigns import campaigns, segments, steps
from hub.campaigns.conditions import Definition, Group, Person
from hub.campaigns.rendering import Content
from hub.channels.registry import adapter
from hub.customers.consent import Wish, record
from hub.plumbing.hub import Hub
from hub.plumbing.texts import speaking
from hub.web.campaigns import preview
from tests.web.browsing import Browser, Web
from tests.world import World

ITSELF = {"X-Fragment": "saved", "Accept": "application/json"}
TEXT = "Hola {{ contact.first_name }}: toca revisión. {{ unsubscribe.link }}"


def test_what_a_text_costs_is_said_of_one_and_of_many() -> None:
    said = Content(subject="", text="Hola", html="", short="Hola")
    with speaking("es"):
        one, many = (preview.measured(said, [adapter("sms")], people)[0] for people in (1, 12_000))
        by_message = preview.measured(said, [adapter("whatsapp")], 1)[0]
    assert one.startswith("1 parte (GSM-7) × 1 persona: unos 0,")
    assert many.startswith("1 parte (GSM-7) × 12.000 personas: unos ")
    assert by_message.startswith("1 mensaje por WhatsApp: unos 0,")
    assert many.endswith(",00\xa0€")


async def segment(hub: Hub, world: World) -> int:
    """Marta alone."""
    marta = Definition(groups=[Group(all=[Person(field="name", any_of=["Marta Ruiz"])])])
    async with hub.transaction() as tx:
        return (await segments.create(tx, name="Marta sola", definition=marta, agent_id=world.mario)).id


async def begun(mario: Browser) -> str:
    """A draft; the beginning of its pages' addresses."""
    made = await mario.post("/campaigns", {"name": "Otoño"})
    return made.headers["Location"].rpartition("/")[0]


async def test_a_campaign_is_planned_step_by_step(site: Web, hub: Hub, world: World) -> None:
    mario = await site.browser(world.mario)
    assert "Todavía no hay campañas" in await mario.text("/campaigns")
    assert (await mario.post("/campaigns", {"name": " "})).status == 422
    place = await begun(mario)
    assert "Elige quién la recibe" in await mario.text(f"{place}/audience")

    chosen = {"name": "Otoño", "segment_id": str(await segment(hub, world)), "b": "50", "hold_out": "0"}
    assert "Marta Ruiz" in await (await mario.post(f"{place}/reach", chosen)).text()
    told = await (await mario.post(f"{place}/audience", chosen, headers=ITSELF)).text()
    assert "Marta sola" in told
    assert "<html" not in told, "a form that saves itself gets the checklist alone"
    wrong = await mario.post(f"{place}/audience", {**chosen, "b": "90", "hold_out": "9"})
    assert wrong.status == 422

    lines = [("channel_ids", str(world.mail.id)), ("from_owner", "1"), ("sender_id", str(world.mario))]
    assert (await mario.post(f"{place}/settings", lines)).status == 303
    page = await mario.text(f"{place}/message")
    assert "Redacción B" in page
    assert "El mensaje 1A aún no dice nada" in page

    words = {"step": "1", "variant": "a", "subject": "Tu revisión", "text": TEXT}
    for _again in range(2):
        assert (await mario.post(f"{place}/message", words)).status == 303
    await mario.post(f"{place}/message", {**words, "variant": "b", "subject": "¿Hablamos?"})
    bad = await mario.post(f"{place}/message", {**words, "text": "Hola {{ contact.nmae }}"}, headers=ITSELF)
    assert (bad.status, (await bad.json())["error"]["field"]) == (422, "text")

    await mario.post(f"{place}/steps", {"act": "add", "after_days": "3"})
    await mario.post(f"{place}/steps", {"act": "delay", "step": "2", "after_days": "5"})
    assert "a los 5 días" in await mario.text(f"{place}/message?step=2")
    assert "Después viene 1 seguimiento" in await mario.text(f"{place}/review")
    await mario.post(f"{place}/steps", {"act": "remove", "step": "2"})

    when = {"when": "local", "day": "2030-01-07", "hour": "10:30", "zone": "Europe/Madrid", "weekdays": "0",
            "opens": "09:00", "closes": "19:00", "per_minute": "60", "warm_up": "50, 100"}  # fmt: skip
    assert (await mario.post(f"{place}/schedule", when)).status == 303
    assert (await mario.post(f"{place}/schedule", {**when, "zone": "Narnia"})).status == 422
    assert "A las 10:30 del día de cada persona" in await mario.text(f"{place}/schedule")

    async with hub.transaction() as tx:
        kept = (await campaigns.listed(tx))[0]
        said = (await steps.listed(tx, kept.id))[0].texts
    assert (kept.experiment.b, kept.channel_ids, kept.schedule.warm_up) == (50, [world.mail.id], [50, 100])
    assert [(one.variant, one.subject, one.version) for one in said.values()] == [
        ("a", "Tu revisión", 1),
        ("b", "¿Hablamos?", 1),
    ]
    assert "Otoño" in await mario.text("/campaigns?which=drafts")
    assert "Otoño" not in await mario.text("/campaigns?which=ended")


async def test_the_step_line_names_blanks_as_a_person_reads_them(site: Web, world: World) -> None:
    mario = await site.browser(world.mario)
    place = await begun(mario)
    await mario.post(f"{place}/settings", [("channel_ids", str(world.mail.id)), ("from_owner", "1")])
    subject = "{% if contact.first_name %}{{ contact.first_name|upper }}{% endif %}, tu revisión"
    words = {"step": "1", "variant": "a", "subject": subject, "text": TEXT}
    told = await (await mario.post(f"{place}/message", words, headers=ITSELF)).text()
    assert "‹first_name›, tu revisión" in told


async def test_the_preview_shows_one_real_person_and_runs_nothing(site: Web, hub: Hub, world: World) -> None:
    mario = await site.browser(world.mario)
    place = await begun(mario)
    form = {"text": TEXT + " {{ contact.phone }}", "who": str(world.marta), "subject": "<b>x</b>"}
    shown = await (await mario.post(f"{place}/preview", form)).text()
    assert "Hola Marta: toca revisión" in shown
    assert '<mark class="blank">{{ contact.phone }}</mark>' in shown
    assert "&lt;b&gt;x" in shown
    framed = await mario.post(
        f"{place}/preview", {**form, "html": "<p style='color:red'>{{ contact.name }}</p>"}
    )
    assert f'src="{place}/letter?look=desktop' in await framed.text()
    letter = await mario.get(f"{place}/letter?look=dark")
    assert "<p style='color:red'>Marta Ruiz</p>" in await letter.text()
    policy = letter.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    lola = await site.browser(world.lola)
    assert (await lola.get(f"{place}/letter")).status == 404, "a preview is whoever wrote it's own"
    broken = await (await mario.post(f"{place}/preview", {"text": "{{ 7*7 }}"})).text()
    assert "Línea 1" in broken


async def test_the_worst_letters_are_seen_before_anything_is_prepared(
    site: Web, hub: Hub, world: World
) -> None:
    mario = await site.browser(world.mario)
    place = await begun(mario)
    typed = {"step": "1", "variant": "a", "subject": "Hola", "text": TEXT + " {{ contact.job_title }}"}
    shape = {"X-Fragment": "worst"}
    assert "Elige quién la recibe" in await (await mario.post(f"{place}/worst", typed, headers=shape)).text()
    await mario.post(f"{place}/audience", {"name": "Otoño", "segment_id": str(await segment(hub, world))})
    await mario.post(f"{place}/settings", {"channel_ids": str(world.mail.id)})
    async with hub.transaction() as tx:
        yes = Wish(
            address_id=world.marta_address, purpose="marketing", granted=True, source="agent", proof=""
        )
        await record(tx, [yes])
    seen = await (await mario.post(f"{place}/worst", typed, headers=shape)).text()
    assert "Hola Marta: toca revisión" in seen
    assert '<mark class="blank">{{ contact.job_title }}</mark>' in seen
    assert f'data-who="{world.marta}"' in seen
    whole = await (await mario.post(f"{place}/worst", typed)).text()
    assert f"{TEXT} {{{{ contact.job_title }}}}</textarea>" in whole, "without a script, the same page again"
    assert "Hola Marta: toca revisión" in whole.partition('id="worst"')[2]
    await mario.post(f"{place}/message", {**typed, "text": TEXT})
    tested = await (await mario.post(f"{place}/worst", {"what": "1a"})).text()
    assert "Hola Marta: toca revisión" in tested, "the test page shows what is stored"
    jorge = await mario.text(f"{place}/test?step=1&variant=a&who={world.jorge}")
    assert f'<option value="{world.jorge}" selected>' in jorge
    assert f'<option value="{world.jorge}" selected>' in await mario.text(
        f"{place}/message?who={world.jorge}"
    )


async def test_only_a_draft_is_changed_and_only_by_marketers(site: Web, hub: Hub, world: World) -> None:
    mario, ana = await site.browser(world.mario), await site.browser(world.ana)
    place = await begun(mario)
    for path in ("", "/audience", "/message", "/schedule", "/letter"):
        assert (await ana.get(place + path)).status == 403, path
    id_ = int(place.rpartition("/")[2])
    async with hub.transaction() as tx:
        locked = await campaigns.lock(tx, id_)
        await campaigns.move(tx, locked, "canceled", who="person", agent_id=world.mario)
    assert "disabled" in await mario.text(f"{place}/audience")
    late = await mario.post(f"{place}/message", {"text": "tarde"}, headers=ITSELF)
    assert late.status == 409
    assert (await mario.post(f"{place}/schedule", msgspec.to_builtins({}))).status == 422
    assert (await mario.get("/campaigns/987654/audience")).status == 404
