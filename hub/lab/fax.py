"""The lab's fax machine: put a document in, choose a gateway, and see it arrive; and what becomes of our own faxes."""

from __future__ import annotations

import structlog
from aiohttp import web
from aiohttp.web import RouteDef, post
from aiohttp.web_request import FileField

from hub.channels.connections import Channel
from hub.channels.paper.bounds import Unfit
from hub.channels.paper.typeset import Block
from hub.lab import fax_machine
from hub.lab.fax_machine import Machine
from hub.lab.page import again, draw
from hub.lab.playing import Fates, somebody
from hub.operating import demo_lines
from hub.plumbing.errors import Unavailable
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _
from hub.web.forms import form_of
from hub.web.requests import hub_of

MOST_BYTES = 20_000_000
log = structlog.get_logger(__name__)


async def send(request: web.Request) -> web.StreamResponse:
    """POST /lab/fax: the document in the field `file`, or a typed sheet without one."""
    machine = await form_of(request, Machine)
    person = somebody(request.query.get("as", ""), request.query.get("from", ""))
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
        why = _("This is nothing a fax machine takes: %(why)s", why=error)
        return await draw(request, by="fax", person=person, machine=machine, error=why)
    except Unavailable as error:
        return await draw(request, by="fax", person=person, machine=machine, error=error.message)
    raise again(request, "fax", person, sent="1")


ROUTES: list[RouteDef] = [post("/lab/fax", send)]


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
        Block("text", "Les devolvemos firmado el contrato de este año.\n\nUn saludo,\nMarta Ruiz"),
    )


async def report(hub: Hub, fates: Fates, sent: bytes, recipient: str, answer_to: str) -> None:
    """The gateway's answer to a mail that left: its own line reads it a moment later."""
    number = fax_machine.number_of(recipient)
    try:
        if number and (end := fates.fax.get(number, "arrives")) != "silent":
            await fax_machine.report_on(sent, number, answer_to, hub.settings.smtp_port, busy=end == "busy")
    except (TimeoutError, Unavailable) as error:
        log.warning("the lab's gateway could not report", error=str(error))
