"""Who a visitor is, when the site says so with its signature: HMAC-SHA256(key, "user|issued_at"), in hex."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime

FRESH_SECONDS = 24 * 3600
SKEW_SECONDS = 300
LONGEST_USER_ID = 200


def signature(key: str, user_id: str, issued_at: int) -> str:
    """What the site's server computes for its signed-in user; `issued_at` in seconds since 1970."""
    return hmac.new(key.encode(), f"{user_id}|{issued_at}".encode(), hashlib.sha256).hexdigest()


def is_proven(user_id: str, issued_at: int, given: str, keys: Sequence[str], now: datetime) -> bool:
    """Whether one of the active keys signed this lately. Every key is compared, each in constant time."""
    if not user_id or len(user_id) > LONGEST_USER_ID or not keys:
        return False
    age = now.timestamp() - issued_at
    good = [hmac.compare_digest(signature(key, user_id, issued_at).encode(), given.encode()) for key in keys]
    return any(good) and -SKEW_SECONDS <= age <= FRESH_SECONDS
