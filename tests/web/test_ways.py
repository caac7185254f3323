"""The composer offers every way with its reason, keeps the text when one switches, and counts; a trail is stopped."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pypdfium2  # type: ignore[import-untyped]
from playwright.async_api import expect

from hub.channels.facts import Party
from hub.channels.fax import cover
from hub.channels.outgoing import Line, Outgoing
from hub.channels.paper.asking import Make, ask
from hub.channels.sms.segments import ALPHABET, EXTENSION, measure
from hub.channels.spelling import shown
from hub.conversations import fallback
from hub.plumbing.clock import now
from hub.plumbing.hub import Hub
from hub.plumbing.texts import speaking
from hub.web.render import moment
from tests.conversations.crossing import NUMBER, fail, number_of, phone_line
from tests.deliveries.road import matter
from tests.web.windows import Desk
from tests.world import World

MARCH = datetime(2020, 3, 17, 10, tzinfo=UTC)
ODD = "áíóúç–“”😀👍🏽\n"
SHEETS = "async (texts) => { const { sheets } = await import(MODULE); return texts.map(sheets); }"
AT_THE_END = """() => {
  const log = document.querySelector('#timeline');
  return log.scrollHeight > log.clientHeight && log.scrollHeight - log.scrollTop - log.clientHeight < 2;
}"""
ENGLISH = """async () => {
  document.documentElement.lang = 'en';
  const { spoken } = await import(MODULE);
  return spoken(new Date('2020-03-17T10:00'), 'full');
}"""
COUNTED = "async (texts) => { const { measure } = await import(MODULE); return texts.map(measure); }"


async def test_a_mail_is_answered_by_sms_and_goes_back_by_mail(desk: Desk, hub: Hub, world: World) -> None:
    async with hub.transaction() as tx:
        await phone_line(tx, {"fallback": {"cancel_minutes": 5}})
        await number_of(tx, world.marta)
        id_ = await matter(tx, world)
    ana = await desk.open(world.ana, f"/inbox/mine/c/{id_}")
    ways = ana.locator("select[name=channel_id] option")
    await expect(ways).to_have_text(
        ["Support mail · marta@acme.test · escribió aquí la última vez", f"SMS · {shown(NUMBER)}"]
    )
    await ana.locator("#text").fill("Hoy llega, Marta.")
    await ana.set_viewport_size({"width": 1280, "height": 400})
    await ana.locator("#text").fill("Hoy llega, Marta." + "\n" * 20)
    await ana.wait_for_function(AT_THE_END)  # what was read last is still in sight
    await ana.locator("#text").fill("Hoy llega, Marta.")
    await ana.set_viewport_size({"width": 1280, "height": 900})
    await ana.locator("select[name=channel_id]").select_option(label=f"SMS · {shown(NUMBER)}")
    await expect(ana.locator("#text")).to_have_value("Hoy llega, Marta.")
    await expect(ana.locator("[data-lost]")).to_contain_text("Ahora por SMS. Esto no va: el asunto")
    await expect(ana.locator("[data-measure]")).to_contain_text("GSM-7")
    await ana.locator("[data-lost] button").click()
    await expect(ana.locator("select[name=channel_id] option:checked")).to_contain_text("marta@acme.test")
    await expect(ana.locator("input[name=subject]")).to_have_value("Re: Pedido 48213")
    await expect(ana.locator("[data-lost]")).to_be_hidden()
    await ana.locator("select[name=channel_id]").select_option(label=f"SMS · {shown(NUMBER)}")
    await ana.locator("#text").press("Control+Enter")
    await expect(ana.locator("#timeline .m.out")).to_have_count(1)

    await expect(ana.locator("#timeline .m.out[data-id]")).to_have_count(1)
    async with hub.transaction() as tx:
        sent = await tx.record("SELECT id, recipient FROM delivery")
        assert sent is not None
        assert sent["recipient"] == NUMBER
        await fail(tx, sent["id"])
        assert await fallback.go_on(tx, sent["id"]) is not None
    trail = ana.locator("#timeline .m.out .trail li")
    await expect(trail).to_have_count(2)
    await expect(trail.first).to_contain_text("landline (30006)")
    await trail.last.get_by_role("button").click()
    await expect(trail.last.get_by_role("button")).to_have_count(0)
    assert await hub.pool.fetchval("SELECT state FROM delivery ORDER BY id DESC LIMIT 1") == "canceled"

    texts = _texts()
    module = await ana.evaluate(
        "document.querySelector('script[type=module]').src.replace('app.js', 'ways.js')"
    )
    counted = await ana.evaluate(COUNTED.replace("MODULE", repr(module)), texts)
    for text, one in zip(texts, counted, strict=True):
        wanted = measure(text)
        assert one == {
            "parts": wanted.parts,
            "units": wanted.units,
            "encoding": wanted.encoding,
            "left": wanted.left,
        }, text
    papers = ["Hola", "Línea\n" * 90, "palabra " * 1_200]
    for text, said in zip(
        papers, await ana.evaluate(SHEETS.replace("MODULE", repr(module)), papers), strict=True
    ):
        assert abs(said - await _sheets(text)) <= 1, (text[:20], said)
    anew = repr(module.replace("ways.js", "live.js?en"))
    with speaking("en"):
        assert f">{await ana.evaluate(ENGLISH.replace('MODULE', anew))}<" in moment(MARCH, "full")


async def _sheets(text: str) -> int:
    """How many pages a fax of this text really has."""
    line = Line(id=1, key="k", kind="fax", name="Fax", address="fax@dialogo.test")
    said = Outgoing(token="t", message_id="m", recipient="+34912345678", sender=Party("a@b.test"), text=text)
    made = await ask(Make(cover.sheet(said, line, now()), (), "pdf"))
    return len(pypdfium2.PdfDocument(made.parts[0]))


def _texts() -> list[str]:
    chance = random.Random(7)
    texts = [
        ALPHABET,
        EXTENSION,
        ALPHABET + EXTENSION,
        ODD,
        "a" * 160,
        "a" * 161,
        "á" * 70,
        "á" * 71,
        "😀" * 80,
    ]
    for _ in range(300):
        letters = chance.choice([ALPHABET, ALPHABET + EXTENSION, ALPHABET + ODD])
        texts.append("".join(chance.choices(letters, k=chance.randrange(1, 500))))
    return texts
