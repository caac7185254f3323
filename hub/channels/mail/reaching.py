"""On which of our addresses a mail reached us, and the token it came back with."""

from __future__ import annotations

from collections.abc import Mapping

from hub.channels.mail.addresses import normalised, read_addresses
from hub.channels.mail.headers import Headers
from hub.channels.mail.tokens import bounce_token, reply_token, without_token

_DELIVERED = ("x-original-to", "delivered-to", "envelope-to", "x-envelope-to", "x-delivered-to", "x-rcpt-to")
_SHOWN = ("to", "cc", "resent-to")


def reached_on(envelope: Mapping[str, str], headers: Headers, our_address: str) -> str:
    """The envelope recipient; else the delivery headers'; else the one of To and Cc that is ours."""
    if given := envelope.get("rcpt_to", "").strip("<> "):
        return normalised(given)
    ours = without_token(normalised(our_address))
    delivered = _addresses(headers, _DELIVERED)
    candidates = delivered + _addresses(headers, _SHOWN)
    return (
        next((each for each in candidates if reply_token(each) or bounce_token(each)), "")
        or next((each for each in candidates if ours and without_token(each) == ours), "")
        or next(iter(candidates), "")
    )


def bounce_token_of(envelope: Mapping[str, str], headers: Headers, returned: Headers | None) -> str:
    """Our token in the address a report came to, else in the mail it sends back."""
    candidates = [envelope.get("rcpt_to", ""), *_addresses(headers, (*_DELIVERED, *_SHOWN))]
    if returned is not None:
        candidates += _addresses(returned, ("return-path", "x-original-from"))
    return next((token for each in candidates if (token := bounce_token(each))), "")


def _addresses(headers: Headers, names: tuple[str, ...]) -> list[str]:
    values = [value for name in names for value in headers.all(name)[:20]]
    return [party.address for value in values for party in read_addresses([value[:20_000]])[0]]
