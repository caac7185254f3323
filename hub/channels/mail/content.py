"""What a mail says: subject, readable text, what is new in it, HTML and files. Shared by email and fax."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape

from hub.channels.facts import Attached
from hub.channels.mail import calendar, forwarded, tnef, uuencoded
from hub.channels.mail.attachments import MOST_ATTACHMENTS, attach_part
from hub.channels.mail.bodies import Bodies, sort_parts
from hub.channels.mail.charsets import codec, decode
from hub.channels.mail.flowed import unflowed
from hub.channels.mail.html_text import LONGEST_HTML, HtmlLines, to_lines
from hub.channels.mail.mime import Mail, Part
from hub.channels.mail.quoting import new_text, parted
from hub.channels.mail.separators import REPLY_SUBJECT
from hub.channels.text import storable, with_plain_ends

LONGEST_TEXT = 1_000_000
_META = re.compile(
    rb"<(?:meta|\?xml)[^>]{0,300}?(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE
)
_CID = re.compile(r"cid:([^\s\"'<>)]{1,500})", re.IGNORECASE)
_STUB = re.compile(
    r"(?:html|mime)[^\n]{0,80}(?:support|view|display|read|show|soporta|mostrar|compatible|ver )|"
    r"(?:support|view|display|soporta|visualizar|ver )[^\n]{0,80}(?:html|mime)",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Content:
    """`text` is all that can be read, `new_text` what is new, `html` the uncleaned body or ""."""

    subject: str = ""
    text: str = ""
    new_text: str = ""
    html: str = ""
    attachments: list[Attached] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read_content(mail: Mail) -> Content:
    """Everything a mail says; what was damaged is told in its warnings. Never raises for what a mail contains."""
    bodies = sort_parts(mail)
    subject = mail.root.headers.text("subject")
    plain = _plain_of(mail, bodies)
    html = _html_of(mail, bodies)
    content = Content(subject=subject, warnings=mail.warnings)
    lines = _choose_text(content, plain, html, _answers(mail, subject))
    content.html = html[:LONGEST_HTML]
    content.attachments = _attachments(mail, bodies, html)
    _open_containers(content, lines)
    _bound(content)
    return content


def _plain_of(mail: Mail, bodies: Bodies) -> str:
    """The plain texts, with pages standing between them as text; "" when there is nothing but pages."""
    texts = [(part.type == "text/html", _text_of(mail, part)) for part in bodies.text]
    if not any(text.strip() for is_page, text in texts if not is_page):
        return ""
    return _joined([to_lines(text).text if is_page else text for is_page, text in texts])


def _answers(mail: Mail, subject: str) -> bool:
    headers = mail.root.headers
    return (
        "in-reply-to" in headers or "references" in headers or REPLY_SUBJECT.match(subject[:200]) is not None
    )


def _choose_text(content: Content, plain: str, html: str, answers: bool) -> HtmlLines | None:
    """Plain text where it says something, else the HTML's; the quote is sought where it shows best."""
    if html and (not plain.strip() or _is_stub(plain)):
        lines = to_lines(html)
        if lines.lines or not plain.strip():
            content.text = storable(lines.text).strip("\n")
            content.new_text = new_text(lines.text, content.subject, lines.cuts, lines.intros)
            return lines
    plain = _within_bounds(plain, content.warnings)
    content.text = plain
    content.new_text, seen = parted(plain, content.subject)
    if html and answers and not seen:
        lines = to_lines(html)
        by_html, seen = parted(lines.text, content.subject, lines.cuts, lines.intros)
        if seen and len(by_html) < len(content.new_text):
            content.new_text = storable(by_html)
    return None


def _is_stub(plain: str) -> bool:
    """ "Your program cannot show HTML": no text of its own."""
    return len(plain) < 300 and plain.count("\n") < 6 and _STUB.search(plain) is not None


def _joined(texts: list[str]) -> str:
    return "\n\n".join(text for text in texts if text.strip())


def _text_of(mail: Mail, part: Part) -> str:
    content = mail.content(part)
    if part.type == "text/html":
        return _html_text(mail, content, part)
    text = with_plain_ends(decode(content, part.params.get("charset", ""), mail.warnings))
    if part.params.get("format", "").lower() == "flowed":
        text = unflowed(text, part.params.get("delsp", "").lower() == "yes")
    return text.strip("\n").rstrip()


