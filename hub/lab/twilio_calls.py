"""Telephones at the pretend Twilio: they ring, are picked up, press keys, speak after the tone, and hang up.

Each is known by its number and plays what the hub's documents (TwiML) say, as Twilio does: it speaks them into
`heard`, stops where somebody has to do something, and asks the hub at the address a verb names.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Literal
from urllib.parse import urlencode, urljoin
from xml.etree import ElementTree

import msgspec
import structlog
from aiohttp import web

from hub.lab.sent import Outbox
from hub.lab.twilio_account import API, Account, Told, refused
from hub.plumbing.clock import now

log = structlog.get_logger(__name__)
State = Literal["ringing", "listening", "speaking", "dialling", "talking", "over"]
Verbs = list[ElementTree.Element]
FAILED = {"busy": "busy", "declined": "busy", "ignored": "no-answer", "failed": "failed"}
# A quarter of a second of silence: ten MPEG-1 Layer III frames of 128 kbit/s, 44.1 kHz, mono (ISO 11172-3).
SILENCE = (b"\xff\xfb\x90\xc4" + bytes(413)) * 10


class Telephone(msgspec.Struct, kw_only=True):
    """One leg of a call. `other`: the leg that rings for it or talks with it; `wanted`: what its verb waits for."""

    sid: str
    number: str
    caller: str
    direction: str
    state: State = "ringing"
    heard: list[str] = []
    told: list[int] = []
    parent: Telephone | None = None
    other: Telephone | None = None
    url: str = ""  # what Twilio asks when it is picked up
    status_url: str = ""
    answered_url: str = ""
    at: str = ""  # the document being played
    action: str = ""
    transcribe: str = ""
    recording: str = ""
    rest: Verbs = []
    seconds: int = 0


class Calls:
    """The account's calls, by the number that rings or speaks. `lines`: where the hub takes calls, by our number;
    `troubles`: (status, code) the API refuses with next.
    """

    def __init__(self, account: Account, outbox: Outbox | None = None) -> None:
        self.account = account
        self.outbox = outbox
        self.lines: dict[str, str] = {}
        self.phones: dict[str, Telephone] = {}
        self.all: dict[str, Telephone] = {}
        self.troubles: list[tuple[int, int]] = []

    def routes(self) -> list[web.RouteDef]:
        """The Calls resource, and the recordings."""
        return [
            web.post(f"{API}/Calls.json", self._create),
            web.post(f"{API}/Calls/{{sid}}.json", self._change),
            web.get(f"{API}/Recordings/{{name}}", self._sound),
        ]

    async def ring(self, number: str, line: str) -> Telephone:
        """Somebody calls one of our `lines`."""
        leg = self._leg(number, line, "inbound")
        leg.url = f"{self.lines[line]}/call"
        leg.status_url = f"{self.lines[line]}/status"
        await self._ask(leg, leg.url, {"CallStatus": "ringing"})
        return leg

    async def pick_up(self, number: str) -> Telephone:
        """A ringing telephone: whoever picks up hears what there is to hear, or is connected."""
        leg = self.phones[number]
        if leg.url:
            await self._ask(leg, leg.url)
            return leg
        if leg.answered_url:
            await self._tell(leg, leg.answered_url, {"CallStatus": "in-progress"})
        self._connect(leg)
        return leg

    async def press(self, number: str, digits: str) -> Telephone:
        """A key, while the telephone listens for one."""
        leg = self.phones[number]
        if leg.state == "listening":
            await self._ask(leg, leg.action, {"Digits": digits})
        return leg

    async def wait(self, number: str) -> Telephone:
        """Nothing is pressed and nothing said: what stands behind the verb comes next."""
        leg = self.phones[number]
        if leg.state in ("listening", "speaking"):
            await self._play(leg, leg.rest)
        return leg

    async def speak(self, number: str, seconds: int = 7, words: str = "") -> Telephone:
        """A message after the tone; with `words`, Twilio writes them down."""
        leg = self.phones[number]
        if leg.state != "speaking":
            return leg
        told, transcribe = self._recorded(seconds), leg.transcribe
        await self._ask(leg, leg.action, told)
        if transcribe and words:
            more = {"TranscriptionSid": f"TR{secrets.token_hex(16)}", "TranscriptionText": words}
            await self._tell(leg, transcribe, told | more | {"TranscriptionStatus": "completed"})
        return leg

    async def refuse(self, number: str, how: str = "declined") -> Telephone:
        """A ringing telephone that nobody picks up: busy, declined, ignored, failed."""
        leg = self.phones[number]
        await self._over(leg, FAILED[how])
        return leg

    async def hang_up(self, number: str, seconds: int = 5) -> Telephone:
        """The end of the call for this telephone, after so many seconds of talk."""
        leg = self.phones[number]
        for one in (leg, leg.other, leg.parent):
            if one is not None and one.state == "talking":
                one.seconds = seconds
        await self._over(leg, "completed" if leg.state != "ringing" else "canceled")
        return leg

    def _leg(self, number: str, caller: str, direction: str) -> Telephone:
        leg = Telephone(sid=f"CA{secrets.token_hex(16)}", number=number, caller=caller, direction=direction)
        leg.heard, leg.told = [], []
        self.phones[number] = self.all[leg.sid] = leg
        return leg

    async def _ask(self, leg: Telephone, url: str, more: dict[str, str] | None = None) -> None:
        """Ask the hub, and play its document."""
        answer = await self._tell(leg, url, more or {})
        leg.at = url
        verbs = list(ElementTree.fromstring(answer.body)) if answer.status == 200 and answer.body else []
        await self._play(leg, verbs)

    async def _tell(self, leg: Telephone, url: str, more: dict[str, str]) -> Told:
        inbound = leg.direction == "inbound"
        fields = {
            "CallSid": leg.sid,
            "AccountSid": self.account.sid,
            "From": leg.number if inbound else leg.caller,
            "To": leg.caller if inbound else leg.number,
            "CallStatus": "in-progress",
            "ApiVersion": "2010-04-01",
            "Direction": leg.direction,
        } | more
        if leg.parent is not None:
            fields["ParentCallSid"] = leg.parent.sid
        answer = await self.account.tell(url, fields)
        leg.told.append(answer.status)
        return answer

    async def _play(self, leg: Telephone, verbs: Sequence[ElementTree.Element]) -> None:
        """Up to the verb that waits for somebody, or the end."""
        for n, verb in enumerate(verbs):
            leg.rest = list(verbs[n + 1 :])
            match verb.tag:
                case "Say":
                    leg.heard.append(verb.text or "")
                case "Gather":
                    leg.heard += [said.text or "" for said in verb.iter("Say")]
                    leg.state, leg.action = "listening", urljoin(leg.at, verb.get("action"))
                    return
                case "Record":
                    leg.state, leg.action = "speaking", urljoin(leg.at, verb.get("action"))
                    leg.transcribe = urljoin(leg.at, verb.get("transcribeCallback") or "") * (
                        verb.get("transcribe") == "true"
                    )
                    return
                case "Dial":
                    self._dial(leg, verb)
                    return
                case "Redirect":
                    await self._ask(leg, urljoin(leg.at, verb.text))
                    return
                case "Hangup":
                    await self._over(leg, "completed")
                    return
        if leg.parent is not None and leg.parent.state == "dialling":
            self._connect(leg)
        else:
            await self._over(leg, "completed")

    def _dial(self, leg: Telephone, verb: ElementTree.Element) -> None:
        number = verb.find("Number")
        assert number is not None
        leg.state, leg.action = "dialling", urljoin(leg.at, verb.get("action"))
        leg.recording = urljoin(leg.at, verb.get("recordingStatusCallback")) if verb.get("record") else ""
        other = self._leg(number.text or "", verb.get("callerId") or leg.caller, "outbound-dial")
        other.url = urljoin(leg.at, number.get("url")) if number.get("url") else ""
        status = number.get("statusCallback")
        other.answered_url = urljoin(leg.at, status) if status else ""
        other.parent, leg.other = leg, other

    def _connect(self, leg: Telephone) -> None:
        """A leg that was dialled, and whoever dialled it."""
        assert leg.parent is not None
        leg.state = leg.parent.state = "talking"
        leg.other, leg.seconds = leg.parent, 1

    async def _over(self, leg: Telephone, how: str) -> None:
        """This leg ends: who dialled it asks what next; whom it had dialled is hung up."""
        if leg.state == "over":
            return
        talked, leg.state = leg.state == "talking", "over"
        if self.phones.get(leg.number) is leg:
            del self.phones[leg.number]
        if leg.parent is not None:
            await self._dialled(leg.parent, leg, how, talked)
            return
        if leg.other is not None and leg.other.state != "over":
            leg.other.state = "over"
            self.phones.pop(leg.other.number, None)
            if talked and leg.recording:
                await self._tell(leg, leg.recording, self._recorded(leg.seconds))
        if leg.status_url:
            ending = {"CallStatus": how, "CallDuration": str(leg.seconds)}
            await self._tell(leg, leg.status_url, ending)

    async def _dialled(self, leg: Telephone, dialled: Telephone, how: str, talked: bool) -> None:
        if leg.state == "over":
            return
        recording, seconds = leg.recording, dialled.seconds
        fields = {"DialCallStatus": how, "DialCallSid": dialled.sid}
        if talked:
            fields["DialCallDuration"] = str(seconds)
        leg.other = None
        await self._ask(leg, leg.action, fields)
        if talked and recording:
            await self._tell(leg, recording, self._recorded(seconds))

    def _recorded(self, seconds: int) -> dict[str, str]:
        sid = f"RE{secrets.token_hex(16)}"
        return {
            "RecordingSid": sid,
            "RecordingUrl": f"{self.account.url}{self.account.path}/Recordings/{sid}",
            "RecordingDuration": str(seconds),
            "RecordingStatus": "completed",
        }

    async def _create(self, request: web.Request) -> web.Response:
        """POST Calls.json: a telephone of the world rings, on behalf of a line."""
        if (answer := self.refused_call(request)) is not None:
            return answer
        form = await request.post()
        leg = self._leg(str(form["To"]), str(form["From"]), "outbound-api")
        leg.url, leg.status_url = str(form["Url"]), str(form.get("StatusCallback", ""))
        if self.outbox is not None:
            fields = {name: str(value) for name, value in form.items()}
            await self.outbox.keep("voice", leg.caller, leg.number, urlencode(fields).encode())
        return web.json_response(self._shape(leg), status=201)

    async def _change(self, request: web.Request) -> web.Response:
        """POST Calls/{sid}.json with Status=completed: the hub hangs up."""
        if (answer := self.refused_call(request)) is not None:
            return answer
        leg = self.all.get(request.match_info["sid"])
        if leg is None or leg.state == "over":
            return refused(404, 20404)
        await self._over(leg, "completed")
        return web.json_response(self._shape(leg))

    def refused_call(self, request: web.Request) -> web.Response | None:
        """Wrong credentials, or trouble that was asked for."""
        if (answer := self.account.refused_access(request)) is not None:
            return answer
        return refused(*self.troubles.pop(0)) if self.troubles else None

    def _shape(self, leg: Telephone) -> dict[str, str]:
        return {
            "sid": leg.sid,
            "account_sid": self.account.sid,
            "from": leg.caller,
            "to": leg.number,
            "status": "queued" if leg.state == "ringing" else "completed",
            "direction": leg.direction,
            "date_created": now().strftime("%a, %d %b %Y %H:%M:%S +0000"),
        }

    async def _sound(self, request: web.Request) -> web.Response:
        """A recording: silence, but real MP3."""
        answer = self.account.refused_access(request)
        return answer or web.Response(body=SILENCE, content_type="audio/mpeg")
