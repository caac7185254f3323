"""What the doctor found: how bad it is, what it is, what to do about it."""

from __future__ import annotations

from typing import Literal

import msgspec

Level = Literal["ok", "warn", "error"]


class Finding(msgspec.Struct, frozen=True):
    """One line of the doctor: `what` says what was seen, `advice` what to do (empty when all is well)."""

    level: Level
    what: str
    advice: str = ""


def ok(what: str) -> Finding:
    """All is well."""
    return Finding("ok", what)


def warn(what: str, advice: str) -> Finding:
    """It works, but not for long or not fully."""
    return Finding("warn", what, advice)


def error(what: str, advice: str) -> Finding:
    """It does not work."""
    return Finding("error", what, advice)
