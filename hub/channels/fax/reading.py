"""From a gateway's mail to facts: a fax, a fax that failed, or what became of one of ours."""

from __future__ import annotations

import hashlib
from typing import Any

from hub.channels.base import Raw
from hub.channels.email.parsing import mail_key, raw_key
from hub.channels.email.parsing import read_facts as read_mail_facts
from hub.channels.facts import AnyFact, DeliveryReported, MessageReceived, Party, Unreadable
from hub.channels.fax.documents import Documents, read_documents
from hub.channels.fax.trust import is_genuine
from hub.channels.fax.understanding import Understood, understood
from hub.channels.mail.addresses import read_addresses
from hub.channels.mail.bounces import read_reports
from hub.channels.mail.content import Content, read_content
from hub.channels.mail.headers import message_id, message_ids, read_date
from hub.channels.mail.mime import Mail, read_mail
from hub.channels.mail.reaching import bounce_token_of, reached_on
from hub.channels.mail.smime import unwrapped
from hub.channels.outgoing import Line
from hub.plumbing.texts import DEFAULT, _, ngettext, speaking

ANONYMOUS = "anonymous-"
"""A fax without a caller's number is its own stranger: never the same person as the next one."""
_REPORTS = {"delivered": "delivered", "undelivered": "failed", "delayed": "delayed"}


def read_facts(raw: Raw, line: Line) -> list[AnyFact]:
    """The facts of one mail. What damaged bytes can raise is the caller's to turn into Unreadable."""
    mail = unwrapped(read_mail(raw.body))
    if not raw.body.strip() or not mail.root.headers.count:
        return [Unreadable(key=raw_key(raw), reason="no mail: it has no header")]
    if read_reports(mail) is not None:  # the mail that carried our fax came back
        return read_mail_facts(raw, line)
    with speaking(str(line.settings.get("language") or DEFAULT)):
        content = read_content(mail)
        parties, _cut = read_addresses(mail.root.headers.all("from"))
        sender = parties[0] if parties else Party("")
        found = understood(content.subject, content.text, sender.address, sender.name, line)
        if found is not None and found.state in _REPORTS:
            return [_report(raw, mail, found, line)]
        if found is None and not content.attachments:
            return _no_fax(raw, mail, line)
        return [_fax(raw, mail, content, found, line)]


def _report(raw: Raw, mail: Mail, found: Understood, line: Line) -> DeliveryReported:
    """Ours is found by our token: in the subject the gateway repeats, or in the address it answers to."""
    headers = mail.root.headers
    named = message_ids([*headers.all("in-reply-to"), *headers.all("references")])
    return DeliveryReported(
        key=f"report:{mail_key(raw, mail)}",
        state=_REPORTS[found.state],
        recipient=found.to,
        permanent=found.state == "undelivered",
        reason=found.reason,
        message_id=named[0] if named else "",
        provider_id=found.token,
        token=bounce_token_of(raw.envelope, headers, None),
        by_recipient=bool(found.to) and is_genuine(raw, headers, line),
    )


def _no_fax(raw: Raw, mail: Mail, line: Line) -> list[AnyFact]:
    """A bounce in a server's own words is a report; any other mail is kept as one, aside, and says so."""
    facts = read_mail_facts(raw, line)
    if all(isinstance(fact, DeliveryReported) for fact in facts):
        return facts
    message = _fax(raw, mail, read_content(mail), None, line)
    return [message]


def _fax(raw: Raw, mail: Mail, content: Content, found: Understood | None, line: Line) -> MessageReceived:
    key, headers = mail_key(raw, mail), mail.root.headers
    documents = read_documents(content.attachments)
    known = found or Understood(provider="", state="received")
    warnings = [*content.warnings, *documents.warnings, *_mismatch(known, documents)]
    if found is None:
        warnings.append("fax: the layout of this mail is not known, add a pattern")
    caller = known.caller
    return MessageReceived(
        key=key,
        external_id=message_id(headers.raw("message-id")),
        sender=Party(caller) if caller else _stranger(key),
        to=_reached(known, mail, line),
        subject=content.subject,
        text=content.text,
        new_text=_words(known, documents),
        date=read_date(headers.raw("date")),
        automatic=found is None and not documents.found,
        attachments=tuple(documents.files),
        verified=bool(caller) and not known.doubtful and is_genuine(raw, headers, line),
        warnings=tuple(warnings),
        reached=reached_on(raw.envelope, headers, line.address),
        details={"fax": _details(known, documents)},
    )


def _reached(known: Understood, mail: Mail, line: Line) -> tuple[Party, ...]:
    """The fax number that was dialled; else our own; else where the gateway's mail went."""
    ours = known.to or str(line.settings.get("number") or line.address)
    return (Party(ours),) if ours else read_addresses(mail.root.headers.all("to"))[0]


def _stranger(key: str) -> Party:
    name = hashlib.sha256(key.encode()).hexdigest()[:16]
    return Party(f"{ANONYMOUS}{name}", _("Unknown fax number"))


def _details(known: Understood, documents: Documents) -> dict[str, Any]:
    pages = known.pages if known.pages is not None else documents.pages or None
    told: dict[str, Any] = {
        "caller": known.caller or known.caller_said,
        "csid": known.csid,
        "pages": pages,
        "provider": known.provider,
        "state": known.state,
    }
    if known.reason:
        told["reason"] = known.reason
    if known.state == "received" and known.provider and not documents.found:
        told["fetch"] = "login"
    return told


def _mismatch(known: Understood, documents: Documents) -> list[str]:
    if known.pages is None or not documents.pages or known.pages == documents.pages:
        return []
    return [f"pages: {known.pages} announced, the document has {documents.pages}"]


def _words(known: Understood, documents: Documents) -> str:
    """One line for list and bubble, in the line's language."""
    pages = known.pages if known.pages is not None else documents.pages
    if known.state == "failed":
        return _("A fax could not be received: %(reason)s", reason=known.reason or "—")
    if known.state == "error":
        return _(
            "A fax broke off after %(n)s pages: %(reason)s",
            n=documents.pages or pages,
            reason=known.reason or "—",
        )
    if not pages:
        return _("Fax")
    return ngettext("Fax, %(n)s page", "Fax, %(n)s pages", pages)
