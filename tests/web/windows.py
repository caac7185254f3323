"""A real Chromium for tests, and an agent's pages in it."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

from tests.web.browsing import COOKIE, Web

# The popups of the address bar are pages of their own, one process a window that works ten times as long as ours do.
# The last --disable-features is the one that counts: the others are Playwright's.
WITHOUT = (
    "WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup,AimEnabled,LensOverlay,MediaRouter,PaintHolding,"
    "AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,HttpsUpgrades,OptimizationHints,"
    "HttpsFirstBalancedModeAutoEnable,ThirdPartyStoragePartitioning,AvoidCorsURLLoaderRestartOnRedirect,"
    "NetworkTimeServiceQuerying,PreconnectToSearch"
)
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    f"--disable-features={WITHOUT}",
]


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The system's own, gone at the end."""
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield browser
        await browser.close()


class Desk:
    """Opens pages as an agent; what the console complains about is kept."""

    def __init__(self, site: Web, browser: Browser) -> None:
        self.site, self.browser = site, browser
        self.origin = str(site.server.make_url("/")).rstrip("/")
        self.complaints: list[str] = []

    async def open(self, agent: int, path: str) -> Page:
        """A page of this agent's, on a screen of its own."""
        visitor = await self.site.browser(agent)
        context = await self.browser.new_context(locale="es-ES", viewport={"width": 1440, "height": 900})
        await context.add_cookies([{"name": COOKIE, "value": visitor.cookie, "url": self.origin}])
        page = await context.new_page()
        self.listen(page)
        await page.goto(self.origin + path)
        return page

    def listen(self, page: Any) -> None:
        """Keep what this page complains about."""
        page.on("console", lambda told: self._console(told.type, told.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _console(self, kind: str, text: str) -> None:
        """Chromium says itself that a socket was cut: that is the network's, and the page goes on by itself."""
        if kind in ("error", "warning") and not text.startswith("WebSocket connection to"):
            self.complaints.append(text)
