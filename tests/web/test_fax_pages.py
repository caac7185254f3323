"""A fax in the browser: its pages as pictures for who may see it, and patterns an administrator teaches a line."""

from __future__ import annotations

import io

from aiohttp import FormData
from PIL import Image

from hub.channels import connections
from hub.channels.registry import adapter
from hub.plumbing.hub import Hub
from tests.channels.fax_mails import mail, raw, tiff
from tests.channels.fax_mails import pdf as fax_pdf
from tests.conversations.making import attached, conversation, said
from tests.web.browsing import Web
from tests.world import World

TEMPLATES = {
    "subject": "Telefax von {caller} ({pages} Seiten)",
    "body": "Kennung: {csid}",
    "state": "received",
}
SAMPLE = mail("x@buro.example", "Telefax von +49 30 901820 (2 Seiten)", "Kennung: AMT\n", document=tiff(1))


async def test_the_pages_are_pictures_for_who_sees_the_message(site: Web, hub: Hub, world: World) -> None:
    key = await hub.files.put(fax_pdf(2))
    async with hub.transaction() as tx:
        id_ = await conversation(tx, world, team=world.legal)
        token = await attached(tx, await said(tx, world, id_), "fax.pdf", type="application/pdf", file=key)
        await tx.execute("UPDATE attachment SET pages = 3 WHERE token = $1", token)
    olga, ana = await site.browser(world.olga), await site.browser(world.ana)
    for path, width in ((f"/files/{token}/small/1", 240), (f"/files/{token}/pages/2", 1240)):
        answer = await olga.get(path)
        assert (answer.status, answer.headers["Content-Type"]) == (200, "image/png")
        with Image.open(io.BytesIO(await answer.read())) as picture:
            assert picture.width == width
        assert (await ana.get(path)).status == 404
        assert (await (await site.browser()).get(path, headers={"Accept": "application/json"})).status == 401
    kept = await hub.pool.fetch(
        "SELECT page, width, file <> '' AS drawn FROM page_picture ORDER BY width, page"
    )
    assert [tuple(row) for row in kept] == [(1, 240, True), (2, 240, True), (3, 240, False), (2, 1240, True)]
    assert (await olga.get(f"/files/{token}/small/3")).status == 404, "the third page does not exist"
    assert (await olga.get(f"/files/{token}/pages/4")).status == 404
    page = await olga.text(f"/inbox/all/c/{id_}")
    assert page.count(f'src="/files/{token}/small/') == 3


async def test_an_administrator_teaches_a_line_a_layout_from_a_sample(
    site: Web, hub: Hub, world: World
) -> None:
    async with hub.transaction() as tx:
        line = await connections.add(
            tx, hub.crypto, kind="fax", name="Fax", address="fax@dialogo.test", address_type="email"
        )
    path = f"/admin/channels/{line.id}/patterns"
    assert (await (await site.browser(world.lola)).get(path)).status == 403
    berta = await site.browser(world.berta)
    assert (await berta.get(f"/admin/channels/{world.mail.id}/patterns")).status == 404

    tried = await berta.post(path, _form(TEMPLATES | {"name": "Büro", "do": "try"}, SAMPLE))
    shown = await tried.text()
    assert tried.status == 200
    assert all(f"<dd>{value}</dd>" in shown for value in ("+4930901820", "AMT", "2"))
    assert (await _settings(hub, line.id)).get("patterns") is None, "trying saves nothing"

    wrong = await berta.post(path, _form(TEMPLATES | {"name": "Büro", "subject": "{colour} x", "do": "save"}))
    assert wrong.status == 422
    assert "colour" in await wrong.text()

    assert (await berta.post(path, _form(TEMPLATES | {"name": "Büro", "do": "save"}))).status in (200, 303)
    settings = await _settings(hub, line.id)
    assert [one["name"] for one in settings["patterns"]] == ["Büro"]
    async with hub.transaction() as tx:
        known = (await connections.load(tx, line.id)).line(hub.crypto)
    (fact,) = adapter("fax").parse(raw(SAMPLE), known)
    assert fact.details["fax"]["provider"] == "Büro"

    assert (await berta.post(f"{path}/remove", {"name": "Büro"})).status in (200, 303)
    assert (await _settings(hub, line.id))["patterns"] == []


def _form(fields: dict[str, str], sample: bytes = b"") -> FormData:
    form = FormData()
    for name, value in fields.items():
        form.add_field(name, value)
    if sample:
        form.add_field("sample", sample, filename="sample.eml", content_type="message/rfc822")
    return form


async def _settings(hub: Hub, channel_id: int):
    return await hub.pool.fetchval("SELECT settings FROM channel WHERE id = $1", channel_id)
