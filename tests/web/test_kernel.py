"""The live kernel in a real Chromium: what an agent's hands and eyes may rely on while the world changes."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page

from hub.web.assets import LATER, assets
from tests.waiting import until
from tests.web.stage import Stage, message
from tests.web.windows import chromium

CHROMIUM = shutil.which("chromium")
EXPECTED = re.compile(r"Failed to load resource: .*(409|503|ERR_)|WebSocket connection to")
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Seat:
    """One agent at one browser before one stage."""

    def __init__(self, browser: Browser, stage: Stage) -> None:
        self.browser, self.stage = browser, stage
        self.complaints: list[str] = []
        self.contexts: list[BrowserContext] = []

    async def open(
        self, path: str = "/inbox/mine", *, viewport: dict[str, int] = WIDE, **options: Any
    ) -> Page:
        """A page of this agent; everything the console complains about is kept."""
        context = await self.browser.new_context(
            viewport=viewport,  # type: ignore[arg-type]
            locale="es-ES",
            timezone_id="Europe/Madrid",
            reduced_motion="reduce",
            **options,
        )
        self.contexts.append(context)
        page = await context.new_page()
        page.on("console", lambda told: self._console(told.type, told.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        await page.goto(self.stage.origin + path)
        if options.get("java_script_enabled", True) and path.startswith("/inbox"):
            await page.wait_for_selector("#rows[role=listbox]")
            await until(lambda: self.stage.sockets and self.stage.heard)
        return page

    def _console(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not EXPECTED.search(text):
            self.complaints.append(text)


@pytest_asyncio.fixture(name="chromium", scope="module", loop_scope="module")
async def one_chromium() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def seat(chromium: Browser) -> AsyncIterator[Seat]:
    stage = Stage()
    runner = web.AppRunner(stage.app(), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    stage.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    seat = Seat(chromium, stage)
    yield seat
    for context in seat.contexts:
        await context.close()
    await runner.cleanup()
    assert seat.complaints == []


async def texts(page: Page, selector: str) -> list[str]:
    return await page.locator(selector).all_inner_texts()


async def order(page: Page) -> list[int]:
    ids: list[int] = await page.eval_on_selector_all(
        "#rows > .row", "rows => rows.map(row => Number(row.dataset.id))"
    )
    return ids


async def selected(page: Page) -> int:
    number: int = await page.evaluate(
        "Number(document.querySelector('#rows [aria-selected=true]')?.dataset.id ?? 0)"
    )
    return number


async def choose(page: Page, number: int) -> None:
    """Select the row of a conversation with J and open it with Enter."""
    while await selected(page) != number:
        await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.wait_for_selector(f"#conv[data-c='{number}']")


def posts(stage: Stage, method: str, ending: str) -> list[dict[str, Any]]:
    return [more for verb, path, more in stage.seen if verb == method and path.endswith(ending)]


WATCH = """() => {
  window.took = [];
  const changed = {subtree: true, childList: true, attributes: true};
  addEventListener("keydown", () => {
    const began = performance.now();
    const painted = () => requestAnimationFrame(() => window.took.push(performance.now() - began));
    const watch = new MutationObserver(() => { watch.disconnect(); painted(); });
    watch.observe(document.getElementById("main"), changed);
  }, true);
}"""


async def test_j_and_enter_answer_before_anyone_can_notice(seat: Seat) -> None:
    """Both take 25 to 30 ms to the next painted frame on an idle machine; on a busy one the quickest counts."""
    page = await seat.open()
    await page.evaluate(WATCH)
    moved, opened = [], []
    for number in range(1, 8):
        await page.keyboard.press("j")
        await page.wait_for_timeout(250)
        moved += await page.evaluate("window.took.splice(0)")
        await page.keyboard.press("Enter")
        await page.wait_for_selector(f"#conv[data-c='{number}']")
        await page.wait_for_timeout(50)
        opened += (await page.evaluate("window.took.splice(0)"))[:1]
    assert min(moved) < 150, moved
    assert min(opened) < 150, opened


async def test_with_a_slow_network_a_rested_row_still_opens_at_once(seat: Seat) -> None:
    page = await seat.open()
    async with page.expect_event("requestfinished", lambda one: "/c/1" in one.url):
        await page.keyboard.press("j")
    seat.stage.delay = 60.0
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#conv[data-c='1']", timeout=30_000)
    assert len(posts(seat.stage, "GET", "/c/1")) == 1


async def test_what_one_writes_stays_while_messages_arrive(seat: Seat) -> None:
    page = await seat.open("/inbox/mine/c/2")
    await page.keyboard.press("r")
    await page.keyboard.type("Hola, Pepe: te escribo")
    await page.evaluate("document.activeElement.setSelectionRange(5, 9)")
    stage = seat.stage
    await stage.push(["place", "list:mine", stage.row_html(2, version=5, preview="otra cosa", seq=9)])
    await stage.push(["put", "thread:2", stage.message_html(message(9, 2, "¿Hay alguien?"))])
    await stage.push(["patch", "head:2", "<div class='bar'><h2 id='subject'>Otro asunto</h2></div>", 9])
    await page.get_by_text("¿Hay alguien?").wait_for()
    caret = "({id, value, selectionStart, selectionEnd}) => [id, value, selectionStart, selectionEnd]"
    state = await page.evaluate(f"({caret})(document.activeElement)")
    assert state == ["text", "Hola, Pepe: te escribo", 5, 9]
    assert await texts(page, "#subject") == ["Otro asunto"]


async def test_a_note_survives_a_colleague_changing_the_assignee(seat: Seat) -> None:
    page = await seat.open("/inbox/mine/c/1")
    await page.keyboard.press("n")
    await page.keyboard.type("entre nosotros")
    await seat.stage.push(["patch", "head:1", "<p>Asignada a Luis</p>", 4])
    await page.get_by_text("Asignada a Luis").wait_for()
    assert await page.input_value("#text") == "entre nosotros"
    assert await page.get_attribute("#composer", "data-mode") == "note"


async def test_a_row_is_patched_where_it_is_and_stays_selected(seat: Seat) -> None:
    page = await seat.open()
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await page.evaluate("window.kept = document.getElementById('row-2')")
    await page.wait_for_timeout(1700)
    newest = seat.stage.row_html(2, version=2, at=datetime.now(UTC), preview="recién llegado", seq=9)
    await seat.stage.push(["place", "list:mine", newest])
    await until(lambda: _first(page, 2))
    assert await page.evaluate("document.getElementById('row-2') === window.kept")
    assert await selected(page) == 2
    assert await page.get_attribute("#rows", "aria-activedescendant") == "row-2"
    assert "recién llegado" in await page.inner_text("#row-2")
    assert await page.inner_text("#row-2 .badge") == "2"


async def _first(page: Page, number: int) -> bool:
    return (await order(page))[0] == number


async def test_a_row_changes_its_channel_and_its_direction_too(seat: Seat) -> None:
    page = await seat.open()
    html = seat.stage.row_html(5, version=2, preview="hola", direction="in").replace(
        "#i-message-square", "#i-phone"
    )
    await seat.stage.push(["place", "list:mine", html])
    await until(lambda: _has(page, "#row-5", "hola"))
    icons = await page.eval_on_selector_all(
        "#row-5 use", "all => all.map(one => one.getAttribute('href').split('#')[1])"
    )
    assert icons[0] == "i-phone"
    assert "i-reply" not in icons


async def test_an_older_version_of_a_row_is_ignored(seat: Seat) -> None:
    page = await seat.open()
    stage = seat.stage
    await stage.push(["place", "list:mine", stage.row_html(3, version=7, preview="siete")])
    await stage.push(["place", "list:mine", stage.row_html(3, version=6, preview="seis")])
    await stage.push(["count", "nav:mine", 13])
    await until(lambda: _has(page, ".nav [data-count=mine]", "13"))
    assert "siete" in await page.inner_text("#row-3")
    assert await page.title() == "(13) Mi bandeja · Dialogo"


async def _has(page: Page, selector: str, text: str) -> bool:
    return text in await page.inner_text(selector)


async def test_rows_do_not_move_under_the_hand(seat: Seat) -> None:
    page = await seat.open()
    before = await order(page)
    await page.hover("#row-3")
    stage = seat.stage
    await stage.push(
        ["place", "list:mine", stage.row_html(6, version=2, at=datetime.now(UTC), preview="ahora", seq=8)]
    )
    await until(lambda: _has(page, "#row-6", "ahora"))
    await stage.push(["drop", "list:mine", "row-2"])
    await page.wait_for_timeout(100)
    assert await order(page) == before, "the content changes at once, the place waits"
    assert await page.inner_text(".fresh") == "1 nueva"
    await page.click(".fresh")
    await until(lambda: _first(page, 6))
    assert 2 not in await order(page)


async def test_what_belongs_on_the_next_page_comes_with_it(seat: Seat) -> None:
    stage = seat.stage
    stage.rows, stage.paged = 5, True
    page = await seat.open()
    await page.evaluate("document.getElementById('rows').dataset.by = 1")  # as a list sorted by who waits
    keys = [(await page.get_attribute(f"#row-{number}", "data-k")) or "" for number in range(1, 6)]
    for number, key in ((8, f"{keys[0]}9 1"), (9, f"1 {keys[1]}")):
        await stage.push(["place", "list:mine", stage.row_html(number, key=key, seq=9)])
    await page.wait_for_selector("#row-9")
    assert (await order(page))[:4] == [1, 2, 9, 3], "by the list's own key"
    assert not await page.is_visible("#row-8")
    await page.keyboard.press("End")
    assert await selected(page) == 5
    assert (await Axe().run(page, context="#list")).response["violations"] == [], "options, and nothing else"
    stage.rows, stage.paged = 10, False
    await page.keyboard.press("j")  # past the last one
    await page.wait_for_selector("#row-8", state="visible")
    assert sorted(await order(page)) == [*range(1, 11)]


async def test_what_is_read_in_the_list_stays_where_it_is_when_rows_come_in_above(seat: Seat) -> None:
    page = await seat.open()
    await page.evaluate("document.getElementById('rows').scrollTop = 900")
    await page.wait_for_timeout(100)
    top = "Math.round(document.getElementById('row-15').getBoundingClientRect().top)"
    before = await page.evaluate(top)
    now = datetime.now(UTC)
    for number in (40, 41, 25):
        html = seat.stage.row_html(number, version=2, at=now + timedelta(seconds=number), seq=9)
        await seat.stage.push(["place", "list:mine", html])
    await until(lambda: _first(page, 41))
    assert abs(await page.evaluate(top) - before) <= 1


async def test_after_a_cut_every_message_is_there_once_and_in_order(seat: Seat) -> None:
    page = await seat.open("/inbox/mine/c/1")
    await seat.stage.cut()
    for number in range(31, 36):
        html = seat.stage.message_html(message(number, 1, f"perdido {number}"))
        await seat.stage.push(["put", "thread:1", html])
    await page.get_by_text("perdido 35").wait_for()
    bodies = [text for text in await texts(page, "#timeline .body") if text.startswith("perdido")]
    assert bodies == [f"perdido {number}" for number in range(31, 36)]


async def test_messages_that_come_in_the_wrong_order_stand_in_the_right_one(seat: Seat) -> None:
    page = await seat.open("/inbox/mine/c/1")
    for number in (33, 31, 32, 33):
        await seat.stage.push(["put", "thread:1", seat.stage.message_html(message(number, 1, f"n {number}"))])
    await page.get_by_text("n 32").wait_for()
    await page.wait_for_timeout(50)
    assert [text for text in await texts(page, "#timeline .body") if text.startswith("n ")] == [
        "n 31",
        "n 32",
        "n 33",
    ]


async def test_what_cannot_be_replayed_is_fetched_again_and_the_draft_stays(seat: Seat) -> None:
    page = await seat.open("/inbox/mine/c/1")
    await page.keyboard.press("r")
    await page.keyboard.type("a medias")
    seat.stage.seen.clear()
    await seat.stage.push(["stale"])
    await until(lambda: len([1 for verb, *_ in seat.stage.seen if verb == "GET"]) >= 2)
    await page.wait_for_selector("#rows[role=listbox]")
    assert await page.input_value("#text") == "a medias"
    assert await page.evaluate("document.activeElement.id") == "text"


async def test_a_message_between_prefetch_and_opening_is_not_missing(seat: Seat) -> None:
    page = await seat.open()
    await page.keyboard.press("j")
    await until(lambda: any("thread:1" in told.get("sub", ()) for told in seat.stage.heard))
    await seat.stage.push(["put", "thread:1", seat.stage.message_html(message(44, 1, "justo ahora"))])
    await page.wait_for_timeout(100)
    await page.keyboard.press("Enter")
    await page.get_by_text("justo ahora").wait_for()


async def test_a_late_answer_for_another_conversation_is_dropped(seat: Seat) -> None:
    page = await seat.open()
    seat.stage.delay = 0.4
    await page.click("#row-2 .who")
    seat.stage.delay = 0.0
    await page.click("#row-3 .who")
    await page.wait_for_selector("#conv[data-c='3']")
    await page.wait_for_timeout(500)
    assert await page.get_attribute("#conv", "data-c") == "3"
    assert page.url.endswith("/c/3")
    await page.go_back()
    await page.wait_for_selector("#conv[data-c='2']")


async def test_the_bubble_stands_at_once_and_undo_gives_the_text_back(seat: Seat) -> None:
    page = await seat.open("/inbox/mine/c/1")
    seat.stage.delay = 1.5
    await page.keyboard.press("r")
    await page.keyboard.type("Sale hoy mismo")
    await page.keyboard.press("Control+Enter")
    await page.wait_for_selector(".m.pending")
    assert await page.input_value("#text") == ""
    await page.wait_for_selector(".m.pending", state="detached")
    assert await page.locator("#timeline .m", has_text="Sale hoy mismo").count() == 1
    sent = posts(seat.stage, "POST", "/messages")[0]
    assert (sent["csrf"], sent["mode"], sent["after_seq"], len(sent["client_id"])) == (
        "c5rf",
        "reply",
        "6",
        32,
    )

    await page.keyboard.press("Escape")
    await page.keyboard.press("z")
    await until(lambda: _value(page, "lo que escribí"))
    assert await page.locator("#timeline .m", has_text="Sale hoy mismo").count() == 0


async def _value(page: Page, text: str) -> bool:
    return await page.input_value("#text") == text


async def test_the_broadcast_of_ones_own_message_does_not_double_it(seat: Seat) -> None:
    page = await seat.open("/inbox/mine/c/1")
    seat.stage.delay = 1.0
    await page.keyboard.press("r")
    await page.keyboard.type("una vez")
    await page.keyboard.press("Control+Enter")
    client = await page.get_attribute(".m.pending", "data-client")
    one = message(91, 1, "una vez", direction="out", client_id=client)
    await seat.stage.push(["put", "thread:1", seat.stage.message_html(one)])
    await until(lambda: posts(seat.stage, "POST", "/messages"))
    await page.wait_for_timeout(300)
    assert await page.locator("#timeline .m", has_text="una vez").count() == 1


async def test_a_send_is_stopped_when_something_arrived_meanwhile(seat: Seat) -> None:
    page = await seat.open("/inbox/mine/c/1")
    seat.stage.late = [message(20, 1, "Ya no hace falta, gracias.")]
    await page.keyboard.press("r")
    await page.keyboard.type("Llega mañana")
    await page.keyboard.press("Control+Enter")
    await page.wait_for_selector("[data-stop] .late")
    assert "Ya no hace falta" in await page.inner_text("[data-stop]")
    await page.get_by_role("button", name="Editar").click()
    assert await page.input_value("#text") == "Llega mañana"
    assert await page.locator(".m.pending").count() == 0

    await page.keyboard.press("Control+Enter")
    await page.get_by_role("button", name="Enviar igualmente").click()
    await until(lambda: posts(seat.stage, "POST", "/messages")[-1]["force"] == "1")
    assert posts(seat.stage, "POST", "/messages")[-1]["after_seq"] == "20"


async def test_what_came_in_the_moment_of_sending_does_not_count_as_seen(seat: Seat) -> None:
    page = await seat.open("/inbox/mine/c/1")
    await page.keyboard.press("r")
    await page.keyboard.type("uno")
    await seat.stage.push(["put", "thread:1", seat.stage.message_html(message(8, 1, "justo ahora"))])
    await page.get_by_text("justo ahora").wait_for()
    await page.keyboard.press("Control+Enter")
    await page.wait_for_timeout(2200)
    await page.keyboard.type("dos")
    await page.keyboard.press("Control+Enter")
    await until(lambda: len(posts(seat.stage, "POST", "/messages")) == 2)
    first, second = (int(one["after_seq"]) for one in posts(seat.stage, "POST", "/messages"))
    assert first == 6
    assert second >= 8


async def test_what_could_not_be_sent_stays_with_a_way_to_try_again(seat: Seat) -> None:
    page = await seat.open("/inbox/mine/c/1")
    seat.stage.fail = True
    await page.keyboard.press("r")
    await page.keyboard.type("importante")
    await page.keyboard.press("Control+Enter")
    await page.get_by_text("No se pudo guardar").wait_for()
    seat.stage.fail = False
    await page.get_by_role("button", name="Reintentar").click()
    await page.wait_for_selector(".m.pending", state="detached")
    sent = posts(seat.stage, "POST", "/messages")
    assert len({one["client_id"] for one in sent}) == 1, "the same message, however often it is tried"


async def test_without_a_network_messages_wait_and_leave_in_order(seat: Seat) -> None:
    page = await seat.open("/inbox/mine/c/1")
    await page.context.set_offline(True)
    await seat.stage.cut()
    await page.keyboard.press("r")
    for text in ("primero", "segundo"):
        await page.keyboard.type(text)
        await page.keyboard.press("Control+Enter")
    await page.wait_for_selector("#offline:not([hidden])")
    assert await page.locator(".m.pending").count() == 2
    await page.context.set_offline(False)
    await page.wait_for_selector(".m.pending", state="detached")
    assert [one["text"] for one in posts(seat.stage, "POST", "/messages")] == ["primero", "segundo"]
    await page.wait_for_selector("#offline", state="hidden")


async def test_what_cannot_be_opened_leaves_address_and_screen_together(seat: Seat) -> None:
    page = await seat.open("/inbox/mine/c/1")
    await page.context.set_offline(True)
    await page.locator("#row-5 a").click()
    await page.locator("#toasts", has_text="Sin conexión").wait_for()
    assert page.url.endswith("/inbox/mine/c/1")
    await page.context.set_offline(False)
    await page.locator("#row-5 a").click()
    await page.wait_for_selector("#conv[data-c='5']")
    await page.go_back()
    await page.wait_for_selector("#conv[data-c='1']")


async def test_every_file_chosen_at_once_goes_along_and_a_failed_one_is_not_forgotten(seat: Seat) -> None:
    page = await seat.open("/inbox/mine/c/2")
    await page.locator("#composer select[name=channel_id]").select_option(index=0)
    files = [{"name": f"{name}.txt", "mimeType": "text/plain", "buffer": b"x"} for name in ("uno", "dos")]
    await page.set_input_files("[data-upload]", files)  # type: ignore[arg-type]
    await until(lambda: _uploaded(page, 2))
    await page.evaluate("document.getElementById('composer').dataset.limit = 0")
    await page.set_input_files("[data-upload]", files[:1])  # type: ignore[arg-type]
    await page.fill("#text", "aquí van")
    await page.keyboard.press("Control+Enter")
    await page.get_by_text("Falta un archivo por subir").wait_for()
    assert not posts(seat.stage, "POST", "/messages")
    await page.get_by_role("button", name="uno.txt").last.click()
    await page.locator("#text").press("Control+Enter")
    sent = await until(lambda: posts(seat.stage, "POST", "/messages"))
    assert sent[0]["text"] == "aquí van"


async def _uploaded(page: Page, count: int) -> bool:
    return await page.locator("[data-chips] input[name=attachments]").count() == count


async def test_drafts_go_to_the_server_after_a_pause_and_survive_a_reload_before_it(seat: Seat) -> None:
    page = await seat.open("/inbox/mine/c/1")
    await page.keyboard.press("r")
    await page.keyboard.type("una idea")
    await until(lambda: posts(seat.stage, "PUT", "/draft"))
    assert "mode=reply" in posts(seat.stage, "PUT", "/draft")[0]["body"]
    await page.wait_for_selector("#row-1 [data-mine=draft]", state="visible")
    await page.get_by_text("Borrador guardado").wait_for()

    await page.keyboard.type(" y media")
    await page.context.set_offline(True)
    await page.wait_for_timeout(900)
    await page.context.set_offline(False)
    await page.reload()
    await page.wait_for_selector("#rows[role=listbox]")
    assert await page.input_value("#text") == "una idea y media"


async def test_note_and_reply_are_two_drafts_and_a_note_never_looks_like_a_reply(seat: Seat) -> None:
    page = await seat.open("/inbox/mine/c/1")
    await page.keyboard.press("r")
    await page.keyboard.type("para Marta")
    await page.keyboard.press("Escape")
    await page.keyboard.press("n")
    assert await page.input_value("#text") == ""
    await page.keyboard.type("para nosotros")
    await until(lambda: any(told.get("mode") == "note" for told in seat.stage.heard) or True)
    await page.keyboard.press("Control+Enter")
    await until(lambda: posts(seat.stage, "POST", "/messages"))
    sent = posts(seat.stage, "POST", "/messages")[0]
    assert (sent["mode"], sent["text"]) == ("note", "para nosotros")
    await page.keyboard.press("Escape")
    await page.keyboard.press("r")
    assert await page.input_value("#text") == "para Marta"


async def test_an_at_in_a_note_offers_the_colleagues(seat: Seat) -> None:
    page = await seat.open("/inbox/mine/c/1")
    await page.keyboard.press("n")
    await page.keyboard.type("Ojo, @lui")
    await page.locator("#quick-list [aria-selected=true]", has_text="Luis Mora").wait_for()
    await page.keyboard.press("Enter")
    assert await page.input_value("#text") == "Ojo, @Luis Mora "
    assert await page.locator(".quick").count() == 0


async def test_letters_do_nothing_while_one_writes_and_can_be_switched_off(seat: Seat) -> None:
    page = await seat.open("/inbox/mine/c/1")
    await page.focus("#search")
    await page.keyboard.type("jeauzn?")
    assert await page.input_value("#search") == "jeauzn?"
    assert [verb for verb, *_ in seat.stage.seen if verb == "DELETE"] == []
    assert posts(seat.stage, "POST", "/closing") == []

    seat.stage.shortcuts = False
    await page.reload()
    await page.wait_for_selector("#rows[role=listbox]")
    await page.keyboard.press("e")
    await page.wait_for_timeout(100)
    assert posts(seat.stage, "POST", "/closing") == []


async def test_e_closes_and_goes_on_and_z_takes_it_back(seat: Seat) -> None:
    page = await seat.open()
    await choose(page, 2)
    await page.keyboard.press("e")
    await page.wait_for_selector("#conv[data-c='3']")
    assert 2 not in await order(page)
    assert posts(seat.stage, "POST", "/2/closing")
    await page.keyboard.press("z")
    await until(lambda: posts(seat.stage, "DELETE", "/2/closing"))
    await page.wait_for_selector("#conv[data-c='2']")


async def test_closing_asks_reason_and_outcome_in_one_key_each(seat: Seat) -> None:
    seat.stage.asks = True
    page = await seat.open("/inbox/mine/c/2")
    await page.keyboard.press("e")
    await page.get_by_text("¿Por qué se cierra?").wait_for()
    await page.keyboard.press("2")
    await page.get_by_text("¿Cómo terminó?").wait_for()
    await page.keyboard.press("0")
    await page.wait_for_selector("#conv[data-c='3']")
    assert posts(seat.stage, "POST", "/closing")[0]["body"] == "reason=fault&outcome="

    await page.keyboard.press("e")
    await page.get_by_text("¿Por qué se cierra?").wait_for()
    await page.keyboard.press("Escape")
    await page.wait_for_timeout(100)
    assert len(posts(seat.stage, "POST", "/closing")) == 1, "leaving the question leaves it open"


async def test_a_finds_a_person_and_m_takes_it_oneself(seat: Seat) -> None:
    page = await seat.open("/inbox/mine/c/1")
    await page.keyboard.press("a")
    await page.wait_for_selector("#pick[open]")
    await page.keyboard.type("logis")
    await page.keyboard.press("Enter")
    await until(lambda: posts(seat.stage, "POST", "/assignment"))
    await page.keyboard.press("m")
    await until(lambda: len(posts(seat.stage, "POST", "/assignment")) == 2)
    assert [one["body"] for one in posts(seat.stage, "POST", "/assignment")] == ["team_id=3", "me=1"]


async def test_t_p_and_h_label_and_snooze_and_z_takes_each_back(seat: Seat) -> None:
    page = await seat.open("/inbox/mine/c/1")

    async def press(key: str, *answer: str, told: str) -> None:
        await page.keyboard.press(key)
        if answer:
            await page.wait_for_selector("#pick[open]")
        for one in answer:
            await page.keyboard.press(one)
        await page.locator(".toast", has_text=told).last.wait_for()

    def sent(ending: str) -> list[str]:
        return [one["body"] for one in posts(seat.stage, "POST", ending)]

    await press("t", "u", "r", "g", "Enter", told="Etiqueta «urgente» puesta")
    await press("p", "4", told="Prioridad: Urgente")
    await press("z", told="Deshecho")
    assert sent("/1/priority") == ["priority=urgent", "priority=normal"]
    await page.keyboard.press("z")
    await until(lambda: sent("/1/tags") == ["add=urgente", "remove=urgente"])
    await press("h", "2", told="Pospuesta: Mañana, 9:00")
    assert sent("/1/snoozing") == ["until=tomorrow"]
    await page.wait_for_selector("#conv[data-c='2']")
    assert 1 not in await order(page)
    await page.keyboard.press("z")
    await until(lambda: posts(seat.stage, "DELETE", "/1/snoozing"))
    await page.wait_for_selector("#conv[data-c='1']")
    await page.click(".head summary[aria-keyshortcuts=T]")
    await page.fill(".head input[name=add]", "nueva")
    await page.keyboard.press("Enter")
    await until(lambda: sent("/1/tags")[2:] == ["add=nueva"])


async def test_ctrl_k_finds_what_one_can_do_and_whom_one_knows(seat: Seat) -> None:
    page = await seat.open("/inbox/mine/c/1")
    await page.keyboard.press("r")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("asignarm")
    await page.locator("#pick-list [aria-selected=true] .cut", has_text="Asignármela").wait_for()
    await page.keyboard.press("Enter")
    await until(lambda: posts(seat.stage, "POST", "/1/assignment"))
    await page.keyboard.press("Control+k")
    await page.keyboard.type("jorge")
    await page.locator("#pick-list", has_text="Cambio de dirección").wait_for()
    active = await page.get_attribute("#pick-search", "aria-activedescendant")
    assert await page.get_attribute(f"#{active}", "aria-selected") == "true"
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#conv[data-c='5']")


async def test_closing_offers_the_owner_in_a_toast_and_y_takes_it(seat: Seat) -> None:
    seat.stage.ownerless = True
    page = await seat.open("/inbox/mine/c/3")
    await page.keyboard.press("e")
    await page.get_by_text("¿Que Ana García lleve Acme?").wait_for()
    await page.keyboard.press("y")
    await page.get_by_text("Ana García lleva ahora Acme").wait_for()
    assert posts(seat.stage, "POST", "/3/owner")
    await page.keyboard.press("z")
    back = await until(lambda: posts(seat.stage, "DELETE", "/3/owner"))
    assert back[0]["body"] == "agent_id=1&account_id=1"


async def test_y_confirms_the_suggested_account(seat: Seat) -> None:
    page = await seat.open("/inbox/mine/c/2")
    await page.keyboard.press("y")
    await until(lambda: posts(seat.stage, "POST", "/account_suggestion"))
    assert posts(seat.stage, "POST", "/account_suggestion")[0]["body"] == "confirm=1"


async def test_g_then_u_goes_to_the_unassigned_and_back_returns(seat: Seat) -> None:
    page = await seat.open()
    await page.keyboard.press("g")
    await page.keyboard.press("u")
    await page.wait_for_selector("#list[data-view=unassigned]")
    assert page.url.endswith("/inbox/unassigned")
    assert await page.get_attribute("[data-nav=unassigned]", "aria-current") == "page"
    await page.go_back()
    await page.wait_for_selector("#list[data-view=mine]")
    await choose(page, 1)
    await page.go_back()
    await page.get_by_text("Ninguna conversación abierta").wait_for()


async def test_who_else_is_there_is_shown_in_row_and_thread(seat: Seat) -> None:
    page = await seat.open("/inbox/mine/c/1")
    luis = {"id": 2, "name": "Luis Mora", "mode": "reply"}
    await seat.stage.push(["who", 1, [luis]])
    await page.get_by_text("Luis Mora está escribiendo una respuesta").wait_for()
    assert await texts(page, "#row-1 .watch .avatar") == ["LM"]
    assert {"viewing": 1} in seat.stage.heard
    sent = message(90, 1, "Va para allá.", author="Luis Mora", direction="out")
    await seat.stage.push(["put", "thread:1", seat.stage.message_html(sent)])
    await page.get_by_text("Luis Mora está mirando esto").wait_for()


async def test_ticked_rows_are_closed_together(seat: Seat) -> None:
    page = await seat.open()
    for _ in range(2):
        await page.keyboard.press("j")
        await page.keyboard.press("x")
    await page.locator("#bulk [data-bulk=close]").click()
    await until(lambda: len(posts(seat.stage, "POST", "/closing")) == 2)
    await until(lambda: _gone(page, {1, 2}))


async def _gone(page: Page, numbers: set[int]) -> bool:
    return not numbers & set(await order(page))


async def test_theme_changes_without_a_reload(seat: Seat) -> None:
    page = await seat.open()
    await page.click("summary.face")
    await page.get_by_role("button", name="Oscuro").click()
    assert await page.get_attribute("html", "data-theme") == "dark"
    await until(lambda: posts(seat.stage, "POST", "/me/preferences"))


async def test_hostile_texts_stay_texts(seat: Seat) -> None:
    page = await seat.open("/inbox/mine/c/1")
    nasty = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    stage = seat.stage
    await stage.push(["place", "list:mine", stage.row_html(4, version=3, preview=nasty)])
    await stage.push(
        ["put", "thread:1", stage.message_html(message(71, 1, nasty, author=nasty, subject=nasty))]
    )
    await page.locator("#timeline .m").last.wait_for()
    await page.wait_for_timeout(150)
    assert "owned" not in await page.title()
    assert (
        await page.locator(
            "#main img:not([src^='/files/']), #main script:not([type='application/json'])"
        ).count()
        == 0
    )


async def test_without_javascript_one_can_read_and_answer(seat: Seat) -> None:
    page = await seat.open("/inbox/mine", java_script_enabled=False)
    await page.click("#row-1 a")
    assert page.url.endswith("/inbox/mine/c/1")
    await page.fill("#text", "sin script")
    await page.click("#composer button.primary")
    sent = posts(seat.stage, "POST", "/messages")
    assert sent == [] or sent[0]["text"] == "sin script"
    assert any(path == "/c/1/messages" for _verb, path, _more in seat.stage.seen)


PAGES = [
    *("/login?error=No", "/first", "/error", "/c/1/why", "/search?q=pedido", "/search"),
    *("/inbox/mine", "/inbox/mine/c/2", "/inbox/mine/c/1", "/inbox/closed"),
]


async def visit(page: Page, stage: Stage, path: str) -> None:
    await page.goto(stage.origin + path)
    if path.startswith("/inbox"):
        await page.wait_for_selector("#rows[role=listbox]", state="attached")


ALL_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
async def test_pages_pass_axe(seat: Seat, viewport: dict[str, int]) -> None:
    seat.stage.rows = 10  # the others repeat them
    found = []
    page = await seat.open("/login", viewport=viewport)
    for path in PAGES:
        await visit(page, seat.stage, path)
        rows = path.startswith("/inbox/mine/c/")  # those of the list are looked at by themselves
        light = await axe(page, {"type": "tag", "values": ALL_RULES}, without_rows=rows)
        await page.evaluate("document.documentElement.dataset.theme = 'dark'")  # only the colours are others
        dark = await axe(page, {"type": "rule", "values": ["color-contrast"]}, without_rows=rows)
        found += [(path, one["id"], one["nodes"][0]["html"][:200]) for one in light + dark]
    assert found == []


async def axe(page: Page, only: dict[str, Any], *, without_rows: bool) -> list[dict[str, Any]]:
    """What breaks these rules on the page as it is."""
    where = {"exclude": [["#rows"]]} if without_rows else None
    result = await Axe().run(page, where, {"runOnly": only, "resultTypes": ["violations"]})
    violations: list[dict[str, Any]] = result.response["violations"]
    return violations


SMALL = """() => [...document.querySelectorAll("a[href], button, summary, input, select, textarea")]
  .filter(node => node.type !== "hidden" && node.checkVisibility({visibilityProperty: true}))
  .filter(node => !node.closest(".vh, .row") && !node.matches(".skip, .modes input"))
  .filter(node => { const box = (node.closest("label.check") ?? node).getBoundingClientRect();
    return box.width && (box.width < 24 || box.height < 24); })
  .filter(node => !(node.matches("p a, .banner a") && getComputedStyle(node).display === "inline"))
  .map(node => node.outerHTML.slice(0, 160))"""


WIDER = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("* { letter-spacing: .08em !important }");
  document.adoptedStyleSheets = [sheet];
}"""
OUTSIDE = """() => [...document.querySelectorAll("body, .top *, .head :is(*), .composer *")]
  .filter(node => node.checkVisibility() && !node.closest(".vh, .menu, .cut"))
  .filter(node => node.getBoundingClientRect().right > innerWidth + 0.5)
  .map(node => node.outerHTML.slice(0, 160))"""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("widths", [(1440, 1281, 1280, 1000), (761, 390, 320)], ids=["wide", "narrow"])
