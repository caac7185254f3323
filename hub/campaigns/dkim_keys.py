"""The public key receivers check a domain's signatures with (DKIM, RFC 6376 §3.6.1, RFC 8463)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from hub.plumbing.dns import Resolver

_KEY = re.compile(r"(?:^|;)\s*p\s*=\s*([^;]*)", re.IGNORECASE)
_TYPE = re.compile(r"(?:^|;)\s*k\s*=\s*([a-z0-9]+)", re.IGNORECASE)


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """One key. `bits` of an RSA key, 0 for the other kind. `state`: good, revoked, unreadable."""

    selector: str
    domain: str
    bits: int = 0
    state: str = "good"


async def find(resolver: Resolver, selectors: Sequence[str], domains: Sequence[str]) -> Key | None:
    """The first good key of these selectors, on the first domain that has one; else one that is not, or None.

    Raises NamesUnavailable.
    """
    other: Key | None = None
    for domain in domains:
        for selector in selectors:
            for text in await resolver.texts(f"{selector}._domainkey.{domain}"):
                key = _read(selector, domain, text)
                if key is not None and key.state == "good":
                    return key
                other = other or key
    return other


def _read(selector: str, domain: str, text: str) -> Key | None:
    found = _KEY.search(text)
    if found is None:
        return None
    encoded = re.sub(r"\s", "", found[1])
    if not encoded:
        return Key(selector=selector, domain=domain, state="revoked")
    kind = _TYPE.search(text)
    if kind is not None and kind[1].lower() == "ed25519":
        return Key(selector=selector, domain=domain)
    try:
        public = load_der_public_key(base64.b64decode(encoded, validate=True))
    except (ValueError, binascii.Error, UnsupportedAlgorithm):
        return Key(selector=selector, domain=domain, state="unreadable")
    bits = public.key_size if isinstance(public, RSAPublicKey) else 0
    return Key(selector=selector, domain=domain, bits=bits)
