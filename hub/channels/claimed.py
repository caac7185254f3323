"""What strangers typed of themselves, said to be only that, and the page they wrote from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.plumbing.texts import _


def lines(told: Mapping[str, Any]) -> list[str]:
    """Of `{"claims": {kind: value}, "page": …}`, in the language being spoken."""
    said = [value for value in told.get("claims", {}).values() if value]
    found = [_("Typed by the visitor, not proven: %(words)s", words=" · ".join(said))] if said else []
    return [*found, *([_("Written on %(page)s", page=told["page"])] if told.get("page") else [])]
