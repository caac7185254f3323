"""A mail's tree of parts (RFC 5322, 2045–2046): one pass over its bytes, never recursive, never raising."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from hub.channels.mail.headers import MOST_FIELDS, Headers
from hub.channels.mail.params import Parameters, read_params
from hub.channels.mail.transfer import undone

MOST_PARTS = 20_000
_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)(?:\n|$)")
_LINE = re.compile(rb"[^\n]*(?:\n|$)")
_DASHES = re.compile(rb"^--[^\r\n]*", re.MULTILINE)
_KNOWN = re.compile(
    rb"(?:(?:content|x|list|arc|dkim|received|resent|mime|return|message|in-reply|auto|reply|thread|delivered)-?[a-z-]*"
    rb"|from|to|cc|bcc|subject|date|references|sender|precedence|importance|user-agent)[ \t]*:",
    re.IGNORECASE,
)
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,100}/[a-z0-9!#$&^_.+-]{1,150}")
_FAMILIES = (
    "text/",
    "multipart/",
    "application/",
    "image/",
    "message/",
    "audio/",
    "video/",
    "font/",
    "model/",
    "x-",
)
_MISSPELT = {"plain": "text/plain", "text": "text/plain", "html": "text/html"}  # plain/text, ext/html
_HIDDEN_BOUNDARY = re.compile(
    rb"^--([^\r\n]{1,200}?)[ \t]*\r?\ncontent-[a-z-]+[ \t]*:", re.MULTILINE | re.IGNORECASE
)
_ENCODING_ENDS = re.compile(rb"[;(\s]")
_MBOX = re.compile(rb">?From (?![ \t]*:)")  # "From : …" is RFC 822's way to write a field
_MOST_JUNK_LINES = 50
_MOST_MENDED = 10


@dataclass(slots=True)
class Part:
    """One node. `start` and `end` are its body in `Mail.source`; `children` only for a multipart."""

    headers: Headers
    start: int
    end: int
    type: str
    params: Parameters
    disposition: str
    disposition_params: Parameters
    children: list[Part] = field(default_factory=list)
    boundary: bytes = b""

    @property
    def is_multipart(self) -> bool:
        return bool(self.boundary)

    @property
    def declared_name(self) -> str:
        """The file name it came with, decoded, not yet safe; "" when it has none."""
        return self.disposition_params.get("filename", "") or self.params.get("name", "")


@dataclass(slots=True)
class Mail:
    """A mail's root part over its bytes, and what was odd about it."""

    source: bytes
    root: Part
    warnings: list[str]
    _decoded: dict[int, bytes] = field(default_factory=dict)

    def content(self, part: Part) -> bytes:
        """The decoded bytes of a leaf, decoded once."""
        if id(part) not in self._decoded:
            self._decoded[id(part)] = self._undone(part)
        return self._decoded[id(part)]

    def leaves(self) -> Iterator[Part]:
        """The parts that hold content, in document order."""
        waiting = [self.root]
        while waiting:
            part = waiting.pop()
            if part.is_multipart:
                waiting += reversed(part.children)
            else:
                yield part

    def _undone(self, part: Part) -> bytes:
        raw = self.source[part.start : part.end]
        encoding = part.headers.raw("content-transfer-encoding")
        if not encoding:
            return raw
        name = _ENCODING_ENDS.split(encoding.strip(), 1)[0].strip(b"\"'").lower().decode("ascii", "replace")
        return undone(raw, name, self.warnings)


def read_mail(source: bytes) -> Mail:
    """The tree of a mail. Its size is bounded by MOST_PARTS; depth is not bounded and costs nothing."""
    source = _readable(source)
    start = _skipped_lead(source, 0)
    warnings: list[str] = []
    root = _opened(source, start, frozenset(), "text/plain")
    if root.headers.count > MOST_FIELDS:
        warnings.append(f"headers: {root.headers.count} fields, the first {MOST_FIELDS} were read")
    root.end = len(source)
    if root.is_multipart:
        _walk(source, root, warnings)
        _mend_childless(source, root, warnings)
    return Mail(source, root, warnings)


def _readable(source: bytes) -> bytes:
    if source.startswith((b"\xff\xfe", b"\xfe\xff")):
        whole = source.decode("utf-16", "replace").encode("utf-8", "replace")
        source = whole if b"\x00" in source[:8_192] else source[2:]
    if b"\n" not in source:
        source = source.replace(b"\r", b"\n")
    return source.removeprefix(b"\xef\xbb\xbf")


def _skipped_lead(source: bytes, start: int) -> int:
    """Past empty lines and the `From ` line of an mbox."""
    while start < len(source) and source[start] in b"\r\n":
        start += 1
    if _MBOX.match(source, start):
        end = source.find(b"\n", start)
        return len(source) if end < 0 else end + 1
    return start


@dataclass(slots=True)
class _Open:
    """A multipart being read: `leaf` is the child whose body runs now."""

    part: Part
    leaf: Part | None = None


def _walk(source: bytes, root: Part, warnings: list[str]) -> None:
    stack = [_Open(root)]
    depths: dict[bytes, list[int]] = {root.boundary: [0]}
    count = 0
    position = root.start
    for line in _DASHES.finditer(source, root.start, root.end):
        if line.start() < position:  # inside the header block of the part that was just opened
            continue
        boundary, closing = _boundary(line[0], depths)
        if boundary is None:
            continue
        depth = depths[boundary][-1]
        _close_above(source, stack, depths, depth, line.start())
        position = line.end()
        if closing:
            continue
        count += 1
        if count > MOST_PARTS:
            warnings.append(f"parts: more than {MOST_PARTS}, the rest was not read")
            break
        position = _next_part(source, stack, depths, line.end())
    _close_above(source, stack, depths, 0, root.end)


