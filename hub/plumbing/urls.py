"""Addresses of the web that others wrote."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

_NONE = SplitResult("", "", "", "", "")


def parts(url: str) -> SplitResult:
    """A URL in its parts; all of them empty where it is none (`http://[`)."""
    try:
        return urlsplit(url)
    except ValueError:
        return _NONE
