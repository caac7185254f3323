"""Promise 55: whatever a file calls itself, a browser gets bytes to keep, never something to run."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP

from hub.channels.base import Raw
from hub.intake import Inbound
from hub.plumbing.hub import Hub
from tests.web.browsing import Web
from tests.world import LINE, World

SCRIPT = b"<html><body onload=alert(document.cookie)>"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
FILES = (
    ("image/png", "foto.png", SCRIPT),
    ("image/jpeg", "foto.jpg.html", SCRIPT),
    ("text/html", "page.html", SCRIPT),
    ("application/xhtml+xml", "x.xhtml", SCRIPT),
    ("image/svg+xml", "logo.svg", SVG),
    ("text/xml", "feed.xml", SVG),
    ("text/javascript", "a.js", b"alert(1)"),
    ("application/x-shockwave-flash", "a.swf", b"FWS"),
    ("application/pdf", "factura.pdf", SCRIPT),
    ("text/plain", "overridetype.html;.txt", SCRIPT),
    ("application/octet-stream", "x.mht", SCRIPT),
    ("message/rfc822+html", "y", SCRIPT),
)
HARMLESS = {
    *("application/octet-stream", "application/pdf", "text/plain", "image/png", "image/jpeg", "image/gif"),
    *("image/webp", "image/tiff", "audio/mpeg", "audio/ogg", "audio/wav"),
}


def mail() -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = "evil@bad.test", LINE, "Adjuntos"
    message["Message-ID"] = "<55@bad.test>"
    message.set_content("mira")
    for type_, name, content in (*FILES, ("image/png", "de verdad.png", PNG)):
        main, _slash, sub = type_.partition("/")
        if main == "message":
            main, sub = "application", "x-odd"
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return message.as_bytes()


async def test_promise_55_attachments_run_nowhere(site: Web, hub: Hub, world: World) -> None:
    inbound = Inbound(hub)
    await inbound.start()
    await inbound.receive(world.mail, Raw(body=mail()))
    await inbound.close()
    async with hub.transaction() as tx:
        rows = await tx.fetch("SELECT token, name FROM attachment ORDER BY id")
    assert len(rows) == len(FILES) + 1
    ana = await site.browser(world.ana)
    for row in rows:
        answer = await ana.get(f"/files/{row['token']}")
        shown = answer.headers["Content-Disposition"].startswith("inline")
        assert answer.status == 200
        assert answer.headers["Content-Type"].partition(";")[0] in HARMLESS, row["name"]
        assert shown == (row["name"] == "de verdad.png"), row["name"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