def _html_text(mail: Mail, content: bytes, part: Part) -> str:
    label = part.params.get("charset", "")
    if codec(label) in ("", "ascii"):
        meta = _META.search(content, 0, 2_048)
        label = meta[1].decode("ascii") if meta and codec(meta[1].decode("ascii")) else label
    return with_plain_ends(decode(content, label, mail.warnings))


def _html_of(mail: Mail, bodies: Bodies) -> str:
    """The HTML body; texts standing between HTML parts (Apple Mail, list footers) keep their place."""
    if not any(part.type == "text/html" for part in bodies.html):
        return ""
    pieces: list[str] = []
    for part in bodies.html:
        text = _text_of(mail, part)
        if part.type != "text/html" and text.strip():
            text = f'<div style="white-space:pre-wrap">{escape(text)}</div>'
        if text.strip():
            pieces.append(text)
    return "\n".join(pieces)


def _attachments(mail: Mail, bodies: Bodies, html: str) -> list[Attached]:
    shown = frozenset(_cid(found) for found in _CID.findall(html)) if "cid:" in html.lower() else frozenset()
    if len(bodies.attachments) > MOST_ATTACHMENTS:
        mail.warnings.append(
            f"attachments: {len(bodies.attachments)}, the first {MOST_ATTACHMENTS} were kept"
        )
    files = [attach_part(mail, part, shown) for part in bodies.attachments[:MOST_ATTACHMENTS]]
    return _without_twins(files) if bodies.twins else files


def _cid(found: str) -> str:
    from urllib.parse import unquote

    return unquote(found)


def _without_twins(files: list[Attached]) -> list[Attached]:
    """Apple Mail and others repeat the same file in each branch of an alternative."""
    kept: dict[tuple[str, str], Attached] = {}
    for file in files:
        twin = kept.get((file.sha256, file.name))
        if twin is None or (file.inline and not twin.inline):
            kept[file.sha256, file.name] = file
    return list(kept.values())


def _open_containers(content: Content, lines: HtmlLines | None) -> None:
    """What hides in the text or in a file: uuencoded files, winmail.dat, invitations, forwarded mails."""
    if lines is None and uuencoded.may_hold(content.text):
        text, files = uuencoded.taken_out(content.text)
        content.text, content.new_text = text, new_text(text, content.subject)
        content.attachments += files
    _open_tnef(content)
    _add(content, [calendar.readable(file) for file in content.attachments if calendar.is_calendar(file)][:5])
    own_words = content.new_text
    _add(content, [forwarded.readable(file) for file in content.attachments if forwarded.is_mail(file)][:20])
    content.new_text = own_words or content.new_text


def _open_tnef(content: Content) -> None:
    files: list[Attached] = []
    for file in content.attachments:
        opened = tnef.opened(file) if tnef.is_tnef(file) else None
        if opened is None:
            files.append(file)
            continue
        content.warnings += opened.warnings
        files += opened.attachments or ([] if opened.text or opened.html else [file])
        if not content.text.strip():
            _take_body(content, opened.text, opened.html)
    content.attachments = files


def _take_body(content: Content, text: str, html: str) -> None:
    content.html = content.html or html
    content.text = text or storable(to_lines(html).text)
    content.new_text = new_text(content.text, content.subject)


def _add(content: Content, texts: list[str]) -> None:
    for text in texts:
        if not text:
            continue
        content.text = f"{content.text}\n\n{text}" if content.text.strip() else text
        content.new_text = f"{content.new_text}\n\n{text}" if content.new_text.strip() else text


def _within_bounds(text: str, warnings: list[str]) -> str:
    if len(text) <= LONGEST_TEXT:
        return text
    warnings.append(f"text: {len(text)} characters, the first {LONGEST_TEXT} were kept")
    return text[:LONGEST_TEXT]


def _bound(content: Content) -> None:
    content.warnings[:] = list(dict.fromkeys(content.warnings))[:50]
    content.text = _within_bounds(content.text, content.warnings)
    content.new_text = content.new_text[:LONGEST_TEXT]
    if len(content.html) >= LONGEST_HTML:
        content.warnings.append(f"html: the first {LONGEST_HTML} characters were kept")
