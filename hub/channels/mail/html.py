"""A stranger's HTML made safe to show: no script, no form, nothing loaded from elsewhere, bounded in size and depth."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape, unescape

import nh3

from hub.channels.mail.html_depth import flattened
from hub.channels.mail.html_style import safe_style

LONGEST_SHOWN = 1_000_000
MOST_LINKS = 2_000
REMOTE = "data-remote-src"

_TAGS = set(
    "a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd "
    "del details dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd "
    "li main mark nav ol p pre q rp rt ruby s samp section small span strike strong sub summary sup table "
    "tbody td tfoot th thead time tr tt u ul var wbr".split()
)
_CONTENT_TOO = set(
    "script style title svg math template noscript iframe object embed select textarea head".split()
)
_ATTRIBUTES = {
    "*": {"style", "dir", "lang", "title", "align", "valign"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "table": {"width", "border", "cellpadding", "cellspacing", "bgcolor"},
    "td": {"width", "height", "colspan", "rowspan", "bgcolor", "nowrap"},
    "th": {"width", "height", "colspan", "rowspan", "bgcolor", "nowrap"},
    "tr": {"bgcolor", "height"},
    "col": {"width", "span"},
    "font": {"color", "size", "face"},
    "ol": {"start", "type"},
    "ul": {"type"},
    "li": {"value"},
    "blockquote": {"type"},
    "hr": {"width", "size"},
}
# The sanitiser writes every attribute in double quotes, so its own output can be read by these.
_IMAGE = re.compile(r'<img((?: [a-z-]+="[^"]*")*)>')
_PAIR = re.compile(r' ([a-z-]+)="([^"]*)"')
_LINK = re.compile(r'<a ((?:[a-z-]+="[^"]*" ?)*)>')
_PICTURE = re.compile(
    r"data:image/(?:png|gif|jpe?g|webp|bmp)(?:;[a-z0-9=-]{1,40})*;base64,[A-Za-z0-9+/=\s%]*$", re.IGNORECASE
)

CidUrl = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class CleanHtml:
    """`remote_images`: how many pictures wait in `data-remote-src` for the reader's wish."""

    html: str
    remote_images: int = 0


def clean(html: str, cid_url: CidUrl | None = None) -> CleanHtml:
    """Safe HTML of a mail body. `cid_url` gives the address of an inline picture by its Content-ID, or None.

    Links open elsewhere and say nothing of us; pictures from the network keep their address in
    `data-remote-src` and load nothing. At most LONGEST_SHOWN characters are read, MOST_LINKS links kept.
    """
    safe = _CLEANER.clean(flattened(html[:LONGEST_SHOWN]))
    pictures = _Pictures(cid_url)
    safe = _IMAGE.sub(pictures.rewritten, safe)
    if safe.count("<a ") > MOST_LINKS:
        safe = _without_late_links(safe)
    return CleanHtml(safe, pictures.remote)


class _Pictures:
    """Rewrites the pictures of one mail and counts those that would be loaded from elsewhere."""

    def __init__(self, cid_url: CidUrl | None) -> None:
        self.cid_url = cid_url
        self.remote = 0

    def rewritten(self, found: re.Match[str]) -> str:
        pairs = dict(_PAIR.findall(found[1]))
        source = unescape(pairs.pop("src", "")).strip()
        name, address = self._placed(source)
        if address:
            pairs[name] = escape(address)
        return "<img" + "".join(f' {key}="{value}"' for key, value in pairs.items()) + ">"

    def _placed(self, source: str) -> tuple[str, str]:
        lower = source[:12].lower()
        if lower.startswith("cid:"):
            return "src", (self.cid_url(source[4:].strip("<> ")) or "") if self.cid_url else ""
        if lower.startswith("data:"):
            return "src", source if _PICTURE.match(source) else ""
        if lower.startswith(("http://", "https://")):
            self.remote += 1
            return REMOTE, source
        return "src", ""


def _without_late_links(html: str) -> str:
    count = 0

    def counted(found: re.Match[str]) -> str:
        nonlocal count
        count += 1
        return found[0] if count <= MOST_LINKS else "<a>"

    return _LINK.sub(counted, html)


def _filtered(tag: str, name: str, value: str) -> str | None:
    if name == "style":
        return safe_style(value) or None
    if tag == "img" and name == "src":
        return (
            value
            if value.strip().lower().startswith(("cid:", "data:image/", "http://", "https://"))
            else None
        )
    if name == "href":
        return value if not value.strip().lower().startswith(("cid:", "data:")) else None
    return value[:2_000]


_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags=_CONTENT_TOO,
    attributes=_ATTRIBUTES,
    attribute_filter=_filtered,
    url_schemes={"http", "https", "mailto", "tel", "cid", "data"},
    url_relative="deny",
    link_rel="noopener noreferrer nofollow",
    set_tag_attribute_values={"a": {"target": "_blank"}},
)
