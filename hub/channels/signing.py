"""Webhooks signed as Standard Webhooks says: id, time and body under a shared secret; ours and those of other systems.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime

from hub.channels.base import Forged

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
MOST_SECONDS = 300
"""Older, or further ahead, is a replay (or a clock somebody should set)."""
PREFIX = "whsec_"


def headers(secret: str, id_: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of a request; the same `id_` at every attempt. Raises ValueError for a wrong secret."""
    moment = str(int(at.timestamp()))
    return {ID: id_, TIMESTAMP: moment, SIGNATURE: "v1," + _signature(secret, id_, moment, body)}


def verified(given: Mapping[str, str], body: bytes, secrets: Sequence[str], at: datetime) -> str:
    """The id of a request signed with one of the secrets, lately. `given` has names in lower case. Raises Forged."""
    id_, moment, signed = (given.get(name, "") for name in (ID, TIMESTAMP, SIGNATURE))
    if not id_ or not signed or not signed.isascii() or not moment.isascii() or not moment.isdigit():
        raise Forged("no signature")
    if len(moment) > 12 or abs(at.timestamp() - int(moment)) > MOST_SECONDS:
        raise Forged("signed too long ago, or a clock is wrong")
    offered = [part.partition(",")[2] for part in signed.split() if part.startswith("v1,")]
    # Every pair is compared in full: time tells nobody which one was close.
    right = [
        hmac.compare_digest(_signature(secret, id_, moment, body), one)
        for secret in secrets
        if is_secret(secret)
        for one in offered
    ]
    if not any(right):
        raise Forged("the signature is not the one of this request")
    return id_[:200]


def is_secret(text: str) -> bool:
    """Whether this can be a secret: `whsec_` and at least 24 bytes in base64."""
    try:
        return len(_key(text)) >= 24
    except ValueError:
        return False


def _signature(secret: str, id_: str, moment: str, body: bytes) -> str:
    signed = f"{id_}.{moment}.".encode("utf-8", "surrogateescape") + body
    return base64.b64encode(hmac.digest(_key(secret), signed, "sha256")).decode()


def _key(secret: str) -> bytes:
    plain = secret.strip().removeprefix(PREFIX)
    try:
        return base64.b64decode(plain, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("a secret is whsec_ and base64") from error
