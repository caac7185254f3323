"""HTML of a mail to readable lines, in one linear pass; remembers where mail programs say the quote begins."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape

from hub.channels.text import storable

LONGEST_HTML = 5_000_000
_MOST_LINES = 100_000
_SPACE = re.compile(r"[ \t\r\n\f\v\u200b\u200c\u200d\ufeff\u00ad\u034f]+")
NAME = re.compile(r"/?([a-zA-Z][a-zA-Z0-9:_-]{0,40})")
_ATTRIBUTE = re.compile(r'([a-zA-Z][a-zA-Z0-9_:-]{0,40})\s*=\s*(?:"([^"]*)"|\'([^\']*)\'|([^\s"\'>]+))')
_SIGNS = re.compile(r"<(?:<(?![a-zA-Z/!?]))*")
_WHOLE_TAG = re.compile(r"<(?:[^>\"']|\"[^\"]*\"|'[^']*')*>")
_LONGEST_TAG = 10_000
_HIDDEN = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.IGNORECASE)
_INDENT_ONLY = re.compile(
    r"border(?:-left)?\s*:\s*(?:medium\s+)?none|margin[^;]{0,20}:\s*0p?x?\s+0p?x?\s+0p?x?\s+40px", re.I
)
_OUTLOOK_LINE = re.compile(
    r"border:\s*none;\s*border-top:\s*solid\s+#[0-9a-f]{6}\s+1\.0pt;\s*padding:\s*3\.0pt 0(?:in|cm)",
    re.IGNORECASE,
)
_QUOTE_IDS = re.compile(
    r"(?:x_)*(?:divRplyFwdMsg|appendonsend|stopSpelling|zwchr|OLK_SRC_BODY_SECTION|"
    r"mail-editor-reference-message-container|ms-outlook-mobile-reference-message|"
    r"lineBreakAtBeginningOfMessage_quote|yahoo_quoted_\d+|ymail_android_signature_quote|isForwardContent)$",
    re.IGNORECASE,
)
_QUOTE_CLASSES = re.compile(
    r"(?:^|\s)(?:x_)?(?:yahoo_quoted|protonmail_quote|moz-email-headers-table|OutlookMessageHeader|"
    r"zmail_extra|gmx_quote|tutanota_quote|freshdesk_quote|mail-quote-collapse|mailrubblockquote|"
    r"ms-outlook-mobile-reference-message|zimbra_quote|front-blockquote)(?:$|\s)",
    re.IGNORECASE,
)
_INTRO_CLASSES = re.compile(
    r"(?:^|\s)(?:x_)?(?:gmail_attr|moz-cite-prefix|gmail_quote_attribution)(?:$|\s)", re.IGNORECASE
)
_BLOCKS = frozenset(
    "address article aside body center dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 "
    "header html legend li main nav ol p pre section summary table tbody tfoot thead tr ul blockquote hr option".split()
)
_SPACED = frozenset("p h1 h2 h3 h4 h5 h6 ul ol blockquote pre table".split())
VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
_SKIPPED = frozenset(
    "script style title head noscript template svg math select textarea object iframe xml".split()
)
_CLOSED_BY = {"script": "</script", "style": "</style", "title": "</title", "textarea": "</textarea"}
_LEFT_OPEN = frozenset("p li tr td th dd dt option thead tbody".split())


@dataclass(slots=True)
class HtmlLines:
    """The readable lines; `cuts` are the numbers of lines before which a mail program marked the quote's start.

    Of these, `intros` only announce it: what they announce may be followed by an answer.
    """

    lines: list[str] = field(default_factory=list)
    cuts: set[int] = field(default_factory=set)
    intros: set[int] = field(default_factory=set)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@dataclass(slots=True)
class _Element:
    name: str
    quoted: bool = False
    hidden: bool = False
    verbatim: bool = False
    number: int = 0


class _Writer:
    """Collects words into lines, knows how deep it is in quotes."""

    def __init__(self) -> None:
        self.out = HtmlLines()
        self.words: list[str] = []
        self.depth = 0
        self.last_depth = 0
        self.wants_gap = False
        self.ends_in_space = True

    def say(self, text: str) -> None:
        text = _SPACE.sub(" ", text).replace("\xa0", " ")
        if self.ends_in_space:
            text = text.lstrip(" ")
        if text:
            self.words.append(text)
            self.ends_in_space = text.endswith(" ")

    def say_verbatim(self, text: str) -> None:
        first, *rest = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self.words.append(first)
        for line in rest:
            self.line_end(always=True)
            self.words.append(line)
        self.ends_in_space = not self.words[-1] or self.words[-1].endswith(" ")

    def line_end(self, always: bool = False) -> None:
        line = "".join(self.words).rstrip(" ")
        self.words.clear()
        self.ends_in_space = True
        if line or always:
            self._put(line)

    def block(self, spaced: bool) -> None:
        self.line_end()
        self.wants_gap = self.wants_gap or spaced

    def cut(self) -> None:
        self.line_end()
        self.out.cuts.add(len(self.out.lines))

    def intro(self) -> None:
        self.line_end()
        if len(self.out.lines) not in self.out.cuts:
            self.out.intros.add(len(self.out.lines))
            self.cut()

    def _put(self, line: str) -> None:
        lines = self.out.lines
        if len(lines) >= _MOST_LINES:
            return
        mark = "> " * min(self.depth, 20)
        if self.wants_gap and lines and lines[-1].strip("> "):
            lines.append(mark[: 2 * self.last_depth].rstrip())
        self.wants_gap = False
        self.last_depth = self.depth
        if not line and lines and not lines[-1].strip("> "):
            return  # never two empty lines
        lines.append((mark + line).rstrip() if mark else line)


def to_lines(html: str) -> HtmlLines:
    """The text a reader sees. Quotes get `> `, list items `- `; hidden text, scripts and styles are left out."""
    reading = _Reading(html[:LONGEST_HTML])
    return reading.run()


class _Reading:
    """The pass itself: a stack of open elements, never a tree."""

    def __init__(self, html: str) -> None:
        self.html = html
        self.lower = html.lower() if "<" in html else ""
        if len(self.lower) != len(html):  # İ grows when lowered: positions would no longer fit
            self.lower = html
        self.writer = _Writer()
        self.stack: list[_Element] = []
        self.open: dict[str, int] = {}
        self.hidden = 0
        self.verbatim = 0
        self.never_closed: set[str] = set()

    def run(self) -> HtmlLines:
        html, position, end = self.html, 0, len(self.html)
        while position < end:
            tag = html.find("<", position)
            if tag < 0:
                self._text(html[position:])
                break
            if tag > position:
                self._text(html[position:tag])
            position = self._markup(tag)
        self.writer.line_end()
        return self.writer.out

    def _text(self, text: str) -> None:
        if self.hidden:
            return
        text = storable(unescape(text)) if "&" in text else text
        if self.verbatim:
            self.writer.say_verbatim(text)
        else:
            self.writer.say(text)

    def _markup(self, tag: int) -> int:
        html = self.html
        if html.startswith("<!", tag) or html.startswith("<?", tag):
            return self._declaration(tag)
        name = NAME.match(html, tag + 1)
        if name is None:
            end = _SIGNS.match(html, tag).end()  # type: ignore[union-attr]
            self._text(html[tag:end])
            return end
        end = tag_end(html, tag)
        if end < 0:
            return len(html)
        word = name[1].lower()
        if html[tag + 1] == "/":
            self._close(word)
            return end
        attributes = html[name.end() : end - 1]
        if word in _CLOSED_BY:
            return self._past_raw(word, end)
        self._open(word, attributes)
        return end

    def _past_raw(self, name: str, start: int) -> int:
        """A script, style or title never closed: a title is read on, the others hide the rest."""
        closing = -1 if name in self.never_closed else self.lower.find(_CLOSED_BY[name], start)
        if closing >= 0:
            return closing
        self.never_closed.add(name)
        return start if name in ("title", "textarea") else len(self.html)

    def _declaration(self, tag: int) -> int:
        if self.html.startswith("<!--", tag):
            end = self.html.find("-->", tag + 4)
            if end >= 0:
                return end + 3
        end = self.html.find(">", tag)
        return len(self.html) if end < 0 else end + 1

    def _open(self, name: str, text: str) -> None:
        attributes = _attributes(text) if text.strip(" /") else {}
        writer = self.writer
        if name == "br":
            if not self.hidden:
                writer.line_end(always=True)
            return
        if name in _BLOCKS and not self.hidden:
            writer.block(name in _SPACED)
            if _starts_quote(attributes):
                writer.cut()
            elif _introduces(attributes):
                writer.intro()
        if name == "img" and not self.hidden:
            alt = unescape(attributes.get("alt", ""))
            writer.say(alt if len(alt) <= 4 else "")
        if name in ("td", "th") and not self.hidden and writer.words:
            writer.say(" ")
        if name not in VOID:
            self._push(name, attributes)

    def _push(self, name: str, attributes: dict[str, str]) -> None:
        if name in _LEFT_OPEN and self.stack and self.stack[-1].name == name:
            self._pop()
        element = _Element(
            name,
            quoted=name == "blockquote" and _is_quote(attributes),
            hidden=name in _SKIPPED or bool(_HIDDEN.search(attributes.get("style", ""))),
            verbatim=name in ("pre", "xmp", "listing"),
        )
        if name == "li" and not self.hidden:
            self.writer.say(self._bullet())
        self.stack.append(element)
        self.open[name] = self.open.get(name, 0) + 1
        self.hidden += element.hidden
        self.verbatim += element.verbatim
        if element.quoted:
            self.writer.depth += 1

    def _bullet(self) -> str:
        for element in self.stack[-3:][::-1]:
            if element.name == "ol":
                element.number += 1
                return f"{element.number}. "
            if element.name == "ul":
                break
        return "- "

    def _close(self, name: str) -> None:
        if name == "p" and not self.open.get("p"):
            self.writer.block(spaced=True)
        if not self.open.get(name):
            return
        while self.stack:
            if self._pop() == name:
                return

    def _pop(self) -> str:
        element = self.stack.pop()
        self.open[element.name] -= 1
        if element.name in _BLOCKS and not self.hidden:
            self.writer.block(element.name in _SPACED)
        self.hidden -= element.hidden
        self.verbatim -= element.verbatim
        if element.quoted:
            self.writer.depth -= 1
        return element.name


def tag_end(html: str, tag: int) -> int:
    """Just past the `>` that closes the tag; one inside a quoted attribute does not. -1 without any."""
    end = html.find(">", tag)
    if end >= 0 and (html.count('"', tag, end) % 2 or html.count("'", tag, end) % 2):
        whole = _WHOLE_TAG.match(html, tag, tag + _LONGEST_TAG)
        return whole.end() if whole else end + 1
    return end + 1 if end >= 0 else -1


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(text[:4_000]):
        value = match[2] if match[2] is not None else match[3] if match[3] is not None else match[4]
        found.setdefault(match[1].lower(), value)
    return found


def _starts_quote(attributes: dict[str, str]) -> bool:
    if not attributes:
        return False
    return bool(
        _QUOTE_IDS.match(attributes.get("id", ""))
        or _QUOTE_CLASSES.search(attributes.get("class", ""))
        or _OUTLOOK_LINE.search(attributes.get("style", ""))
        or attributes.get("data-marker", "") == "__HEADERS__"
    )


def _introduces(attributes: dict[str, str]) -> bool:
    named = attributes.get("class", "")
    return attributes.get("id", "") == "reply-intro" or bool(named and _INTRO_CLASSES.search(named))


def _is_quote(attributes: dict[str, str]) -> bool:
    """A blockquote that only indents (Gmail's and Outlook's indent button) is no quote."""
    if attributes.get("type", "").lower() == "cite" or "cite" in attributes:
        return True
    return not _INDENT_ONLY.search(attributes.get("style", ""))
