"""From a mail's bytes to facts: a message, what became of one of ours, or nothing of use."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from hub.channels.base import Raw
from hub.channels.facts import AnyFact, DeliveryReported, Ignored, MessageReceived, Party, Unreadable
from hub.channels.mail.addresses import normalised, read_addresses
from hub.channels.mail.authentication import is_verified
from hub.channels.mail.automatic import is_daemon, recognise
from hub.channels.mail.bounces import Reports, is_junk_report, read_reports, returned_headers
from hub.channels.mail.content import Content, read_content
from hub.channels.mail.headers import Headers, message_id, message_ids, read_date
from hub.channels.mail.mime import Mail, read_mail
from hub.channels.mail.plain_bounces import read_plain_bounce
from hub.channels.mail.reaching import bounce_token_of, reached_on
from hub.channels.mail.smime import unwrapped
from hub.channels.mail.tokens import reply_token, without_token
from hub.channels.mail.words import header_text
from hub.channels.outgoing import Line
from hub.plumbing.texts import DEFAULT, speaking

# As deliveries/queueing makes them; colleagues' own programs write ids of the same domain.
_OUR_ID = re.compile(r"\d+\.\d+\.[0-9a-f]{8,64}@")
_SENDER_FIELDS = ("from", "sender", "resent-from", "reply-to", "return-path", "x-sender")


def read_facts(raw: Raw, line: Line) -> list[AnyFact]:
    """The facts of one mail. What damaged bytes can raise is the caller's to turn into Unreadable."""
    if not raw.body.strip():
        return [Unreadable(key=raw_key(raw), reason="empty")]
    mail = unwrapped(read_mail(raw.body))
    if not mail.root.headers.count:
        return [Unreadable(key=raw_key(raw), reason="no mail: it has no header")]
    sent_by_us = _sent_by_us(mail.root.headers, line)
    if sent_by_us:
        return [Ignored(key=raw_key(raw), reason=sent_by_us)]
    reports = read_reports(mail)
    if reports is not None and _reports_itself(raw, mail):
        return _report_facts(raw, mail, reports)
    with speaking(
        str(line.settings.get("language") or DEFAULT)
    ):  # words of ours: "When: …", "Forwarded message"
        content = read_content(mail)
    message = _message(raw, line, mail, content)
    reports = _plain_bounce(mail, message, line)
    return [message] if reports is None else _report_facts(raw, mail, reports)


def _reports_itself(raw: Raw, mail: Mail) -> bool:
    """A person may forward a delivery report with words of their own: that is a message."""
    headers = mail.root.headers
    parties, _ = read_addresses(headers.all("from"))
    return (
        mail.root.type in ("multipart/report", "message/delivery-status")
        or "auto-submitted" in headers
        or headers.raw("return-path").replace(b" ", b"").strip() == b"<>"
        or raw.envelope.get("mail_from", "?").strip("<> ") == ""
        or any(is_daemon(party.address) for party in parties)
        or is_junk_report(headers)
    )


def raw_key(raw: Raw) -> str:
    """The name of bytes that are no mail, or a mail without an id."""
    return f"raw:{hashlib.sha256(raw.body).hexdigest()}"


def _sent_by_us(headers: Headers, line: Line) -> str:
    """Only an id of our own making proves it; a From or a domain that is ours proves nothing."""
    marks = line.settings.get("own_message_ids") or ()
    for suffix in [marks] if isinstance(marks, str) else marks:
        for name in ("message-id", "x-dialogo-id"):
            mine = message_id(headers.raw(name)).lower()
            if suffix and mine.endswith(str(suffix).lower()) and _OUR_ID.match(mine):
                return "sent by us"
    return ""


def _message(raw: Raw, line: Line, mail: Mail, content: Content) -> MessageReceived:
    headers = mail.root.headers
    reply_to, _ = read_addresses(headers.all("reply-to"))
    shown = _sender(raw, headers, content.warnings)
    sender = _writer_behind(shown, headers, reply_to, normalised(line.address))
    if sender is not shown:
        content.warnings.append("from: our own address, taken from reply-to")
    own_domain = line.address.rpartition("@")[2].lower()
    machine = recognise(
        headers,
        sender.address,
        content.subject,
        own_domain=own_domain,
        mail_from=raw.envelope.get("mail_from"),
        reply_elsewhere=any(party.address != sender.address for party in reply_to),
    )
    from_ourselves = bool(line.address) and sender.address == normalised(line.address)
    if from_ourselves:
        content.warnings.append("from: our own address")
    if "@" in sender.name and sender.address not in sender.name.lower():
        content.warnings.append("from: the name shows another address")
    reached = reached_on(raw.envelope, headers, line.address)
    to, cc = _list(headers, "to", content.warnings), _list(headers, "cc", content.warnings)
    return MessageReceived(
        key=mail_key(raw, mail),
        external_id=message_id(headers.raw("message-id")),
        sender=sender,
        to=to,
        cc=cc,
        reply_to=reply_to,
        subject=content.subject,
        text=content.text,
        new_text=content.new_text,
        html=content.html,
        date=read_date(headers.raw("date")),
        in_reply_to=next(iter(message_ids(headers.all("in-reply-to"))), ""),
        references=message_ids(headers.all("references")),
        automatic=machine.automatic or from_ourselves,
        attachments=tuple(content.attachments),
        bulk=machine.bulk,
        out_of_office=machine.out_of_office,
        verified=sender is shown and _verified(headers, line, sender.address),
        warnings=tuple(content.warnings),
        reached=reached,
        proof=_proof(reached, (*to, *cc)),
    )


