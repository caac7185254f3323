"""Which parts of a mail are its text and which are attachments: the algorithm of RFC 8621 §4.1.4, without recursion."""

from __future__ import annotations

from dataclasses import dataclass, field

from hub.channels.mail.mime import Mail, Part

_MEDIA = ("image/", "audio/", "video/")
_TEXT = ("text/plain", "text/html")
# Alternatives that only a watch or a mail program of one kind reads.
_SPARE = {"text/x-amp-html", "text/watch-html"}
_NO_BODY = {
    "text/calendar",
    "text/vcard",
    "text/x-vcard",
    "text/directory",
    "text/csv",
    "text/rfc822-headers",
}


@dataclass(slots=True)
class Bodies:
    """Leaves of a mail: what to show as text, what to show as HTML, and the rest; each in document order."""

    text: list[Part] = field(default_factory=list)
    html: list[Part] = field(default_factory=list)
    attachments: list[Part] = field(default_factory=list)
    twins: bool = False  # an alternative holds attachments in more than one branch


@dataclass(slots=True)
class _Frame:
    """One multipart being sorted. `text` and `html` are None once the other form was chosen here."""

    parts: list[Part]
    kind: str
    in_alternative: bool
    text: list[Part] | None
    html: list[Part] | None
    position: int = 0
    text_before: int = 0
    html_before: int = 0


def sort_parts(mail: Mail) -> Bodies:
    """The mail's leaves, sorted."""
    found = Bodies()
    stack = [_frame([mail.root], "mixed", False, found.text, found.html)]
    while stack:
        frame = stack[-1]
        if frame.position < len(frame.parts):
            part = frame.parts[frame.position]
            first = frame.position == 0
            frame.position += 1
            if part.is_multipart:
                stack.append(_inside(frame, part))
            else:
                _sort_leaf(part, first, frame, found)
            continue
        _settle_alternative(frame)
        stack.pop()
    if not found.text and not found.html:
        _last_resort(found)
    return found


def _frame(
    parts: list[Part], kind: str, in_alternative: bool, text: list[Part] | None, html: list[Part] | None
) -> _Frame:
    return _Frame(
        parts,
        kind,
        in_alternative,
        text,
        html,
        text_before=-1 if text is None else len(text),
        html_before=-1 if html is None else len(html),
    )


def _inside(frame: _Frame, part: Part) -> _Frame:
    kind = part.type.partition("/")[2]
    parts = _root_first(part) if kind == "related" else part.children
    return _frame(parts, kind, frame.in_alternative or kind == "alternative", frame.text, frame.html)


def _root_first(part: Part) -> list[Part]:
    """RFC 2387: `start` names the root; programs that forget it sometimes put the pictures before the page."""
    wanted = part.params.get("start", "").strip("<> ")
    root = next((each for each in part.children if wanted and _content_id(each) == wanted), None)
    root = root or next(
        (each for each in part.children if each.is_multipart or each.type == "text/html"), None
    )
    if root is None or root is part.children[0]:
        return part.children
    return [root, *(each for each in part.children if each is not root)]


def _content_id(part: Part) -> str:
    return part.headers.text("content-id").strip("<> ")


def _sort_leaf(part: Part, first: bool, frame: _Frame, found: Bodies) -> None:
    if not _is_shown(part, first, frame.kind):
        if part.type not in _SPARE:
            found.attachments.append(part)
            found.twins = found.twins or frame.in_alternative
    elif part.type.startswith(_MEDIA):
        found.attachments.append(part)
        found.twins = found.twins or frame.in_alternative
    elif frame.kind == "alternative":
        _sort_choice(part, frame)
    else:
        if frame.in_alternative:
            frame.html = None if part.type == "text/plain" else frame.html
            frame.text = None if part.type == "text/html" else frame.text
        if frame.text is not None:
            frame.text.append(part)
        if frame.html is not None:
            frame.html.append(part)


def _sort_choice(part: Part, frame: _Frame) -> None:
    chosen = frame.text if part.type == "text/plain" else frame.html
    if chosen is not None:
        chosen.append(part)


def _is_shown(part: Part, first: bool, kind: str) -> bool:
    """Part of the body, not an attachment: by type, place, name and disposition."""
    if part.disposition not in ("", "inline"):
        return False
    media = part.type.startswith(_MEDIA)
    if not media and part.type not in _TEXT:
        return False
    return first or (kind != "related" and (media or not part.declared_name))


def _settle_alternative(frame: _Frame) -> None:
    """Only one form was offered: it stands for the other too."""
    if frame.kind != "alternative" or frame.text is None or frame.html is None:
        return
    new_text, new_html = frame.text[frame.text_before :], frame.html[frame.html_before :]
    if not new_text:
        frame.text += new_html
    elif not new_html:
        frame.html += new_text


def _last_resort(found: Bodies) -> None:
    """A mail whose only text is of another text/ type (Markdown, enriched): show that."""
    for part in found.attachments:
        if (
            part.type.startswith("text/")
            and part.type not in _NO_BODY
            and part.disposition in ("", "inline")
            and not part.declared_name
        ):
            found.text.append(part)
            found.html.append(part)
            found.attachments.remove(part)
            return
