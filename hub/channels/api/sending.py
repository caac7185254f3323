"""One answer leaves for another system: a signed webhook, the same id at every attempt, so that it may come twice.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

from typing import Any

import aiohttp
import msgspec

from hub.channels import signing
from hub.channels.base import BeforeWire, Tried
from hub.channels.errors import Misconfigured, Rejected, SendError, Throttled, Unknown, Unreachable
from hub.channels.outgoing import Line, Outgoing, Sent
from hub.channels.webchat.settings import words
from hub.plumbing.clock import now
from hub.plumbing.errors import Unavailable
from hub.plumbing.http_client import Fetched, ForbiddenUrl, HttpClient, TooLarge
from hub.plumbing.texts import N_, _

SECONDS = 15.0
MOST_ANSWER = 100_000
NEVER_RIGHT = frozenset((301, 302, 303, 307, 308, 401, 403, 404, 405, 410))
"""Answers that say something of the address or the secret, not of this message; 410 asks us to stop."""


async def send(outgoing: Outgoing, line: Line, before_wire: BeforeWire) -> Sent:
    """Post one message. Raises the errors of channels/errors.py, and what `before_wire` raises."""
    body = msgspec.json.encode(payload(outgoing, line))
    secret, url = _secret(line), _callback(line)
    await before_wire()
    answer = await _post(line, url, secret, _id(outgoing), body)
    return Sent(provider_id=_their_id(answer))


def payload(outgoing: Outgoing, line: Line) -> dict[str, Any]:
    """What the other system gets; README.md beside this file shows it."""
    return {
        "type": "message.sent",
        "timestamp": now().isoformat(timespec="seconds"),
        "data": {
            "id": _id(outgoing),
            "to": {"type": "user", "id": outgoing.recipient.removeprefix(f"user:{line.key}:")},
            "from": {"name": outgoing.sender.name},
            "text": outgoing.text,
            "in_reply_to": outgoing.in_reply_to,
            "automatic": outgoing.automatic,
            "language": outgoing.language,
            "attachments": [
                {"name": one.name, "type": one.type, "size": one.size, "url": one.url}
                for one in outgoing.attachments
            ],
        },
    }


async def check(line: Line) -> list[Tried]:
    """A signed ping to the callback, if the line has one."""
    if not line.settings.get("callback_url"):
        return [Tried("out", _("Callback"), _("No callback_url: agents cannot answer on this line"))]
    body = msgspec.json.encode({"type": "ping", "timestamp": now().isoformat(timespec="seconds"), "data": {}})
    try:
        await _post(line, _callback(line), _secret(line), f"ping_{int(now().timestamp())}", body)
    except SendError as error:
        return [Tried("out", _("Callback"), _(error.reason))]
    return [Tried("out", _("Callback"), "")]


def allowed_hosts(line: Line) -> tuple[str, ...]:
    """Hosts inside that the operator allows by name: everything else inside is refused (promise 58)."""
    return tuple(one.lower() for one in words(line.settings.get("allowed_hosts", "")))


async def _post(line: Line, url: str, secret: str, id_: str, body: bytes) -> Fetched:
    headers = signing.headers(secret, id_, now(), body) | {"Content-Type": "application/json"}
    try:
        async with HttpClient(allowed_hosts=allowed_hosts(line), seconds=SECONDS) as client:
            answer = await client.post(url, data=body, headers=headers, most_bytes=MOST_ANSWER)
    except ForbiddenUrl as error:
        raise Misconfigured(N_("the callback's address is not allowed"), code="callback_url") from error
    except TooLarge as error:  # they took it and say too much
        raise Unknown(N_("perhaps sent: the other system's answer makes no sense"), code="answer") from error
    except Unavailable as error:
        raise _broken(error.__cause__) from error
    if not 200 <= answer.status < 300:
        raise _refused(answer)
    return answer


def _broken(cause: BaseException | None) -> SendError:
    if isinstance(cause, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return Misconfigured(N_("the certificate of the other system is not valid"), code="certificate")
    if isinstance(cause, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return Unreachable(N_("the other system cannot be reached"), code="connect")
    return Unknown(N_("perhaps sent: the other system took it and did not answer"), code="timeout")


def _refused(answer: Fetched) -> SendError:
    """What an answer that is no 2xx means. A 5xx is not accepted, and the id makes a repetition safe."""
    code = str(answer.status)
    if answer.status in (408, 425, 429):
        waits = answer.headers.get("retry-after", "")
        seconds = float(waits) if waits.isdecimal() and len(waits) < 6 else 0.0
        return Throttled(N_("the other system asks us to wait"), code=code, retry_after=seconds)
    if answer.status >= 500:
        return Unreachable(N_("the other system is out of order"), code=code)
    if answer.status in NEVER_RIGHT:
        return Misconfigured(N_("the other system does not take our webhooks"), code=code)
    return Rejected(N_("the other system refused the message"), code=code)


def _their_id(answer: Fetched) -> str:
    try:
        found = msgspec.json.decode(answer.body)
    except msgspec.DecodeError:
        return ""
    return str(found.get("id", ""))[:200] if isinstance(found, dict) else ""


def _id(outgoing: Outgoing) -> str:
    """One name of a delivery for webhook-id, data.id and the report: our signed token."""
    return outgoing.report_url.rpartition("/")[2] or outgoing.token


def _callback(line: Line) -> str:
    url = str(line.settings.get("callback_url", ""))
    if not url:
        raise Misconfigured(N_("this channel has no callback to send to"), code="callback_url")
    return url


def _secret(line: Line) -> str:
    secret = line.secrets.get("signing_secret", "")
    if not signing.is_secret(secret):
        raise Misconfigured(N_("this channel has no secret to sign with"), code="signing_secret")
    return secret