def _sender(raw: Raw, headers: Headers, warnings: list[str]) -> Party:
    """The first From; without one, whoever else the mail or its envelope names. May be empty."""
    for name in _SENDER_FIELDS:
        parties, _ = read_addresses(headers.all(name))
        usable = [party for party in parties if "@" in party.address]
        if usable:
            if name == "from" and len(parties) > 1:
                warnings.append("from: several senders, the first was taken")
            if name != "from":
                warnings.append(f"from: missing, taken from {name}")
            return usable[0]
    warnings.append("from: missing")
    envelope = raw.envelope.get("mail_from", "").strip("<> ")
    return Party(normalised(envelope), header_text(headers.raw("from"), 500)[:200])


def _writer_behind(shown: Party, headers: Headers, reply_to: tuple[Party, ...], ours: str) -> Party:
    """Our own group or web form puts our address into From and the person into another field."""
    if not ours or shown.address != ours:
        return shown
    original, _ = read_addresses(headers.all("x-original-from") or headers.all("x-original-sender"))
    others = [
        party
        for party in (*original, *reply_to)
        if "@" in party.address and without_token(party.address) != ours
    ]
    return others[0] if others else shown


def _list(headers: Headers, name: str, warnings: list[str]) -> tuple[Party, ...]:
    parties, cut = read_addresses(headers.all(name))
    if cut:
        warnings.append(f"{name}: too many addresses, the first {len(parties)} were kept")
    return parties


def _proof(reached: str, shown: tuple[Party, ...]) -> str:
    """Our token in the address that reached us, else in one of the addresses the mail shows."""
    candidates = (reached, *(party.address for party in shown))
    return next((token for each in candidates if (token := reply_token(each))), "")


def _verified(headers: Headers, line: Line, sender: str) -> bool:
    if len(headers.all("from")) != 1 or len(read_addresses(headers.all("from"))[0]) != 1:
        return False
    authserv_id = str(line.settings.get("authserv_id") or "")
    return is_verified(headers.all("authentication-results"), authserv_id, sender)


def mail_key(raw: Raw, mail: Mail) -> str:
    """INVARIANTS §3: the same id with another content is another mail. Nothing our own reading makes of it counts,
    so that a better parser tomorrow finds the same key."""
    headers = mail.root.headers
    identity = headers.raw("message-id").strip()
    if not identity:
        return raw_key(raw)
    digest = hashlib.sha256()
    identity = message_id(identity).encode() or identity
    for piece in (identity, *(headers.text(name).encode() for name in ("from", "subject")), *_contents(mail)):
        digest.update(b"%d:" % len(piece))
        digest.update(piece)
    return f"mail:{digest.hexdigest()}"


def _contents(mail: Mail) -> Iterator[bytes]:
    """Decoded parts; texts without what another road changes: line ends and the blanks around."""
    for part in mail.leaves():
        content = mail.content(part)
        yield b" ".join(content.split()) if part.type.startswith("text/") else content


def _plain_bounce(mail: Mail, message: MessageReceived, line: Line) -> Reports | None:
    return read_plain_bounce(
        mail.root.headers,
        message.sender.address,
        message.subject,
        message.text,
        returned_headers(mail),
        normalised(line.address),
    )


def _report_facts(raw: Raw, mail: Mail, reports: Reports) -> list[AnyFact]:
    """One fact a recipient, each with its own key."""
    base = hashlib.sha256(mail.root.headers.raw("message-id").strip() or raw.body).hexdigest()
    token = bounce_token_of(raw.envelope, mail.root.headers, reports.returned)
    facts: list[AnyFact] = []
    for report in {(each.state, each.recipient): each for each in reports.reports}.values():
        key = f"report:{base}:{report.state}:{report.recipient}"
        if not report.state:
            facts.append(Ignored(key=key, reason=f"a report of no use: {report.reason}"))
            continue
        facts.append(
            DeliveryReported(
                key=key,
                state=report.state,
                recipient=report.recipient,
                permanent=report.permanent,
                status_code=report.status_code,
                reason=report.reason,
                message_id=reports.message_id,
                token=token,
            )
        )
    return facts
