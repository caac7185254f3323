"""What Twilio tells of SMS, MMS and WhatsApp becomes facts; both kinds share every field but a few.

https://www.twilio.com/docs/messaging/guides/webhook-request
https://www.twilio.com/docs/messaging/guides/track-outbound-message-status
"""

from __future__ import annotations

import re
from mimetypes import guess_extension
from typing import Any

from hub.channels import phone
from hub.channels.base import Raw
from hub.channels.facts import (
    AnyFact,
    DeliveryReported,
    Ignored,
    Media,
    MessageReceived,
    OptedIn,
    OptedOut,
    Party,
    Unreadable,
)
from hub.channels.outgoing import Line
from hub.channels.text import one_line, with_plain_ends
from hub.channels.twilio import form
from hub.channels.twilio_codes import OPTED_OUT, meaning
from hub.plumbing.texts import N_

MOST_MEDIA = 10
LONGEST_SHORT_CODE = 6
NAMELESS = re.compile(
    r"^\s*whatsapp:", re.IGNORECASE
)  # who writes there is a person, with a number or without
Fields = dict[str, str]

STOP = frozenset("STOP STOPALL UNSUBSCRIBE CANCEL END QUIT REVOKE OPTOUT BAJA ALTO PARAR".split())
START = frozenset("START YES UNSTOP ALTA".split())

ENDINGS = {
    "image/jpeg": ".jpg",
    "audio/ogg": ".ogg",
    "audio/mpeg": ".mp3",
}  # others differ by machine, or odd

# Everything before "delivered" proves one thing: Twilio has it.
STATES = {
    "accepted": "sent",
    "scheduled": "sent",
    "queued": "sent",
    "sending": "sent",
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "undelivered": "failed",
    "failed": "failed",
    "canceled": "failed",
}


def read(raw: Raw, line: Line) -> list[AnyFact]:
    """The facts of one request: a message (and perhaps a wish to stop), or a report; never raises."""
    fields = form(raw.body)
    if "MessageStatus" in fields or raw.envelope.get("rest", "").startswith("status/"):
        return [_reported(fields, _token(raw))]
    sid = fields.get("MessageSid") or fields.get("SmsSid") or ""
    if not sid or not phone.SCHEME.sub("", fields.get("From", "")).strip():
        return [Unreadable(reason="no message of Twilio's: MessageSid or From is missing")]
    said = received(fields, sid, line)
    wish = _wish(fields, sid, said.sender)
    return [said, wish] if wish else [said]


def received(fields: Fields, sid: str, line: Line) -> MessageReceived:
    """What a person wrote. A sender that is no number (a short code, a name) is a machine's, but not on WhatsApp."""
    address, is_number = _address(fields["From"], line)
    details = _details(fields)
    text = with_plain_ends(fields.get("Body", "")) or _place_words(details) or details.get("button", "")
    return MessageReceived(
        key=f"msg:{sid}",
        external_id=sid,
        sender=Party(address, one_line(fields.get("ProfileName", ""))[:200]),
        to=(Party(_address(fields.get("To", ""), line)[0]),) if fields.get("To") else (),
        reached=_address(fields.get("To", ""), line)[0],
        text=text,
        new_text=text,
        in_reply_to=fields.get("OriginalRepliedMessageSid", "")[:100],
        automatic=not is_number and not NAMELESS.match(fields["From"]),
        verified=is_number,
        warnings=("charset",) if "\ufffd" in text else (),
        media=_media(fields),
        details={line.kind: details} if details else {},
    )


def stop_word(text: str) -> tuple[str, bool] | None:
    """The word of a message that is nothing else, and whether it says stop; None for every other message."""
    plain = text.strip()
    if not 0 < len(plain) <= 30 or len(plain.split()) != 1:
        return None
    word = "".join(one for one in plain.upper() if one.isalpha())
    if word in STOP:
        return word, True
    return (word, False) if word in START else None


def report_of(
    sid: str, status: str, code: int, *, recipient: str = "", token: str = ""
) -> DeliveryReported | None:
    """What a status of Twilio's says of something we sent; None for one that says nothing."""
    state = STATES.get(status)
    if state is None:
        return None
    known = meaning(code)
    failed = state == "failed"
    words = known.words if known else N_("not delivered; Twilio gives no reason")
    return DeliveryReported(
        key=f"status:{sid}:{status}",
        state=state,
        recipient=phone.key(recipient),
        permanent=failed,
        status_code=str(code) if code else "",
        reason=words if failed else "",
        provider_id=sid,
        token=token,
        dead=failed and known is not None and known.dead,
        only_here=failed and known is not None and known.only_here,
        opted_out=failed and code == OPTED_OUT,
        retry_minutes=known.retry_minutes if failed and known else 0,
    )


