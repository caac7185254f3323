"""Promise 54: no script, form, style trick or remote load from any mail, name, subject, file name or note."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP
from urllib.parse import urlsplit

from playwright.async_api import Dialog, Page

from hub.channels.base import Raw
from hub.conversations.notes import note
from hub.conversations.search_index import fill
from hub.intake import Inbound
from hub.plumbing.hub import Hub
from tests.promises.naughty import HTML
from tests.web.browsing import COOKIE, Web
from tests.web.windows import chromium
from tests.world import LINE, World

AT_ONCE = 8  # payloads of one mail


def mail(number: int, payloads: tuple[str, ...]) -> bytes:
    """One mail with payloads as its HTML body, subject, sender's name and file name."""
    first = " ".join(payloads[0].split()).encode("ascii", "ignore").decode()
    message = EmailMessage(policy=SMTP)
    message["From"] = f"evil{number}@bad.test"
    message["To"] = LINE
    message["Subject"] = f"naughty {first}"
    message["Message-ID"] = f"<{number}@bad.test>"
    message.set_content("naughty\n" + "\n".join(payloads))
    message.add_alternative("<p>naughty</p>" + "\n".join(payloads), subtype="html")
    message.add_attachment(
        b"<script>alert(1)</script>", maintype="text", subtype="html", filename=f"{first}.html"
    )
    name = first.replace('"', "'")
    return message.as_bytes().replace(
        f"From: evil{number}@bad.test".encode(), f'From: "{name}" <evil{number}@bad.test>'.encode()
    )


class Watched:
    """A page that notes every dialog, request to elsewhere and complaint of the policy."""

    def __init__(self, page: Page, origin: str) -> None:
        self.page, self.host = page, urlsplit(origin).netloc
        self.bad: list[str] = []
        self.framed = 0
        page.on("dialog", self._dialog)
        page.on("request", lambda request: self._request(request.url))
        page.on("console", lambda told: self._console(told.text))
        page.on("popup", lambda popup: self.bad.append(f"popup {popup.url}"))

    async def _dialog(self, dialog: Dialog) -> None:
        self.bad.append(f"dialog {dialog.message}")
        await dialog.dismiss()

    def _request(self, url: str) -> None:
        parts = urlsplit(url)
        self.framed += parts.path.endswith("/html")
        if parts.scheme not in ("data", "blob", "about") and parts.netloc != self.host:
            self.bad.append(f"request {url}")
        if parts.path in ("/logout", "/c/1/closing"):
            self.bad.append(f"request {url}")

    def _console(self, text: str) -> None:
        if "Content Security Policy" in text or "Content-Security-Policy" in text:
            self.bad.append(text)


async def test_promise_54_nothing_in_a_message_runs(site: Web, hub: Hub, world: World) -> None:
    inbound = Inbound(hub)
    await inbound.start()
    for number in range(0, len(HTML), AT_ONCE):
        await inbound.receive(world.mail, Raw(body=mail(number, HTML[number : number + AT_ONCE])))
    await inbound.close()
    async with hub.transaction() as tx:
        rows = await tx.fetch("SELECT id, conversation_id FROM message ORDER BY id")
        assert len(rows) == -(-len(HTML) // AT_ONCE)
        for row in rows:
            await note(tx, row["conversation_id"], world.ana, "naughty " + "\n".join(HTML)[:3000])
        await fill(tx, [row["id"] for row in rows])
    origin = str(site.server.make_url("/")).rstrip("/")
    ana = await site.browser(world.ana)
    async with chromium() as browser:
        context = await browser.new_context()
        await context.add_cookies([{"name": COOKIE, "value": ana.cookie, "url": origin}])
        page = await context.new_page()
        watched = Watched(page, origin)
        await page.goto(f"{origin}/inbox/all")
        assert await page.locator("#rows > .row").count() == len(rows)
        await page.goto(f"{origin}/search?q=naughty")
        assert await page.locator("mark").count() > 0
        for row in rows:
            await page.goto(f"{origin}/inbox/all/c/{row['conversation_id']}")
            assert await page.locator("#timeline .m").count() == 2
            await page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true; })")
            await page.wait_for_function(
                "[...document.querySelectorAll('iframe')].every(one => one.getBoundingClientRect().height > 0)"
            )
            await page.goto(f"{origin}/m/{row['id']}/html")
            assert "naughty" in await page.inner_text("body")
            await page.wait_for_timeout(100)
            for tag in (
                "script",
                "form",
                "input",
                "base",
                "meta[http-equiv]",
                "link",
                "iframe",
                "object",
                "svg",
            ):
                assert await page.locator(f"body {tag}").count() == 0, tag
    assert watched.bad == []
    assert watched.framed >= 2 * len(rows), "each design was shown in its frame, and by itself"
