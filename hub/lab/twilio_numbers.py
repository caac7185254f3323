"""The account's numbers at the pretend Twilio, and where each of them calls: read and set as in the real console."""

from __future__ import annotations

import hashlib

from aiohttp import web

from hub.lab.twilio_account import API, Account, refused
from hub.lab.twilio_calls import Calls

SETTINGS = {
    "SmsUrl": "sms_url",
    "SmsMethod": "sms_method",
    "VoiceUrl": "voice_url",
    "VoiceMethod": "voice_method",
    "StatusCallback": "status_callback",
    "StatusCallbackMethod": "status_callback_method",
    "SmsApplicationSid": "sms_application_sid",
    "VoiceApplicationSid": "voice_application_sid",
}

SERVICE = {"InboundRequestUrl": "inbound_request_url", "InboundMethod": "inbound_method"}


class Numbers:
    """`more`: settings by number that nothing else plays; messages and calls go where `hooks` and `lines` say.

    `services`: the settings of messaging services, by SID.
    """

    def __init__(self, account: Account, calls: Calls) -> None:
        self.account, self.calls = account, calls
        self.more: dict[str, dict[str, str]] = {}
        self.services: dict[str, dict[str, object]] = {}

    def routes(self) -> list[web.RouteDef]:
        """The IncomingPhoneNumbers resource, and the messaging services."""
        return [
            web.get(f"{API}/IncomingPhoneNumbers.json", self._list),
            web.post(f"{API}/IncomingPhoneNumbers/{{sid}}.json", self._change),
            web.get("/v1/Services/{sid}", self._service),
            web.post("/v1/Services/{sid}", self._service),
        ]

    def settings(self, number: str) -> dict[str, str]:
        """Where a number calls, as the API tells it."""
        door = self.calls.lines.get(number, "")
        told = {name: "POST" if name.endswith("method") else "" for name in SETTINGS.values()}
        told |= {"sms_url": self.account.hooks.get(number, "")}
        told |= {"voice_url": f"{door}/call", "status_callback": f"{door}/status"} if door else {}
        return told | self.more.get(number, {})

    async def _list(self, request: web.Request) -> web.Response:
        if (refusal := self.account.refused_access(request)) is not None:
            return refusal
        asked = request.query.get("PhoneNumber", "")
        found = [self._resource(number) for number in self._known() if asked in number]
        return web.json_response({"incoming_phone_numbers": found, "next_page_uri": None, "page": 0})

    async def _change(self, request: web.Request) -> web.Response:
        if (refusal := self.account.refused_access(request)) is not None:
            return refusal
        number = next((one for one in self._known() if _sid(one) == request.match_info["sid"]), "")
        if not number:
            return refused(404, 20404)
        form = await request.post()
        given = {SETTINGS[name]: str(value) for name, value in form.items() if name in SETTINGS}
        self.more[number] = self.more.get(number, {}) | given
        if given.get("sms_url"):
            self.account.hooks[number] = given["sms_url"]
        if given.get("voice_url"):
            self.calls.lines[number] = given["voice_url"].removesuffix("/call")
        return web.json_response(self._resource(number))

    async def _service(self, request: web.Request) -> web.Response:
        if (refusal := self.account.refused(request)) is not None:
            return refusal
        sid = request.match_info["sid"]
        if sid not in self.services:
            return refused(404, 20404)
        form = await request.post()
        self.services[sid] |= {SERVICE[name]: str(value) for name, value in form.items() if name in SERVICE}
        return web.json_response({"sid": sid, "account_sid": self.account.sid} | self.services[sid])

    def _known(self) -> list[str]:
        known = {*self.account.hooks, *self.calls.lines, *self.more}
        return sorted(one for one in known if one.startswith("+"))

    def _resource(self, number: str) -> dict[str, str]:
        about = {"sid": _sid(number), "account_sid": self.account.sid, "phone_number": number}
        return about | self.settings(number)


def _sid(number: str) -> str:
    return f"PN{hashlib.md5(number.encode(), usedforsecurity=False).hexdigest()}"
