"""The lab's telephones: ring the company, press keys, leave a message; pick up, decline or ignore as an agent."""

from __future__ import annotations

import msgspec
from aiohttp import web
from aiohttp.web import RouteDef, post

from hub.lab.page import again, draw
from hub.lab.playing import number as number_of
from hub.lab.playing import somebody
from hub.lab.telephone import TWILIO
from hub.lab.twilio_calls import Calls
from hub.operating.demo_lines import NUMBER
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import _
from hub.web.forms import form_of


class Done(msgspec.Struct, kw_only=True):
    """What somebody does with a telephone. `act`: ring, pick_up, decline, ignore, press, wait, speak, hang_up."""

    number: str = ""
    act: str = "ring"
    digits: str = "1"
    words: str = ""
    seconds: str = "42"


async def act(request: web.Request) -> web.StreamResponse:
    """POST /lab/phones: one thing with one telephone."""
    done = await form_of(request, Done)
    person = somebody(request.query.get("as", ""), request.query.get("from", ""))
    try:
        number = await _act(request.app[TWILIO].calls, done)
    except BadInput as error:
        errors = {error.field: error.message}
        return await draw(request, by="voice", person=person, number=done.number, errors=errors)
    if done.act == "ring" and number != person.number:
        person = somebody("", number)
    raise again(request, "voice", person)


ROUTES: list[RouteDef] = [post("/lab/phones", act)]


async def _act(calls: Calls, done: Done) -> str:
    number = number_of(done.number, "number")
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
