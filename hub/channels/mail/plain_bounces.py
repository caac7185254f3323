"""Bounces written for people only: qmail, Exim, old Exchange, Postfix and Gmail without a delivery report."""

from __future__ import annotations

import re

from hub.channels.mail.addresses import normalised
from hub.channels.mail.automatic import is_daemon, says_away
from hub.channels.mail.bounces import Report, Reports
from hub.channels.mail.headers import Headers, message_id, message_ids
from hub.channels.mail.tokens import without_token
from hub.channels.text import one_line, shortened

_LONGEST = 30_000
_MOST = 100
_FAILED = re.compile(
    r"undeliver(?:able|ed)|undelivered mail|delivery (?:status notification|failure|failed|has failed|incomplete)|"
    r"mail delivery (?:failed|system)|failure notice|returned mail|returned to sender|non remis|nicht zugestellt|"
    r"unzustellbar|"
    r"no se (?:ha )?pud?o entregar|no se ha podido entregar|no (?:ha sido )?entregado|mensaje no entregado|"
    r"error de entrega|devoluci[óo]n de correo|non recapitabile|could not be delivered|couldn't be delivered|"
    r"wasn't able to deliver|was not delivered|not been delivered|message you sent blocked|"
    r"did not reach|n'a pas pu être|não foi possível entregar|"
    r"address rejected",
    re.IGNORECASE,
)
_DELAYED = re.compile(
    r"delay(?:ed)? (?:\d|mail|notification|\()|\(delay\)|warning: (?:could not|message)|still being retried|"
    r"will (?:be retried|keep trying)|"
    r"has not yet been delivered|delivery attempts will continue|"
    r"you do not need to resend|entrega retrasada|se seguir[áa] intentando|delivery is delayed|has been delayed",
    re.IGNORECASE,
)
_COPY = re.compile(
    r"^(?:-+\s*(?:below this line|this is a copy|original message|the body of the message|returned message|transcript|"
    r"the header of the original|message header follows|mensaje original)[^\n]*|original message headers:?|"
    r"encabezados (?:de )?mensaje original(?:es)?:?|---- message text follows[^\n]*)$",
    re.IGNORECASE | re.MULTILINE,
)
_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,100}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}"
)
_OPENING = re.compile(
    r"^[ \t]*<?([^\s<>@]{1,100}@[^\s<>@:,;]{3,255}?)>?:?[ \t]*(?:\(|$|host |unable|user |:|\d{3}[ -])",
    re.MULTILINE,
)
_REPLY = re.compile(
    r"(?:^|[^\d.])([45]\d\d)(?:: | - |[ -])(?:[#(]?([45]\.\d{1,3}\.\d{1,3})\b)?[^\n]{0,400}|"
    r"\b([45]\.\d{1,3}\.\d{1,3})\b[^\n]{0,300}"
)
# Of our own header, when nothing says that a copy begins: who it names besides its recipients.
_OTHER_FIELDS = re.compile(
    r"^[ \t>]*(?:message-id|from|sender|reply-to|references|in-reply-to|return-path|received|list-[a-z-]{1,40}|"
    r"x-[a-z-]{1,60}|dkim-signature|authentication-results)[ \t]*:[^\n]*(?:\n[ \t]+[^\n]*)*",
    re.IGNORECASE | re.MULTILINE,
)
_RETURNED_ID = re.compile(
    r"^[ \t>]*message-id:[ \t]*(?:\n[ \t]+)?(<[^<>\n]{3,500}>)", re.IGNORECASE | re.MULTILINE
)
_SERVER = re.compile(
    r"(?:mailer-?daemon|postmaster|mail-?delivery|mail-?daemon|double-bounce|bounces?|microsoftexchange[0-9a-f]{32}|"
    r"system-?administrator|administrator)(?:[-+._=].*)?@",
    re.IGNORECASE,
)


def read_plain_bounce(
    headers: Headers, sender: str, subject: str, text: str, returned: Headers | None, our_address: str
) -> Reports | None:
    """The failed recipients of a bounce in words; None when the mail is no bounce."""
    if not _comes_from_a_machine(headers, sender) or says_away(subject[:300]):
        return None
    head = text[:_LONGEST]
    cut = _COPY.search(head)
    words = head[: cut.start()] if cut else head
    told = (_FAILED, subject), (_FAILED, head[:3_000]), (_DELAYED, subject)
    if not (any(sign.search(place) for sign, place in told) or "x-failed-recipients" in headers):
        return None
    if not (_comes_from_a_mail_server(headers, sender) or _speaks_smtp(words, returned, text)):
        return None  # a parcel that could not be delivered, a ticket system that repeats our words
    delayed = bool(_DELAYED.search(subject) or _DELAYED.search(words[:3_000]))
    recipients = _recipients(headers, words, our_address, sender)
    if not recipients:
        return None
    reports = tuple(_report(words, recipient, delayed) for recipient in recipients[:_MOST])
    return Reports(reports, _about(headers, returned, text), returned)


def _comes_from_a_machine(headers: Headers, sender: str) -> bool:
    if "x-failed-recipients" in headers:
        return True
    path = headers.raw("return-path").replace(b" ", b"").strip()
    return path == b"<>" or is_daemon(sender) or not sender or "auto-submitted" in headers


def _comes_from_a_mail_server(headers: Headers, sender: str) -> bool:
    path = headers.raw("return-path").replace(b" ", b"").strip()
    return (
        path == b"<>" or not sender or "x-failed-recipients" in headers or _SERVER.match(sender) is not None
    )


def _speaks_smtp(words: str, returned: Headers | None, text: str) -> bool:
    return returned is not None or _REPLY.search(words) is not None or _RETURNED_ID.search(text) is not None


def _recipients(headers: Headers, words: str, our_address: str, sender: str) -> list[str]:
    named = _ADDRESS.findall(headers.text("x-failed-recipients"))
    found = named or [match[1] for match in _OPENING.finditer(words)]
    found = found or _ADDRESS.findall(_OTHER_FIELDS.sub("", words))
    ours = {our_address.lower(), sender.lower()}
    clean = [normalised(address.strip("<>.,;:'\"")) for address in found]
    return [
        each
        for each in dict.fromkeys(clean)
        if without_token(each) not in ours and "@" in each and not is_daemon(each)
    ]


def _report(words: str, recipient: str, delayed: bool) -> Report:
    place = max(words.lower().find(recipient), 0)
    said = _REPLY.search(words, place) or _REPLY.search(words)
    status = ""
    if said:
        status = said[2] or said[3] or (f"{said[1][0]}.0.0" if said[1] else "")
    reason = shortened(one_line(said[0]), 1_000) if said else _sentence_after(words, place + len(recipient))
    delayed = delayed and not status.startswith("5")
    return Report(
        state="delayed" if delayed else "failed",
        recipient=recipient,
        permanent=not delayed and not status.startswith("4"),
        status_code=status,
        reason=reason,
    )


def _sentence_after(words: str, place: int) -> str:
    lines = [line.strip(" :<>") for line in words[place : place + 1_000].split("\n")]
    return shortened(one_line(next((line for line in lines if len(line) > 3), "")), 500)


def _about(headers: Headers, returned: Headers | None, text: str) -> str:
    if returned is not None and (found := message_id(returned.raw("message-id"))):
        return found
    inside = _RETURNED_ID.search(text)
    if inside:
        return message_id(inside[1].encode())
    answered = message_ids(headers.all("in-reply-to") or headers.all("references"))
    return answered[-1] if answered else ""
