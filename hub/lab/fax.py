"""The lab's fax machine: put a document in, choose a gateway, and see it arrive; and what becomes of our own faxes."""

from __future__ import annotations

import msgspec
import structlog
from aiohttp import web
from aiohttp.web import RouteDef, get, post
from aiohttp.web_request import FileField

from hub.channels.connections import Channel
from hub.channels.fax.gateways import BY_NAME
from hub.channels.paper.bounds import Unfit
from hub.channels.paper.typeset import Block
from hub.lab import fax_machine
from hub.lab.fax_machine import BUSY, SILENT, Machine
from hub.operating import demo_lines
from hub.plumbing.errors import Unavailable
from hub.plumbing.hub import Hub
from hub.plumbing.texts import N_, _
from hub.web import shell
from hub.web.forms import form_of
from hub.web.requests import hub_of, person_of
from hub.web.views import View

CODES = {"g3": N_("T.4, one dimension"), "g3_2d": N_("T.4, two dimensions"), "g4": N_("T.6")}
MOST_BYTES = 20_000_000
log = structlog.get_logger(__name__)


class FaxPage(View, frozen=True, kw_only=True):
    """GET /lab/fax. `done` is a sentence, or empty."""

    machine: Machine
    gateways: list[tuple[str, str]]
    codes: list[tuple[str, str]]
    line: str
    busy: str
    silent: str
    done: str = ""
    error: str = ""


async def show(request: web.Request) -> web.StreamResponse:
    """GET /lab/fax: the machine."""
    done = _("Sent. It is in the inbox now.") if request.query.get("sent") else ""
    return await _page(request, Machine(), done=done)


async def send(request: web.Request) -> web.StreamResponse:
    """POST /lab/fax: the document in the field `file`, or a typed sheet without one."""
    machine = await form_of(request, Machine)
    if machine.gateway not in fax_machine.GATEWAYS:
        machine.gateway = "efax"
    hub = hub_of(request)
    line = await line_of(hub)
    given = (await request.post()).get("file")
    content = given.file.read(MOST_BYTES + 1) if isinstance(given, FileField) else b""
    try:
        if content:
            await fax_machine.transmit(machine, content, line.address, hub.settings.smtp_port)
        else:
            await fax_machine.transmit_words(machine, sheet(machine), line.address, hub.settings.smtp_port)
    except Unfit as error:
        return await _page(
            request, machine, error=_("This is nothing a fax machine takes: %(why)s", why=error)
        )
    except Unavailable as error:
        return await _page(request, machine, error=error.message)
    raise web.HTTPSeeOther("/lab/fax?sent=1")


ROUTES: list[RouteDef] = [get("/lab/fax", show), post("/lab/fax", send)]


async def line_of(hub: Hub) -> Channel:
    """The demo's fax line: its gateway is the lab's mail server."""
    async with hub.transaction() as tx:
        return (await demo_lines.stand(tx, hub))["fax"]


def sheet(machine: Machine) -> tuple[Block, ...]:
    """What lies in the machine when nobody put a document in."""
    return (
        Block("title", "Contrato de mantenimiento"),
        Block("pair", machine.csid, "De"),
        Block("pair", "Iberluz, S. L.", "Para"),
        Block("rule"),
        Block("text", "Les devolvemos firmado el contrato de este año.\n\nUn saludo,\nMarta Núñez"),
    )


async def report(hub: Hub, sent: bytes, recipient: str, answer_to: str) -> None:
    """The gateway's answer to a mail that left: its own line reads it a moment later."""
    try:
        await fax_machine.report_on(sent, recipient, answer_to, hub.settings.smtp_port)
    except (TimeoutError, Unavailable) as error:
        log.warning("the lab's gateway could not report", error=str(error))


async def _page(
    request: web.Request, machine: Machine, *, done: str = "", error: str = ""
) -> web.StreamResponse:
    person_of(request)
    line = await line_of(hub_of(request))
    titles = {name: BY_NAME[name].title for name in BY_NAME} | {"hylafax_es": _("HylaFAX in Spanish")}
    page = FaxPage(
        machine=msgspec.structs.replace(machine),
        gateways=[(name, titles[name]) for name in fax_machine.GATEWAYS],
        codes=[(code, _(words)) for code, words in CODES.items()],
        line=line.address,
        busy=BUSY,
        silent=SILENT,
        done=done,
        error=error,
    )
    return await shell.page(request, "lab/fax.html", page, current="lab")
