"""What became of our mail: delivery reports (RFC 3464), read receipts (RFC 8098), complaints (RFC 5965)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

from hub.channels.mail.addresses import normalised
from hub.channels.mail.headers import Headers, message_id, message_ids
from hub.channels.mail.mime import Mail, Part, read_headers
from hub.channels.mail.words import decode_words, header_text
from hub.channels.text import one_line, shortened

MOST_RECIPIENTS = 500
_MOST_PARTS = 2_000
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_CODE = re.compile(r"(?:^|[^\d.])([45]\d\d)(?=[ -])")
_ACTIONS = {"failed", "delayed", "delivered", "relayed", "expanded"}
_ORIGINALS = {
    "message/rfc822",
    "text/rfc822-headers",
    "message/global",
    "message/global-headers",
    "message/rfc822-headers",
}
_EMPTY_LINES = re.compile(rb"\r?\n[ \t]*\r?\n")


@dataclass(slots=True, frozen=True)
class Report:
    """One recipient's fate. `state` as in facts.DeliveryReported, or "" when the report says nothing of use."""

    state: str
    recipient: str = ""
    permanent: bool = False
    status_code: str = ""
    reason: str = ""


@dataclass(slots=True, frozen=True)
class Reports:
    """All a report mail says; `message_id` names the mail of ours it is about, or is empty."""

    reports: tuple[Report, ...]
    message_id: str = ""
    returned: Headers | None = None


def read_reports(mail: Mail) -> Reports | None:
    """The machine-readable reports of a mail; None when it carries none."""
    parts = list(islice(mail.leaves(), _MOST_PARTS))
    for kind, read in (
        ("message/delivery-status", _delivery),
        ("message/global-delivery-status", _delivery),
        ("message/disposition-notification", _receipt),
        ("message/global-disposition-notification", _receipt),
        ("message/feedback-report", _complaint),
    ):
        found = [part for part in parts if part.type == kind]
        if not found:
            continue
        returned = _returned(mail, parts)
        blocks = [block for part in found[:20] for block in _blocks(mail.content(part))]
        reports = read(blocks, returned)
        if reports:
            return Reports(reports[:MOST_RECIPIENTS], _about(mail, blocks, returned), returned)
    return _junk_report(mail, parts)


def is_junk_report(headers: Headers) -> bool:
    """Microsoft's own subject for them; who forwards one puts a word before it."""
    return headers.text("subject").lower().startswith("complaint about message from")


def _junk_report(mail: Mail, parts: list[Part]) -> Reports | None:
    """Microsoft's Junk Mail Reporting Program: our whole mail, whose header names who complained, and no report."""
    returned = _returned(mail, parts)
    if (
        returned is None
        or "x-hmxmroriginalrecipient" not in returned
        or not is_junk_report(mail.root.headers)
    ):
        return None
    recipient = _typed_address(returned.text("x-hmxmroriginalrecipient"))
    report = Report("complained", recipient, permanent=True, reason="abuse")
    return Reports((report,), _about(mail, [], returned), returned)


def _blocks(content: bytes) -> list[Headers]:
    pieces = _EMPTY_LINES.split(content, MOST_RECIPIENTS * 2)
    return [
        headers
        for headers, _ in (read_headers(piece.lstrip(b"\r\n"), 0) for piece in pieces)
        if headers.count
    ]


def returned_headers(mail: Mail) -> Headers | None:
    """The header of our own mail, when it came back whole or in part."""
    return _returned(mail, list(islice(mail.leaves(), _MOST_PARTS)))


def _returned(mail: Mail, parts: list[Part]) -> Headers | None:
    for part in parts:
        if part.type in _ORIGINALS:
            content = mail.content(part)[:200_000].lstrip(b"\r\n ")
            headers, _ = read_headers(content, 0)
            if headers.count:
                return headers
    return None


def _about(mail: Mail, blocks: list[Headers], returned: Headers | None) -> str:
    if returned is not None and (found := message_id(returned.raw("message-id"))):
        return found
    for name in ("original-message-id", "x-original-message-id"):
        for block in blocks:
            if found := message_id(block.raw(name)):
                return found
    answered = message_ids(mail.root.headers.all("in-reply-to") or mail.root.headers.all("references"))
    return answered[-1] if answered else ""


def _delivery(blocks: list[Headers], returned: Headers | None) -> tuple[Report, ...]:
    reports = [_one_delivery(block) for block in blocks if _names_recipient(block)]
    return tuple(report for report in reports if report.state)


def _names_recipient(block: Headers) -> bool:
    return any(name in block for name in ("final-recipient", "original-recipient", "action"))


def _one_delivery(block: Headers) -> Report:
    diagnostic = _diagnostic(block)
    status = _status(block.text("status")) or _status(diagnostic)
    action = re.split(r"[\s;(]", block.text("action").strip().lower() + " ")[0]
    if action not in _ACTIONS:
        action = {"5": "failed", "4": "delayed", "2": "delivered"}.get(status[:1], "")
    return Report(
        state=action,
        recipient=_recipient(block),
        permanent=action == "failed" and not status.startswith("4"),
        status_code=status,
        reason=diagnostic,
    )


def _diagnostic(block: Headers) -> str:
    text = block.text("diagnostic-code")
    kind, semicolon, rest = text.partition(";")
    said = rest if semicolon and len(kind) < 40 and " " not in kind.strip() else text
    return shortened(one_line(said or block.text("status").partition(" ")[2]), 1_000)


def _status(text: str) -> str:
    found = _STATUS.search(text)
    if found:
        return found[1]
    code = _CODE.search(text)
    return f"{code[1][0]}.0.0" if code else ""


def _recipient(block: Headers) -> str:
    """The address we wrote to: the original one where the report keeps it."""
    for name in ("original-recipient", "final-recipient", "x-actual-recipient", "original-rcpt-to"):
        address = _typed_address(block.text(name))
        if "@" in address:
            return address
    return ""


def _typed_address(text: str) -> str:
    """`rfc822; <ana@x>` without its type."""
    kind, semicolon, rest = text.partition(";")
    address = rest if semicolon and "@" not in kind else text
    return normalised(decode_words(address).strip().strip("<>\"' "))


def _receipt(blocks: list[Headers], returned: Headers | None) -> tuple[Report, ...]:
    reports = []
    for block in blocks:
        if "disposition" not in block:
            continue
        said = block.text("disposition").rpartition(";")[2].strip().lower()
        state = "read" if said.startswith("displayed") else ""
        reports.append(Report(state, _recipient(block), reason=shortened(said, 200)))
    return tuple(reports)


def _complaint(blocks: list[Headers], returned: Headers | None) -> tuple[Report, ...]:
    reports = []
    for block in blocks:
        if "feedback-type" not in block:
            continue
        kind = block.text("feedback-type").strip().lower()
        state = "" if kind in ("not-spam", "auth-failure", "dmarc") else "complained"
        recipient = _recipient(block) or _first_address(returned, "to")
        reports.append(Report(state, recipient, permanent=state == "complained", reason=shortened(kind, 200)))
    return tuple(reports)


def _first_address(headers: Headers | None, name: str) -> str:
    found = (
        re.search(r"[^\s<>,;\"]+@[^\s<>,;\"]+", header_text(headers.raw(name), 2_000)) if headers else None
    )
    return normalised(found[0]) if found else ""
