"""What an operator may set for a form line, read into plain values."""

from __future__ import annotations

from hub.channels.outgoing import Line
from hub.channels.webchat.settings import sites, words
from hub.plumbing.urls import parts

__all__ = ["ADDRESS_TYPE", "LONGEST_TEXT", "MOST_BYTES", "fields", "secrets", "sites", "thanks", "title"]

ADDRESS_TYPE = "form"
LONGEST_TEXT = 20_000
MOST_BYTES = 10_000_000
FIELDS = ("name", "email", "phone", "subject", "text")
DEFAULT_FIELDS = "name email* phone subject text*"


def fields(line: Line) -> dict[str, bool]:
    """The fields of the form we draw, from `ask`: name → whether it must be filled; the text always must."""
    asked = words(line.settings.get("ask", DEFAULT_FIELDS))
    wanted = {one.rstrip("*"): one.endswith("*") for one in asked}
    return {name: wanted[name] for name in FIELDS if name in wanted} | {"text": True}


def title(line: Line) -> str:
    """What stands above the form, and what a form without a subject is called."""
    return str(line.settings.get("title", "")) or line.name


def secrets(line: Line) -> list[str]:
    """The secrets a site's server may sign with: the present one, and the one it replaces."""
    return [line.secrets[name] for name in ("signing_secret", "signing_secret_old") if line.secrets.get(name)]


def thanks(line: Line) -> str:
    """Where a browser goes after the form: the stored page, if it stands on one of the line's sites; else ""."""
    page = str(line.settings.get("thanks", ""))
    found = parts(page)
    origin = f"{found.scheme}://{found.netloc}"
    return page if origin in sites(line) and page.isprintable() and "\\" not in page else ""
