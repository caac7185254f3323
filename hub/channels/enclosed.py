"""A file that came inside JSON, its content in base64."""

from __future__ import annotations

import base64
import hashlib

from hub.channels.facts import Attached


def enclosed(name: str, type_: str, encoded: str, *, most: int = 0) -> Attached:
    """The file with its bytes (RFC 4648 §4). Raises ValueError: no base64, or over `most` bytes (0: any)."""
    content = base64.b64decode(encoded, validate=True)
    if most and len(content) > most:
        raise ValueError("a file that is too large")
    return Attached(name, type_, len(content), hashlib.sha256(content).hexdigest(), content=content)
