"""The lab's telephones: ring the company, press keys, leave a message; pick up, decline or ignore as an agent."""

from __future__ import annotations

import msgspec
from aiohttp import web
from aiohttp.web import RouteDef, get, post

from hub.channels import phone
from hub.customers import contacts
from hub.lab.telephone import TWILIO
from hub.lab.twilio_calls import Calls, Telephone
from hub.operating.demo_lines import NUMBER
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import N_, _
from hub.web import shell
from hub.web.forms import form_of
from hub.web.requests import hub_of, person_of
from hub.web.views import View

MOST_OVER = 6
MOST_HEARD = 12
STATES = {
    "ringing": N_("It rings"),
    "listening": N_("It waits for a key"),
    "speaking": N_("It records what you say"),
    "dialling": N_("You hear it ring"),
    "talking": N_("You are connected"),
    "over": N_("It is over"),
}


class Done(msgspec.Struct, kw_only=True):
    """What somebody does with a telephone. `act`: ring, pick_up, decline, ignore, press, wait, speak, hang_up."""

    number: str = ""
    act: str = "ring"
    digits: str = "1"
    words: str = ""
    seconds: str = "42"


class Shown(View, frozen=True, kw_only=True):
    """One telephone on the page; `heard`: what was said into it, oldest first."""

    number: str
    who: str
    caller: str
    state: str
    said: str
    heard: list[str]


class PhonesPage(View, frozen=True, kw_only=True):
    """GET /lab/phones."""

    number: str
    line: str
    people: list[str]
    phones: list[Shown]
    errors: dict[str, str] = msgspec.field(default_factory=dict)


async def show(request: web.Request) -> web.StreamResponse:
    """GET /lab/phones."""
    return await _page(request, request.query.get("from", ""))


async def act(request: web.Request) -> web.StreamResponse:
    """POST /lab/phones: one thing with one telephone."""
    done = await form_of(request, Done)
    try:
        number = await _act(request.app[TWILIO].calls, done)
    except BadInput as error:
        return await _page(request, done.number, {error.field: error.message})
    raise web.HTTPSeeOther(f"/lab/phones?from={number.replace('+', '%2B')}")


ROUTES: list[RouteDef] = [get("/lab/phones", show), post("/lab/phones", act)]


async def _act(calls: Calls, done: Done) -> str:
    typed = done.number.rpartition("<")[2].strip("> ")
    try:
        number = phone.e164(typed)
    except ValueError as error:
        raise BadInput(_("Write a number like +34600123456."), field="number") from error
    if done.act == "ring":
        if number in calls.phones:
            raise BadInput(_("This telephone is in a call already."), field="number")
        await calls.ring(number, NUMBER)
    elif number in calls.phones:
        await _with(calls, number, done)
    return number


async def _with(calls: Calls, number: str, done: Done) -> None:
    match done.act:
        case "pick_up":
            await calls.pick_up(number)
        case "decline":
            await calls.refuse(number, "declined")
        case "ignore":
            await calls.refuse(number, "ignored")
        case "press":
            await calls.press(number, done.digits[:1] or "1")
        case "wait":
            await calls.wait(number)
        case "speak":
            seconds = int(done.seconds) if done.seconds.isdecimal() and len(done.seconds) < 4 else 42
            await calls.speak(number, seconds, done.words[:1000])
        case "hang_up":
            await calls.hang_up(number, seconds=65)


async def _page(
    request: web.Request, number: str, errors: dict[str, str] | None = None
) -> web.StreamResponse:
    person_of(request)
    calls = request.app[TWILIO].calls
    async with hub_of(request).transaction() as tx:
        known = await contacts.listed(tx, most=200)
        agents = await _agents(tx)
    people = {
        address.value: one.contact.name
        for one in known
        for address in one.addresses
        if address.value.startswith("+")
    }
    over = [leg for leg in calls.all.values() if leg.state == "over"][-MOST_OVER:]
    page = PhonesPage(
        number=number,
        line=NUMBER,
        people=[f"{name} <{value}>" for value, name in people.items()],
        phones=[_shown(leg, people | agents) for leg in (*calls.phones.values(), *reversed(over))],
        errors=errors or {},
    )
    return await shell.page(request, "lab/phones.html", page, current="lab")


async def _agents(tx: Tx) -> dict[str, str]:
    rows = await tx.fetch("SELECT name, phone FROM agent WHERE phone <> '' ORDER BY id")
    return {row["phone"]: row["name"] for row in rows}


def _shown(leg: Telephone, names: dict[str, str]) -> Shown:
    return Shown(
        number=leg.number,
        who=names.get(leg.number, ""),
        caller=names.get(leg.caller) or leg.caller,
        state=leg.state,
        said=_(STATES[leg.state]),
        heard=leg.heard[-MOST_HEARD:],
    )
