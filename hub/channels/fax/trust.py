"""Is this mail really from a fax gateway? Mails that only look like one are common phishing (promise 36).

Yes for a gateway's own domain proven by our mail server's Authentication-Results, and for senders the line names
as trusted. Everything else stays ordinary mail.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hub.channels.base import Raw
from hub.channels.fax import templates
from hub.channels.fax.gateways import BY_NAME, GATEWAYS
from hub.channels.fax.layouts import Gateway, Pattern
from hub.channels.fax.patterns import own_patterns
from hub.channels.mail.addresses import read_addresses
from hub.channels.mail.authentication import is_verified
from hub.channels.mail.headers import Headers
from hub.channels.mail.mime import read_headers
from hub.channels.mail.words import raw_text
from hub.channels.outgoing import Line

HEADER_BYTES = 262_144
_REFUSED = re.compile(r"\b(?:dmarc|spf|dkim)\s*=\s*(?:fail|softfail|permerror)\b", re.IGNORECASE)


def takes(raw: Raw, line: Line) -> bool:
    """Whether this line takes the mail as a fax or a report, whatever address it reached us at."""
    headers = read_headers(raw.body[:HEADER_BYTES], 0)[0]
    if is_trusted(raw, headers, line):
        return True
    gateway = proven_gateway(headers, line)
    if gateway is None or gateway.name not in _wanted(line):
        return False
    subject = headers.text("subject")
    return any(templates.first(one.subject, subject) is not None for one in patterns_of(gateway, line))


def is_genuine(raw: Raw, headers: Headers, line: Line) -> bool:
    """Our own server, or the line's settings, vouch for the sender."""
    return proven_gateway(headers, line) is not None or is_trusted(raw, headers, line)


def proven_gateway(headers: Headers, line: Line) -> Gateway | None:
    """The gateway whose domain sent this, as our own mail server saw it; or None."""
    sender = _sender(headers)
    gateway = gateway_at(sender)
    authserv_id = str(line.settings.get("authserv_id") or "")
    if gateway is None or not is_verified(headers.all("authentication-results"), authserv_id, sender):
        return None
    return gateway


def is_trusted(raw: Raw, headers: Headers, line: Line) -> bool:
    """A sender the line names, unless our own server saw a forgery or it came from another machine than named."""
    sender = _sender(headers)
    names = {sender, f"@{sender.rpartition('@')[2]}", sender.rpartition("@")[2]}
    if not sender or not names & set(listed(line.settings.get("trusted_senders"))):
        return False
    peers = listed(line.settings.get("trusted_peers"))
    if peers and raw.envelope.get("peer", "") not in peers:
        return False
    return not _seen_forged(headers, str(line.settings.get("authserv_id") or ""))


def gateway_at(address: str) -> Gateway | None:
    """The gateway whose mails come from this address's domain."""
    domain = address.rpartition("@")[2].lower()
    for gateway in GATEWAYS:
        if any(domain == own or domain.endswith(f".{own}") for own in gateway.domains):
            return gateway
    return None


def patterns_of(gateway: Gateway, line: Line) -> Iterator[Pattern]:
    """The line's own patterns come first: they were made from its own mails."""
    yield from own_patterns(line)
    yield from gateway.patterns


def listed(value: object) -> list[str]:
    """A setting that names several: a list, or words with commas or blanks between."""
    if isinstance(value, str):
        return [one.lower() for one in re.split(r"[\s,;]+", value) if one]
    return [str(one).lower() for one in value] if isinstance(value, list | tuple) else []


def _wanted(line: Line) -> set[str]:
    return set(listed(line.settings.get("gateways"))) or set(BY_NAME)


def _sender(headers: Headers) -> str:
    values = headers.all("from")
    parties = read_addresses(values)[0] if len(values) == 1 else ()
    return parties[0].address if len(parties) == 1 else ""


def _seen_forged(headers: Headers, authserv_id: str) -> bool:
    for value in headers.all("authentication-results")[:20]:
        text = raw_text(value[:20_000]).strip()
        if authserv_id and text.lower().startswith(authserv_id.lower()):
            return _REFUSED.search(text) is not None
    return False
