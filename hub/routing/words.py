"""Finding words in a text the way people mean it: case and accents do not count, whole words do."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

_BETWEEN = re.compile(r"[\W_]+")
# ASCII, the common case, goes through one table: what is neither letter nor digit becomes a space.
_ASCII = bytes(code if chr(code).isalnum() and code < 128 else 32 for code in range(256)).lower()


@lru_cache(maxsize=256)
def plain(text: str) -> str:
    """Lower case, without accents, every run of anything but letters and digits as one space, spaces around."""
    letters = text
    if not text.isascii():
        letters = unicodedata.normalize("NFKD", text.casefold()).translate(_marks())
    if letters.isascii():
        words = b" ".join(letters.encode("ascii").translate(_ASCII).split()).decode("ascii")
    else:
        words = _BETWEEN.sub(" ", letters).strip()
    return f" {words} "


def says(text: str, phrase: str) -> bool:
    """Whether `text` contains `phrase` as whole words; `factur*` finds every word that begins so."""
    wanted = plain(phrase).strip()
    if not wanted:
        return False
    return f" {wanted}{'' if phrase.rstrip().endswith('*') else ' '}" in plain(text)


def same(left: str, right: str) -> bool:
    """Whether two names are the same for a person."""
    return left == right or (plain(left) == plain(right) != "  ")


@cache
def _marks() -> dict[int, None]:
    """Every accent and mark that stands on another letter."""
    return {code: None for code in range(0x300, 0x10000) if unicodedata.combining(chr(code))}
