"""The links of a campaign's message, as they stand in its wordings, and as they are once somebody counts them.

Only a link that is the same for everybody is counted: it is stored with the step (tracking.keep_links), and nothing
else is ever redirected to. One with a person's variable in it leaves as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from html import unescape

import msgspec

from hub.campaigns.wording import Texts, quoted
from hub.plumbing.sandbox_rules import Misworded

LONGEST = 2_000
Change = Callable[[str, str], str | None]
"""What a link becomes, from its address and how it was written; None leaves it."""
# Bounded, and never tried a second way (the possessive `*+`): a wording cannot be written that takes long to search.
TAG = r"\{\{.{0,300}?\}\}|\{%.{0,300}?%\}|\{#.{0,300}?#\}"
_IN_TEXT = re.compile(rf"(?P<tag>{TAG})|(?P<url>https?://[^\s<>\"'{{}}]+(?P<more>\{{)?)", re.DOTALL)
_IN_HTML = re.compile(
    rf"(?P<tag>{TAG})"
    rf"|(?P<before>\shref\s*=\s*)(?P<mark>[\"'])(?P<url>(?>{TAG}|(?!(?P=mark)).)*+)(?P=mark)",
    re.DOTALL | re.IGNORECASE,
)
_CLOSERS = ".,;:!?)»”’"


class Mark(msgspec.Struct, frozen=True):
    """A link that is counted: the variable that stands for it, its number, and how it was written."""

    name: str
    n: int
    written: str


def found(texts: Texts) -> list[str]:
    """The links everybody gets alike, each once, in the order in which they stand; `&amp;` is `&`."""
    links: dict[str, None] = {}

    def note(url: str, _written: str) -> None:
        links[url] = None

    _replaced_in_html(texts.html, note)
    _replaced_in_text(texts.text, note)
    return list(links)


def counted(source: str, numbers: Mapping[str, int], *, html: bool = False) -> tuple[str, list[Mark]]:
    """The wording with `{{ link.m0 }}` and so on for the links that have a number; as it was where that breaks it."""
    marks: list[Mark] = []

    def named(url: str, written: str) -> str | None:
        if url not in numbers:
            return None
        marks.append(Mark(f"link.m{len(marks)}", numbers[url], written))
        return "{{ " + marks[-1].name + " }}"

    changed = (_replaced_in_html if html else _replaced_in_text)(source, named)
    if "{% raw" in source or "{%- raw" in source:
        return source, []  # what stands there is no wording
    try:
        quoted(changed, html=html)
    except Misworded:
        return source, []
    return changed, marks


def hrefs(html: str) -> Iterator[tuple[int, str]]:
    """Where each `href` of an HTML wording stands and what it holds, blanks included."""
    for one in _IN_HTML.finditer(html):
        if one["tag"] is None and _of_a_link(html, one.start()):
            yield one.start("url"), unescape(one["url"]).strip()


def _replaced_in_html(source: str, change: Change) -> str:
    def replaced(one: re.Match[str]) -> str:
        if one["tag"] is not None or not _of_a_link(source, one.start()):
            return one[0]
        url = unescape(one["url"]).strip()
        new = change(url, one["url"]) if _same_for_all(url) else None
        return one[0] if new is None else f"{one['before']}{one['mark']}{new}{one['mark']}"

    return _IN_HTML.sub(replaced, source)


def _replaced_in_text(source: str, change: Change) -> str:
    def replaced(one: re.Match[str]) -> str:
        if one["tag"] is not None or one["more"]:
            return one[0]
        url = one["url"].rstrip(_CLOSERS)
        new = change(url, url) if _same_for_all(url) else None
        return one[0] if new is None else new + one["url"][len(url) :]

    return _IN_TEXT.sub(replaced, source)


def _of_a_link(html: str, at: int) -> bool:
    """Whether an attribute at `at` belongs to `<a …>` or `<area …>`; a `<base href>` is no link."""
    opened = html.rfind("<", max(0, at - 2_000), at)
    return (
        opened >= 0 and re.match(r"<(?:a|area)\s", html[opened : opened + 6] + " ", re.IGNORECASE) is not None
    )


def _same_for_all(url: str) -> bool:
    return (
        url.startswith(("http://", "https://"))
        and "{" not in url
        and url.isprintable()
        and " " not in url
        and len(url.encode("utf-8", "replace")) <= LONGEST
    )
