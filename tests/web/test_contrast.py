"""Every pair of colours that meets on a page can be read, in light and in dark (WCAG 1.4.3 and 1.4.11)."""

from __future__ import annotations

import re
from itertools import product

import pytest

from hub.web.assets import FOLDER

TOKEN = re.compile(r"--([\w-]+): light-dark\((#[0-9A-Fa-f]{6}), (#[0-9A-Fa-f]{6})\)")
TOKENS = {name: (light, dark) for name, light, dark in TOKEN.findall((FOLDER / "css/tokens.css").read_text())}

GROUNDS = ("bg", "surface", "sunken", "hover", "selected")
MARKS = ("blue", "teal", "green", "violet", "orange", "grey")
READ = [
    *product(("text", "text-2", "text-3"), GROUNDS),
    *product(("link",), GROUNDS),
    *product(MARKS, GROUNDS),
    *(("on-accent", ground) for ground in ("accent", "accent-hover")),
    ("note-text", "note"),
    ("surface", "text"),
    ("surface", "danger"),
    *((tone, f"{tone}-soft") for tone in ("ok", "warn", "danger")),
    *product(("ok", "warn", "danger"), ("bg", "surface", "sunken", "selected")),
]
SEEN = [
    *product(("border-strong",), ("bg", "surface")),
    *product(("focus",), GROUNDS),
    ("note-border", "note"),
    ("accent", "surface"),
]


def luminance(colour: str) -> float:
    """Relative luminance of #RRGGBB (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """From 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_there_are_no_more_colours_than_the_page_needs() -> None:
    assert len(TOKENS) == 30


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("pairs", "least"), [(READ, 4.5), (SEEN, 3.0)], ids=["text", "shapes"])
def test_pairs_can_be_read(theme: int, pairs: list[tuple[str, str]], least: float) -> None:
    weak = {
        pair: round(contrast(TOKENS[pair[0]][theme], TOKENS[pair[1]][theme]), 2)
        for pair in pairs
        if contrast(TOKENS[pair[0]][theme], TOKENS[pair[1]][theme]) < least
    }
    assert weak == {}
