"""What the linter knows of HTML: pictures without words, scripts, links that are none, two texts that differ."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from urllib.parse import urlsplit

from hub.campaigns.findings import Finding, error, warning
from hub.campaigns.links import TAG
from hub.channels.mail.html_text import to_lines
from hub.plumbing.texts import _

MOST = 20  # of one kind: who wrote forty has understood by then
FEWEST_WORDS = 20  # of which two texts can be compared
FEWEST_ALIKE = 0.3
_IMAGE = re.compile(rf"<img\b(?>{TAG}|[^>])*+", re.IGNORECASE | re.DOTALL)
_ALT = re.compile(r"\salt\s*=", re.IGNORECASE)
_REFUSED = re.compile(
    r"<(?:script|form|iframe|object|embed)\b|javascript:|<[a-z][^<>]{0,2000}?\s(?P<on>on[a-z]{3,20})\s*=",
    re.IGNORECASE,
)
_INSECURE = re.compile(r"\bhttp://[^\s<>\"']", re.IGNORECASE)
_URL = re.compile(r"https?://\S+")
_WORD = re.compile(r"[^\W\d_]{3,}")


def found(html: str) -> list[Finding]:
    """Pictures that say nothing where they are not shown, and what mail programs refuse."""
    findings = [
        warning("no_alt", "html", _('Say what the picture shows: alt="…".'), _line(html, one.start()))
        for one in islice(_IMAGE.finditer(html), MOST)
        if not _ALT.search(one[0])
    ]
    for one in islice(_REFUSED.finditer(html), MOST):
        words = _("Mail programs refuse this: %(what)s", what=one["on"] or one[0])
        findings.append(error("refused", "html", words, _line(html, one.start())))
    return findings


def is_link(url: str) -> bool:
    """Whether a program can follow it: a whole web address, a mail address, a number, a place in the page."""
    if url.startswith(("{{", "{%")):  # all of it comes from a variable
        return True
    if url.startswith(("mailto:", "tel:", "sms:", "#")):
        return len(url.partition(":")[2] or url) > 1
    try:
        parts = urlsplit(re.sub(TAG, "x", url, flags=re.DOTALL))
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and "." in parts.netloc and " " not in parts.netloc


def insecure(source: str) -> Iterator[int]:
    """Where a web address without encryption begins."""
    return (one.start() for one in islice(_INSECURE.finditer(source), MOST))


def say_other_things(text: str, html: str) -> bool:
    """Whether two forms of one message have too few words in common; too short ones are not compared."""
    ours, theirs = _words(text), _words(to_lines(html).text)
    if min(len(ours), len(theirs)) < FEWEST_WORDS:
        return bool(html) and max(len(ours), len(theirs)) > 4 * FEWEST_WORDS
    return len(ours & theirs) < FEWEST_ALIKE * len(ours | theirs)


def _words(text: str) -> set[str]:
    return set(_WORD.findall(_URL.sub(" ", text).lower()))


def _line(source: str, at: int) -> int:
    return source.count("\n", 0, at) + 1
