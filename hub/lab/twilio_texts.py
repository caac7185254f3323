"""Messages at the pretend Twilio: people write, the hub sends, reports come in or out of order, files are kept."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Sequence
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

import aiohttp
import msgspec
import structlog
from aiohttp import web

from hub.lab.sent import Outbox
from hub.lab.twilio_account import ANSWER_SECONDS, API, Account, Told, refused
from hub.plumbing.clock import now

log = structlog.get_logger(__name__)

# What a recipient does with what is sent to them: the statuses Twilio reports, or its refusal (a code).
FATES: dict[str, tuple[str, ...]] = {
    "delivered": ("queued", "sent", "delivered"),
    "read": ("sent", "delivered", "read"),
    "backwards": ("delivered", "sent", "queued"),
    "silent": (),
    "30003": ("sent", "undelivered"),
    "30005": ("sent", "undelivered"),
    "30006": ("sent", "undelivered"),
    "30007": ("sent", "undelivered"),
    "63016": ("failed",),
}


class Trouble(msgspec.Struct, frozen=True):
    """How the API answers next: a refusal, or "hang" and "drop" (takes the message, then says nothing)."""

    status: int = 0
    code: int = 0
    how: str = ""
    retry_after: str = ""


class Text(msgspec.Struct, kw_only=True):
    """One message, either way, with the form it was made from or told by."""

    sid: str
    sender: str
    to: str
    body: str
    direction: str
    status: str
    code: int = 0
    fields: dict[str, list[str]] = {}
    media: dict[str, tuple[str, bytes]] = {}
    at: str = ""


class Texts:
    """The account's messages. `fates`: what becomes of messages to a number, a key of FATES or a code it is refused
    with; `troubles`: how the API answers next; `by_itself`: reports are told without being asked for.
    """

    def __init__(self, account: Account, outbox: Outbox | None, by_itself: bool) -> None:
        self.account = account
        self.outbox = outbox
        self.by_itself = by_itself
        self.all: dict[str, Text] = {}
        self.fates: dict[str, str] = {}
        self.troubles: deque[Trouble] = deque()
        self.media_troubles: deque[web.Response] = deque()
        self.asked_media = 0
        self._playing: set[asyncio.Task[None]] = set()

    def routes(self) -> list[web.RouteDef]:
        """The Messages resource and its media."""
        return [
            web.post(f"{API}/Messages.json", self._create),
            web.get(f"{API}/Messages.json", self._list),
            web.get(f"{API}/Messages/{{sid}}/Media.json", self._list_media),
            web.get(f"{API}/Messages/{{sid}}/Media/{{media}}", self._media),
        ]

    async def settled(self) -> None:
        """Wait until every report that is on its way was told."""
        while self._playing:
            await asyncio.gather(*self._playing, return_exceptions=True)

    async def says(
        self,
        sender: str,
        to: str,
        body: str = "",
        files: Sequence[tuple[str, bytes]] = (),
        **more: str,
    ) -> Told:
        """A person writes to one of our numbers; `files` are (type, bytes), `more` further fields of the form."""
        text = self.wrote(sender, to, body, files)
        return await self.account.tell(self.account.hooks[to], self.told_of(text) | more)

    def wrote(self, sender: str, to: str, body: str, files: Sequence[tuple[str, bytes]] = ()) -> Text:
        """The same, and Twilio forgets to tell: only its list knows."""
        sid = f"{'MM' if files else 'SM'}{secrets.token_hex(16)}"
        text = Text(
            sid=sid,
            sender=sender,
            to=to,
            body=body,
            direction="inbound",
            status="received",
            media={f"ME{secrets.token_hex(16)}": file for file in files},
            at=format_datetime(now()),
        )
        self.all[sid] = text
        return text

    def told_of(self, text: Text) -> dict[str, str]:
        """The form of an incoming message's webhook."""
        fields = {
            "ToCountry": "ES",
            "SmsMessageSid": text.sid,
            "NumMedia": str(len(text.media)),
            "SmsSid": text.sid,
            "SmsStatus": "received",
            "Body": text.body,
            "FromCountry": "ES",
            "To": text.to,
            "NumSegments": "1",
            "MessageSid": text.sid,
            "AccountSid": self.account.sid,
            "From": text.sender,
            "ApiVersion": "2010-04-01",
        }
        for n, (name, (type_, _content)) in enumerate(text.media.items()):
            fields |= {f"MediaContentType{n}": type_, f"MediaUrl{n}": self.media_url(text.sid, name)}
        if text.sender.startswith("whatsapp:"):
            fields |= {"ProfileName": "", "WaId": text.sender.removeprefix("whatsapp:+")}
        return fields

    def media_url(self, sid: str, name: str) -> str:
        """Where a file of a message lies."""
        return f"{self.account.url}{self.account.path}/Messages/{sid}/Media/{name}"

    async def report(self, sid: str, status: str, code: int = 0) -> Told | None:
        """Tell the hub what became of a message; None when it asked for no reports."""
        text = self.all[sid]
        text.status, text.code = status, code
        callback = text.fields.get("StatusCallback", [""])[0]
        if not callback:
            return None
        fields = {
            "SmsSid": sid,
            "SmsStatus": status,
            "MessageStatus": status,
            "To": text.to,
            "MessageSid": sid,
            "AccountSid": self.account.sid,
            "From": text.sender,
            "ApiVersion": "2010-04-01",
        }
        return await self.account.tell(callback, fields | ({"ErrorCode": str(code)} if code else {}))

    def sent_to(self, recipient: str) -> list[Text]:
        """What the hub sent to a number, oldest first."""
        return [
            one
            for one in self.all.values()
            if one.direction != "inbound" and one.to in (recipient, f"whatsapp:{recipient}")
        ]

    async def _create(self, request: web.Request) -> web.Response:
        if (refusal := self.account.refused_access(request)) is not None:
            return refusal
        form = await request.post()
        fields = {name: [str(value) for value in form.getall(name)] for name in form}
        trouble = self.troubles.popleft() if self.troubles else None
        fate = self.fates.get(fields["To"][0].removeprefix("whatsapp:"), "delivered")
        if trouble is not None and not trouble.how:
            return refused(trouble.status, trouble.code, trouble.retry_after)
        if fate not in FATES:
            return refused(400, int(fate))
        text = await self._accepted(fields, fate)
        if trouble is not None:
            await self._break(request, trouble)
        return web.json_response(self._resource(text), status=201)

    async def _accepted(self, fields: dict[str, list[str]], fate: str) -> Text:
        text = Text(
            sid=f"SM{secrets.token_hex(16)}",
            sender=fields.get("From", fields.get("MessagingServiceSid", [""]))[0],
            to=fields["To"][0],
            body=fields.get("Body", [""])[0],
            direction="outbound-api",
            status="queued",
            fields=fields,
            at=format_datetime(now()),
        )
        self.all[text.sid] = text
        if self.outbox is not None:
            kind = "whatsapp" if text.to.startswith("whatsapp:") else "sms"
            await self.outbox.keep(kind, text.sender, text.to, urlencode(fields, doseq=True).encode())
        if self.by_itself:
            task = asyncio.create_task(self._play(text, fate))
            self._playing.add(task)
            task.add_done_callback(self._playing.discard)
        return text

    async def _play(self, text: Text, fate: str) -> None:
        code = int(fate) if fate.isdecimal() else 0
        for status in FATES[fate]:
            bad = status in ("failed", "undelivered")
            try:
                await self.report(text.sid, status, code if bad else 0)
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                log.info("the lab's Twilio could not report", status=status, error=str(error))

    async def _break(self, request: web.Request, trouble: Trouble) -> None:
        if trouble.how == "hang":
            await asyncio.sleep(ANSWER_SECONDS)
        if request.transport is not None:
            request.transport.abort()

    async def _list(self, request: web.Request) -> web.Response:
        if (refusal := self.account.refused_access(request)) is not None:
            return refusal
        messages = [self._resource(one) for one in reversed(self.all.values())]
        return web.json_response({"messages": messages, "next_page_uri": None, "page": 0})

    async def _list_media(self, request: web.Request) -> web.Response:
        if (refusal := self.account.refused_access(request)) is not None:
            return refusal
        sid = request.match_info["sid"]
        path = f"{self.account.path}/Messages/{sid}/Media"
        listed = [
            {"sid": name, "parent_sid": sid, "content_type": type_, "uri": f"{path}/{name}.json"}
            for name, (type_, _content) in self.all[sid].media.items()
        ]
        return web.json_response({"media_list": listed, "next_page_uri": None, "page": 0})

    async def _media(self, request: web.Request) -> web.Response:
        self.asked_media += 1
        if self.media_troubles:
            return self.media_troubles.popleft()
        if (refusal := self.account.refused_access(request)) is not None:
            return refusal
        text = self.all.get(request.match_info["sid"])
        file = text.media.get(request.match_info["media"]) if text else None
        if file is None:
            return refused(404, 20404)
        return web.Response(body=file[1], content_type=file[0].partition(";")[0])

    def _resource(self, text: Text) -> dict[str, Any]:
        path = f"{self.account.path}/Messages/{text.sid}"
        return {
            "sid": text.sid,
            "account_sid": self.account.sid,
            "api_version": "2010-04-01",
            "body": text.body,
            "from": text.sender,
            "to": text.to,
            "direction": text.direction,
            "status": text.status,
            "error_code": text.code or None,
            "error_message": None,
            "num_media": str(len(text.media)),
            "num_segments": "1",
            "date_created": text.at,
            "date_sent": text.at,
            "date_updated": text.at,
            "messaging_service_sid": None,
            "price": None,
            "price_unit": "EUR",
            "uri": f"{path}.json",
            "subresource_uris": {"media": f"{path}/Media.json"},
        }