def _boundary(line: bytes, depths: dict[bytes, list[int]]) -> tuple[bytes | None, bool]:
    name = line[2:].rstrip(b" \t")
    if name in depths:
        return name, False
    if name.endswith(b"--") and name[:-2] in depths:
        return name[:-2], True
    return None, False


def _close_above(
    source: bytes, stack: list[_Open], depths: dict[bytes, list[int]], depth: int, end: int
) -> None:
    """Everything deeper than `depth` ends here; a multipart with its end missing ends with its parent."""
    end = _before_line_end(source, end)
    while True:
        top = stack[-1]
        if top.leaf is not None:
            top.leaf.end = max(top.leaf.start, end)
            top.leaf = None
        if len(stack) - 1 <= depth:
            return
        top.part.end = max(top.part.start, end)
        stack.pop()
        depths[top.part.boundary].pop()
        if not depths[top.part.boundary]:
            del depths[top.part.boundary]


def _before_line_end(source: bytes, end: int) -> int:
    if end < len(source) and end and source[end - 1] == 10:
        end -= 1
        if end and source[end - 1] == 13:
            end -= 1
    return end


def _next_part(source: bytes, stack: list[_Open], depths: dict[bytes, list[int]], line_end: int) -> int:
    """Open the part after a boundary line; returns where its body begins."""
    start = source.find(b"\n", line_end)
    start = len(source) if start < 0 else start + 1
    parent = stack[-1]
    default = "message/rfc822" if parent.part.type == "multipart/digest" else "text/plain"
    part = _opened(source, start, depths.keys(), default)
    parent.part.children.append(part)
    if part.is_multipart:
        stack.append(_Open(part))
        depths.setdefault(part.boundary, []).append(len(stack) - 1)
    else:
        parent.leaf = part
    return part.start


def _opened(source: bytes, start: int, open_boundaries: object, default: str) -> Part:
    headers, body = read_headers(source, start, open_boundaries)
    kind, params = read_params(headers.raw("content-type")) if "content-type" in headers else (default, {})
    disposition, disposition_params = (
        read_params(headers.raw("content-disposition")) if "content-disposition" in headers else ("", {})
    )
    kind = _mended_type(kind, default)
    part = Part(headers, body, body, kind, params, disposition, disposition_params)
    if kind.startswith("multipart/"):
        part.boundary = _declared_boundary(params) or _hidden_boundary(source, body)
        part.type = kind if part.boundary else "text/plain"
    return part


def _mended_type(kind: str, default: str) -> str:
    if _TYPE.fullmatch(kind):
        return kind if kind.startswith(_FAMILIES) else _MISSPELT.get(kind.partition("/")[2], kind)
    return {"text": "text/plain", "html": "text/html", "pdf": "application/pdf"}.get(kind, default)


def _declared_boundary(params: Parameters) -> bytes:
    return params.get("boundary", "").encode("utf-8", "replace").rstrip()[:300]


def _hidden_boundary(source: bytes, start: int) -> bytes:
    """The boundary nobody declared: the first `--line` followed by a Content- field."""
    found = _HIDDEN_BOUNDARY.search(source, start, start + 20_000)
    return found[1] if found else b""


def _mend_childless(source: bytes, root: Part, warnings: list[str]) -> None:
    """A multipart whose boundary never came: find the real one, else its body is text."""
    waiting = [root]
    mended = 0
    while waiting:
        part = waiting.pop()
        if part.is_multipart and not part.children:
            mended += 1
            hidden = _hidden_boundary(source[: part.end], part.start) if mended <= _MOST_MENDED else b""
            if hidden:
                warnings.append("multipart: wrong boundary")
                part.boundary = hidden
                _walk(source[: part.end], part, warnings)
            if not part.children:
                warnings.append("multipart: no parts")
                part.boundary, part.type = b"", "text/plain"
        waiting += part.children


def read_headers(source: bytes, start: int, open_boundaries: object = frozenset()) -> tuple[Headers, int]:
    """`(fields, where the body begins)`; a block without its empty line ends where no field is."""
    headers = Headers()
    last = b""
    junk = 0
    while start < len(source):
        if source.startswith((b"\n", b"\r\n"), start):
            return headers, start + (1 if source[start] == 10 else 2)
        if source.startswith(b"--", start) and _is_open(source, start, open_boundaries):
            return headers, start
        found = _FIELD.match(source, start)
        if found is not None:
            last = found[1]
            headers.add(last, found[2])
            start = found.end()
            continue
        end = _LINE.match(source, start).end()  # type: ignore[union-attr]
        junk += 1
        if junk > _MOST_JUNK_LINES or not _goes_on(source, end):
            return headers, start
        headers.continue_last(last, source[start:end].strip())
        start = end
    return headers, start


def _is_open(source: bytes, start: int, open_boundaries: object) -> bool:
    line = _LINE.match(source, start)[0].strip()[2:]  # type: ignore[index]
    known: frozenset[bytes] = open_boundaries  # type: ignore[assignment]
    return line in known or line.removesuffix(b"--") in known


def _goes_on(source: bytes, start: int) -> bool:
    """Does a well-known field follow? Then the line before it was a damaged header, not the body."""
    return _KNOWN.match(source, start, start + 200) is not None
