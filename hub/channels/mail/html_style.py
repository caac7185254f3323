"""Which style declarations of a stranger may stay: looks only, never a place on the screen, never an address."""

from __future__ import annotations

import re

_ALLOWED = frozenset(
    "color background-color background font font-family font-size font-style font-weight font-variant "
    "line-height letter-spacing text-align text-decoration text-indent text-transform vertical-align "
    "white-space word-break word-wrap overflow-wrap direction width height max-width min-width padding "
    "padding-top padding-right padding-bottom padding-left margin margin-top margin-right margin-bottom "
    "margin-left border border-top border-right border-bottom border-left border-color border-style "
    "border-width border-radius border-collapse border-spacing table-layout list-style-type display".split()
)
# No backslash (CSS escapes), no function but colours, nothing that could hold an address.
_VALUE = re.compile(
    r"[\w\s#%.,'\"+/!-]*(?:(?:rgb|rgba|hsl|hsla)\([\d\s,.%/]*\)[\w\s#%.,'\"+/!-]*)*", re.ASCII | re.IGNORECASE
)
_NEGATIVE = re.compile(r"(?:^|\s)-")
_LONGEST = 4_000
_LONGEST_VALUE = 300


def safe_style(text: str) -> str:
    """The declarations of a style attribute that may stay, or ""."""
    kept: list[str] = []
    for declaration in text[:_LONGEST].split(";"):
        name, colon, value = declaration.partition(":")
        name, value = name.strip().lower(), value.strip()
        if colon and name in _ALLOWED and _is_safe(name, value):
            kept.append(f"{name}:{value}")
    return ";".join(kept)


def _is_safe(name: str, value: str) -> bool:
    if not value or len(value) > _LONGEST_VALUE or "//" in value or not _VALUE.fullmatch(value):
        return False
    if name == "display":
        return value.lower() in (
            "block",
            "inline",
            "inline-block",
            "none",
            "table",
            "table-row",
            "table-cell",
        )
    return not (name.startswith(("margin", "text-indent", "letter-spacing")) and _NEGATIVE.search(value))
