"""One person's words taken out of texts that stay: addresses and full names become a blot."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

BLOT = "•••"
SHORTEST = 5
"""A shorter word may be anybody's."""
DIGITS = re.compile(r"\+[0-9]{7,15}")


class Blotting:
    """The words of one person; `needles`: how a raw request or an encoded text may spell their addresses."""

    def __init__(self, addresses: Iterable[str], names: Iterable[str]) -> None:
        own = sorted({one for one in addresses if len(one) >= SHORTEST})
        full = sorted({one.strip() for one in names if len(one) >= SHORTEST and " " in one.strip()})
        words = sorted([*own, *full], key=len, reverse=True)
        self._found = re.compile("|".join(map(re.escape, words)) or r"(?!)", re.IGNORECASE)
        self.needles = sorted({spelled for one in own for spelled in _spellings(one)})

    def text(self, text: str) -> str:
        """The text without them."""
        return self._found.sub(BLOT, text)

    def value(self, value: Any) -> Any:
        """The same of a JSON value, however deep."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(one) for one in value]
        if isinstance(value, dict):
            return {self.text(name): self.value(one) for name, one in value.items()}
        return value

    def stands_in(self, raw: bytes) -> bool:
        """Whether an address of theirs stands in these bytes."""
        plain = raw.lower()
        return any(needle.encode() in plain for needle in self.needles)


def _spellings(address: str) -> list[str]:
    """Lower case as in a mail, percent-encoded as in a form, a number by its digits alone."""
    if DIGITS.fullmatch(address):
        return [address[1:]]
    return [address.lower(), quote(address, safe="").lower()]
