"""A line's Twilio account: where its API is, what opens it, and what its refusals mean for us."""

from __future__ import annotations

import base64

from hub.channels.base import Fetching
from hub.channels.errors import Misconfigured, Rejected, SendError, Throttled, Unknown, Unreachable
from hub.channels.outgoing import Line
from hub.channels.text import storable
from hub.channels.twilio_codes import meaning
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import N_
from hub.plumbing.urls import parts

API = "https://api.twilio.com"


def fetching(url: str, line: Line) -> Fetching:
    """How a media or recording URL is fetched; our password goes to the account's own API host and nowhere else.

    Raises BadInput for any other host: what a request of ours would reach must not be a stranger's choice.
    """
    if _origin(url) != _origin(api_url(line)):
        raise BadInput(N_("the file does not lie where our provider keeps files"), field="url")
    user, password = credentials(line)
    basic = base64.b64encode(f"{user}:{password}".encode()).decode()
    inside = (parts(api_url(line)).hostname or "",) if line.settings.get("api_url") else ()
    return Fetching(headers={"Authorization": f"Basic {basic}"}, allowed_hosts=inside)


def _origin(url: str) -> tuple[str, str]:
    found = parts(url)
    return found.scheme.lower(), found.netloc.lower()


def api_url(line: Line) -> str:
    """Where the account's REST API lives, without a trailing slash."""
    return str(line.settings.get("api_url") or API).rstrip("/")


def account_sid(line: Line) -> str:
    """The line's account. Raises Misconfigured when it has none."""
    found = str(line.settings.get("account_sid") or "").strip()
    if not found:
        raise Misconfigured(N_("this channel has no Twilio account SID"), code="account_sid")
    return found


def credentials(line: Line) -> tuple[str, str]:
    """User and password of the REST API: an API key where the line has one, else account and auth token.

    Raises Misconfigured.
    """
    key, secret = str(line.settings.get("api_key_sid") or ""), line.secrets.get("api_key_secret", "")
    if key and secret:
        return key, secret
    token = line.secrets.get("auth_token", "")
    if not token:
        raise Misconfigured(N_("this channel has no Twilio auth token"), code="auth_token")
    return account_sid(line), token


GATEWAY_LOST_IT = (502, 504)


def error_of(status: int, code: int, message: str, *, retry_after: float = 0.0) -> SendError:
    """What an answer of the REST API means for us: by Twilio's code, else by the HTTP status.

    A 5xx of Twilio's own says that nothing was made. 502 and 504 are said by a gateway in between that lost the
    answer: *perhaps sent* (docs/decisions/005).
    """
    words = storable(message)[:500]
    known = meaning(code)
    if known is not None:
        return known.error(
            known.words, code=str(code), retry_after=retry_after, dead=known.dead, only_here=known.only_here
        )
    if status == 429:
        return Throttled(N_("Twilio asks us to go slower (429)"), code="429", retry_after=retry_after)
    if status in (401, 403):
        return Misconfigured(N_("Twilio does not accept our account and token"), code=str(code or status))
    if status in GATEWAY_LOST_IT:
        return Unknown(N_("perhaps sent: Twilio broke while answering"), code=str(status))
    if status >= 500:
        return Unreachable(
            N_("Twilio is not available for a moment"), code=str(status), retry_after=retry_after
        )
    if 300 <= status < 400:
        return Misconfigured(N_("the address of the Twilio API leads elsewhere"), code=str(status))
    return Rejected(words or f"HTTP {status}", code=str(code or status))
