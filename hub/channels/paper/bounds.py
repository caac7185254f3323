"""How much paper we take, and the one error for what is none."""

from __future__ import annotations

MOST_PAGES = 300
MOST_SENT_PAGES = 60
"""Of one fax going out: they are all in memory at once, 4 MB each."""
MOST_PIXELS = 64_000_000
"""Of one page: A3 at the finest fax resolution has 32 million. A page is one byte a pixel while it is worked on."""
MOST_PIXELS_TOGETHER = 4_000_000_000
A4 = (595.276, 841.89)
"""Points, as PDF counts: 1/72 inch."""


class Unfit(Exception):
    """This cannot be read, drawn or sent as pages; the words say why."""


def check_size(width: int, height: int) -> None:
    """Raises Unfit for a page that would fill our memory, before anything of it is decoded."""
    if width < 1 or height < 1 or width * height > MOST_PIXELS:
        raise Unfit(f"a page of {width} × {height} points is larger than any paper")