def _reported(fields: Fields, token: str) -> AnyFact:
    sid = fields.get("MessageSid") or fields.get("SmsSid") or ""
    status = (
        fields.get("MessageStatus") or fields.get("SmsStatus") or ""
    ).lower()  # the old name, and the older
    code = fields.get("ErrorCode", "")
    if not sid:
        return Unreadable(reason="a report without MessageSid")
    to = phone.SCHEME.sub("", fields.get("To", ""))
    number = int(code) if code.isascii() and code.isdecimal() and len(code) < 10 else 0
    found = report_of(sid, status, number, recipient=to, token=token)
    return found or Ignored(key=f"status:{sid}:{status}", reason=f"the status {status[:40]} changes nothing")


def _token(raw: Raw) -> str:
    """Our own token, from the callback address `status/{token}`."""
    place, _, token = raw.envelope.get("rest", "").partition("/")
    return token if place == "status" else ""


def _wish(fields: Fields, sid: str, sender: Party) -> AnyFact | None:
    """Stop or start, as Twilio's own opt-out handling says, or as the word says."""
    told = fields.get("OptOutType", "").upper()
    word = stop_word(fields.get("Body", ""))
    source = "provider" if told in ("STOP", "START") else "word"
    if told == "STOP" or (word and word[1] and told != "START"):
        return OptedOut(key=f"wish:{sid}", sender=sender, word=word[0] if word else told, source=source)
    if told == "START" or (word and not word[1]):
        return OptedIn(key=f"wish:{sid}", sender=sender, word=word[0] if word else told, source=source)
    return None


def _address(raw: str, line: Line) -> tuple[str, bool]:
    """An E.164 number and true, or whatever else stood there and false."""
    plain = phone.PLUS_LOST.sub("+", phone.SCHEME.sub("", raw))
    if phone.E164.fullmatch(plain):
        return plain, True
    if NAMELESS.match(raw) and any(one.isalpha() for one in plain):
        return one_line(plain)[:100], False
    if len(plain.strip()) <= LONGEST_SHORT_CODE:
        return one_line(plain).lower(), False
    country = str(line.settings.get("country", "")) or phone.country_of(line.address)
    try:
        return phone.e164(plain, country), True
    except ValueError:
        return one_line(plain)[:100].lower(), False


def _media(fields: Fields) -> tuple[Media, ...]:
    count = fields.get("NumMedia", "0")
    most = min(int(count), MOST_MEDIA) if count.isascii() and count.isdecimal() and len(count) < 4 else 0
    return tuple(
        Media(url=fields[f"MediaUrl{n}"][:2000], type=type_, name=_file_name(type_, n))
        for n in range(most)
        if fields.get(f"MediaUrl{n}")
        for type_ in [fields.get(f"MediaContentType{n}", "").partition(";")[0].strip().lower()[:100]]
    )


def _file_name(type_: str, n: int) -> str:
    """A provider's file has no name: "image-1.jpg" says what it is and which."""
    general = type_.partition("/")[0]
    known = general if general in ("image", "audio", "video") else "file"
    return f"{known}-{n + 1}{ENDINGS.get(type_) or guess_extension(type_) or ''}"


def _details(fields: Fields) -> dict[str, Any]:
    """What a bubble says besides the text: a place, what was pressed or chosen, the ad it began at, forwarded.

    `unshown`: the type of what came with nothing that could be shown, as WhatsApp names it (order, unsupported).
    """
    found: dict[str, Any] = {}
    if fields.get("Latitude") and fields.get("Longitude"):
        names = ("Latitude", "Longitude", "Address", "Label")
        found["place"] = {name.lower(): one_line(fields.get(name, ""))[:300] for name in names}
    if pressed := fields.get("ButtonText") or fields.get("ListTitle"):
        found["button"] = one_line(pressed)[:300]
        found["payload"] = one_line(fields.get("ButtonPayload") or fields.get("ListId", ""))[:300]
    if ad := fields.get("ReferralHeadline") or fields.get("ReferralBody") or fields.get("ReferralSourceUrl"):
        found["ad"] = one_line(ad)[:300]
    if (
        fields.get("Forwarded", "").lower() == "true"
        or fields.get("FrequentlyForwarded", "").lower() == "true"
    ):
        found["forwarded"] = True
    if not found and not fields.get("Body", "").strip() and not _media(fields) and fields.get("MessageType"):
        found["unshown"] = one_line(fields["MessageType"])[:40]
    return found


def _place_words(details: dict[str, Any]) -> str:
    place = details.get("place", {})
    named = " · ".join(place[name] for name in ("label", "address") if place.get(name))
    return named or ", ".join(place[name] for name in ("latitude", "longitude") if place.get(name))
