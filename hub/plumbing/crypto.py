"""Secrets at rest and signed names, all derived from HUB_SECRET and the installation's generation."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.plumbing.errors import HubError

SIGNATURE_BYTES = 12
NUMBER_BYTES = 16
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = [one + other for one in _LETTERS for other in _LETTERS]
LASTING = frozenset({"unsubscribe", "link", "opened"})
"""Purposes whose names outlive a restore: they stand in mails that people keep for years, and a restore jumps the
numbers they stand for, so that none ever means somebody else (INVARIANTS §18)."""


class CannotDecrypt(HubError):
    """A stored secret was written with another HUB_SECRET."""


class Crypto:
    """Encrypts what we store and signs what we give away; one purpose never opens another's."""

    def __init__(self, secret: str, generation: int = 1) -> None:
        self._secret = secret.encode()
        self._generation = generation
        # One a purpose, and purposes are few: a campaign signs three names a mail.
        self._keys: dict[str, bytes] = {}
        self._keyed: dict[str, tuple[Any, Any]] = {}

    def encrypt(self, values: dict[str, str]) -> bytes:
        """Secrets as one sealed blob (AES-256-GCM, fresh nonce)."""
        nonce = os.urandom(12)
        return nonce + AESGCM(self._key("secrets")).encrypt(nonce, msgspec.json.encode(values), b"")

    def decrypt(self, blob: bytes | None) -> dict[str, str]:
        """The other way round; nothing stored gives {}. Raises CannotDecrypt after HUB_SECRET changed."""
        if not blob:
            return {}
        try:
            plain = AESGCM(self._key("secrets")).decrypt(blob[:12], blob[12:], b"")
        except InvalidTag as error:
            raise CannotDecrypt(
                "a stored secret cannot be read: HUB_SECRET is not the one it was stored with; "
                "restore the old HUB_SECRET or enter the channel's passwords again"
            ) from error
        return msgspec.json.decode(plain, type=dict[str, str])

    def sign(self, purpose: str, number: int) -> str:
        """A name for `number` nobody else can make: lower-case letters and digits, safe in a mail address."""
        body = number.to_bytes(NUMBER_BYTES, "big").lstrip(b"\0") or b"\0"
        return _text(self._mac(purpose, body) + body)

    def verify(self, purpose: str, name: str) -> int | None:
        """The number in a name we signed for `purpose`; None for anybody else's. Case does not matter."""
        blob = _bytes(name)
        if blob is None or not SIGNATURE_BYTES < len(blob) <= SIGNATURE_BYTES + NUMBER_BYTES:
            return None
        mac, body = blob[:SIGNATURE_BYTES], blob[SIGNATURE_BYTES:]
        if not hmac.compare_digest(mac, self._mac(purpose, body)):
            return None
        return int.from_bytes(body, "big")

    def fingerprint(self, purpose: str, text: str) -> bytes:
        """What `text` is known by without being readable; the same after a restore, unlike signed names."""
        return hmac.digest(self._key(f"fingerprint:{purpose}"), text.encode(), hashlib.sha256)

    def _mac(self, purpose: str, body: bytes) -> bytes:
        if (keyed := self._keyed.get(purpose)) is None:
            key = self._key(f"sign:{purpose}:{0 if purpose in LASTING else self._generation}")
            keyed = self._keyed[purpose] = _keyed(key)
        inner, outer = keyed[0].copy(), keyed[1].copy()
        inner.update(body)
        outer.update(inner.digest())
        mac: bytes = outer.digest()
        return mac[:SIGNATURE_BYTES]

    def _key(self, purpose: str) -> bytes:
        if (known := self._keys.get(purpose)) is None:
            known = self._keys[purpose] = hmac.digest(self._secret, purpose.encode(), hashlib.sha256)
        return known


def _keyed(key: bytes) -> tuple[Any, Any]:
    """HMAC-SHA-256 (RFC 2104) with the key taken in already: a third of what the one-shot function takes."""
    block = key.ljust(64, b"\0")
    return tuple(hashlib.sha256(bytes(one ^ pad for one in block)) for pad in (0x36, 0x5C))  # type: ignore[return-value]


def _text(blob: bytes) -> str:
    """Base32 (RFC 4648 §6) without padding, two letters at a time: a third of what the library's takes."""
    pairs = (len(blob) * 8 + 9) // 10
    number = int.from_bytes(blob, "big") << pairs * 10 - len(blob) * 8
    text = "".join([_PAIRS[number >> at & 1023] for at in range(pairs * 10 - 10, -10, -10)])
    return text[: (len(blob) * 8 + 4) // 5]


def _bytes(name: str) -> bytes | None:
    """None for what `_text` never writes, too: a last letter has bits to spare, and one name has one spelling."""
    padded = name.upper() + "=" * (-len(name) % 8)
    try:
        blob = base64.b32decode(padded)
    except ValueError:
        return None
    return blob if _text(blob) == name.lower() else None
