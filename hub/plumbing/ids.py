"""Random names for anything public: nobody can count or guess them."""

from __future__ import annotations

import hashlib
import secrets


def token(bytes_: int = 24) -> str:
    """A random URL-safe name; 24 bytes are 192 bits, 32 characters."""
    return secrets.token_urlsafe(bytes_)


def fingerprint(secret: str) -> bytes:
    """SHA-256 of a random token: what we store so that a stolen table opens nothing."""
    return hashlib.sha256(secret.encode()).digest()
