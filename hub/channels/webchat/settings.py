"""What an operator may set for a chat line, read into plain values."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from hub.channels.outgoing import Line

ADDRESS_TYPE = "chat"
MOST_FILE_BYTES = 10_000_000
LONGEST_TEXT = 5_000
ORIGIN = re.compile(r"https?://(\*\.)?[a-z0-9.-]{1,253}(:\d{1,5})?")
DEFAULT_FIELDS = "name email"


class Field(msgspec.Struct, frozen=True):
    """One field of the form before the chat: `name` and `email` are known, others carry their own label."""

    name: str
    required: bool = False


def sites(line: Line) -> list[str]:
    """The origins that may show this chat; what is no origin is left out."""
    return [one for one in words(line.settings.get("sites", "")) if ORIGIN.fullmatch(one)]


def fields(line: Line) -> list[Field]:
    """The form before the chat, from `ask`: names parted by spaces, a star for what must be given; "" asks nothing."""
    asked = words(line.settings.get("ask", DEFAULT_FIELDS))
    return [Field(one.rstrip("*")[:60], one.endswith("*")) for one in asked if one.strip("*")][:8]


def identity_keys(line: Line) -> list[str]:
    """The keys a site may sign with: the present one, and the one it replaces while both are in use."""
    return [line.secrets[name] for name in ("identity_key", "identity_key_old") if line.secrets.get(name)]


def words(value: Any) -> list[str]:
    """A list as it is, or the words of a text: what the command line can give."""
    return [str(one) for one in value] if isinstance(value, list) else str(value).split()
