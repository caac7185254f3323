"""Finding words in a text the way people mean it: case and accents do not count, whole words do."""

from __future__ import annotations

import unicodedata
from functools import lru_cache


@lru_cache(maxsize=256)
def plain(text: str) -> str:
    """Lower case, without accents, every run of anything but letters and digits as one space, spaces around."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    kept = (c if c.isalnum() else " " for c in letters if not unicodedata.combining(c))
    return f" {' '.join(''.join(kept).split())} "


def says(text: str, phrase: str) -> bool:
    """Whether `text` contains `phrase` as whole words; `factur*` finds every word that begins so."""
    wanted = plain(phrase).strip()
    if not wanted:
        return False
    return f" {wanted}{'' if phrase.rstrip().endswith('*') else ' '}" in plain(text)


def same(left: str, right: str) -> bool:
    """Whether two names are the same for a person."""
    return left == right or (plain(left) == plain(right) != "  ")
