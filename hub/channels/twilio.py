"""What every kind spoken over Twilio shares: the signature of its requests, their form, the REST client, errors.

Public: what stands in `__all__`. Signature:
https://www.twilio.com/docs/usage/webhooks/webhooks-security
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, parse_qsl, urlsplit, urlunsplit

from hub.channels.base import Answered, Forged, Posted, Raw
from hub.channels.outgoing import Line
from hub.channels.text import storable
from hub.channels.twilio_account import account_sid, api_url, credentials, error_of, fetching

if TYPE_CHECKING:
    from twilio.rest import Client

__all__ = [
    "account_sid",
    "api_url",
    "client",
    "close",
    "credentials",
    "error_of",
    "fetching",
    "form",
    "genuine",
]

MOST_FIELDS = 500
FORM = "application/x-www-form-urlencoded"
STANDARD_PORTS = {"https": 443, "http": 80}
# Signed with a shared key instead of the auth token (header of 2026): the algorithm is named, SHA-1 otherwise.
ALGORITHMS = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}
NOTHING_TO_SAY = Answered(type="text/xml", body='<?xml version="1.0" encoding="UTF-8"?><Response/>')
Pairs = list[tuple[str, str]]


def genuine(posted: Posted, line: Line) -> Raw:
    """The request as it is kept, once its signature is right by one of the line's tokens for one of its URLs.

    Tokens: secrets `auth_token`, and `auth_token_next` while it is being rotated. The envelope holds `rest`
    (the path after the channel's key), `query` and `type` (the content type). Raises Forged.
    """
    signature = posted.headers.get("x-twilio-signature", "")
    if not signature.isascii() or not signature:
        raise Forged("no signature")
    tokens = [line.secrets[name] for name in ("auth_token", "auth_token_next") if line.secrets.get(name)]
    if not tokens:
        raise Forged("this line has no auth token to check with")
    algorithm = _algorithm(posted.headers.get("x-twilio-webhooks-signature-settings", ""))
    signed = list(_signed(posted))
    # Every candidate is computed and compared in full: time tells nobody which one was close.
    right = [
        hmac.compare_digest(_signature(token, text, algorithm), signature)
        for token in tokens
        for text in signed
    ]
    if not any(right):
        raise Forged("the signature is not the one of this request")
    envelope = {
        "rest": posted.rest,
        "query": urlsplit(posted.urls[0]).query,
        "type": _content_type(posted),
    }
    return Raw(body=posted.body, envelope=envelope)


def form(body: bytes) -> dict[str, str]:
    """The fields of a form-encoded body, the first value of each; UTF-8, blanks kept, storable text.

    Never raises: unknown fields are kept as they are (Twilio adds some without notice), bad bytes become U+FFFD.
    """
    found: dict[str, str] = {}
    for name, value in _pairs(body.rstrip(b"\r\n"))[:MOST_FIELDS]:
        found.setdefault(storable(name), storable(value))
    return found


def client(line: Line) -> Client:
    """The account's REST client over our own connections (twilio_http.py); its `*_async` methods only.

    They raise the errors of channels/errors.py and nothing else. `settings["api_url"]` names another server than
    Twilio's own: the pretend one of lab and tests. Raises Misconfigured.
    """
    from hub.channels import twilio_http  # twilio is large: only who sends pays for it

    return twilio_http.client(line)


async def close() -> None:
    """Give back the connections of every client of this process."""
    from hub.channels import twilio_http

    await twilio_http.close()


def _signed(posted: Posted) -> Iterator[bytes]:
    """Everything the signature may cover, as bytes: each spelling of the URL, followed by the fields."""
    fields = b""
    if _content_type(posted) == FORM:
        fields = _canonical(_pairs(posted.body))
    elif posted.body:
        # A body that is no form is only covered by its hash in the (signed) URL.
        wanted = parse_qs(urlsplit(posted.urls[0]).query).get("bodySHA256", [""])[0].lower()
        if not hmac.compare_digest(
            hashlib.sha256(posted.body).hexdigest().encode(), wanted.encode("utf-8", "surrogateescape")
        ):
            raise Forged("the body is not the one that was signed")
    for spelled in dict.fromkeys(one for url in posted.urls for one in _spellings(url)):
        yield spelled.encode("utf-8", "surrogateescape") + fields


def _spellings(url: str) -> Iterator[str]:
    """As called; with and without its port (Twilio is not consistent); with quotes as they were configured."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Forged("no URL") from error
    host = parts.netloc.removesuffix(f":{port}") if port else parts.netloc
    standard = STANDARD_PORTS.get(parts.scheme, 443)
    for netloc in dict.fromkeys((parts.netloc, host, f"{host}:{port or standard}")):
        spelled = urlunsplit(parts._replace(netloc=netloc, fragment=""))
        yield spelled
        yield spelled.replace("%27", "'")
        yield spelled.replace("'", "%27")


def _canonical(pairs: Pairs) -> bytes:
    """Name and value of every field, sorted; of a repeated name the different values, sorted."""
    return b"".join(
        (name + value).encode("utf-8", "surrogateescape") for name, value in sorted(dict.fromkeys(pairs))
    )


def _pairs(body: bytes) -> Pairs:
    """Names and values as sent; bytes that are not UTF-8 survive as surrogates, so that they can be signed."""
    if body.count(b"&") > 4 * MOST_FIELDS:
        return []
    text = body.decode("utf-8", "surrogateescape")
    return parse_qsl(text, keep_blank_values=True, errors="surrogateescape")


def _content_type(posted: Posted) -> str:
    return posted.headers.get("content-type", "").partition(";")[0].strip().lower()


def _algorithm(settings: str) -> str:
    named = dict(part.strip().partition("=")[::2] for part in settings.split(","))
    algorithm = ALGORITHMS.get(named.get("algorithm", "HMAC_SHA1").upper())
    if algorithm is None:
        raise Forged("signed with an algorithm we do not know")
    return algorithm


def _signature(token: str, text: bytes, algorithm: str) -> str:
    keyed = _keyed(token, algorithm).copy()
    keyed.update(text)
    return base64.b64encode(keyed.digest()).decode()


@lru_cache(maxsize=256)
def _keyed(token: str, algorithm: str) -> hmac.HMAC:
    """An HMAC with its key already mixed in: a copy costs half of a fresh one."""
    return hmac.new(token.encode(), digestmod=algorithm)