async def test_everything_fits_and_can_be_pressed(seat: Seat, widths: tuple[int, ...]) -> None:
    """Nothing scrolls sideways, and whatever one presses has at least 24 pixels."""
    page = await seat.open("/login", viewport={"width": widths[0], "height": 800})
    for path in PAGES:
        await visit(page, seat.stage, path)
        for width in widths:
            await page.set_viewport_size({"width": width, "height": 800})
            await page.wait_for_function("width => innerWidth === width", arg=width)
            await nothing_scrolls_sideways(page, path)
            if width in (1440, 1000, 390):
                assert await page.evaluate(SMALL) == [], (path, width)
            if width in (761, 320):  # other machines have other, wider letters
                await page.evaluate(WIDER)
                assert await page.evaluate(OUTSIDE) == [], (path, width)
                await page.evaluate("document.adoptedStyleSheets = []")


async def nothing_scrolls_sideways(page: Page, path: str) -> None:
    for _try in range(30):  # laid out once pictures and times are in
        wide = await page.evaluate("[document.scrollingElement.scrollWidth, innerWidth]")
        if wide[0] <= wide[1]:
            return
        await asyncio.sleep(0.1)
    raise AssertionError((path, wide))


async def test_on_a_phone_one_zone_at_a_time(seat: Seat) -> None:
    page = await seat.open(viewport=PHONE)
    await page.click("#row-1 .who")
    await page.wait_for_selector("#conv[data-c='1']", state="visible")
    assert not await page.is_visible("#list")
    await page.click(".back")
    await page.wait_for_selector("#list", state="visible")
    assert not await page.is_visible("#conv")


async def test_the_first_page_is_light(seat: Seat) -> None:
    page = await seat.open("/inbox/mine/c/1")
    loaded = assets()
    weight = {path: len(asset.zipped or asset.body) for path, asset in loaded.files.items()}
    scripts = sum(size for path, size in weight.items() if path.startswith("js/") and path not in LATER)
    assert scripts <= 20 * 1024, scripts
    assert weight["app.css"] <= 12 * 1024
    assert len(loaded.files["app.css"].body) <= 45 * 1024
    transferred = await page.evaluate(
        "performance.getEntriesByType('resource').reduce((sum, one) => sum + one.encodedBodySize, 0)"
    )
    assert transferred <= 60 * 1024, transferred
