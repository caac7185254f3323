"""A request of Twilio Voice as one fact: which step of which call it is, told by the address it was sent to.

https://www.twilio.com/docs/voice/twiml#request-parameters; what a body alone tells is enough for `hub normalize`.
"""

from __future__ import annotations

from typing import Any

from hub.channels import phone
from hub.channels.base import Raw
from hub.channels.facts import AnyFact, CallChanged, Ignored, Media, MessageReceived, Party, Unreadable
from hub.channels.outgoing import Line
from hub.channels.twilio import form
from hub.plumbing.texts import DEFAULT, _, speaking

STATES = {
    "queued": "queued",
    "initiated": "queued",
    "ringing": "ringing",
    "in-progress": "in_progress",
    "answered": "in_progress",
    "completed": "completed",
    "busy": "busy",
    "no-answer": "no_answer",
    "failed": "failed",
    "canceled": "canceled",
}
ENDED = ("completed", "busy", "no_answer", "failed", "canceled")
# The word of the address → the step; `…/{n}` or `…/{token}` follows.
STEPS = {
    "": "rang",
    "call": "rang",
    "whisper": "picked_up",
    "accept": "pressed",
    "answered": "answered",
    "dialled": "dialled",
    "wait": "waited",
    "key": "pressed",
    "voicemail": "left",
    "recording": "recorded",
    "transcript": "transcribed",
    "status": "ended",
}
# What carriers send where a number is withheld, besides no number at all.
WITHHELD = {"anonymous", "restricted", "unknown", "unavailable", "blocked", "private"} | {
    *(
        "266696687",
        "7378742833",
        "2562533",
        "8656696",
        "86282452253",
    ),  # the words above, typed on a telephone
}
WITHHELD_PREFIX = "withheld:"
LEAST_SECONDS = 1


def read_facts(raw: Raw, line: Line) -> list[AnyFact]:
    """CallChanged, Ignored or Unreadable; never raises."""
    fields = form(raw.body)
    if not fields.get("CallSid") and not fields.get("RecordingSid"):
        return [Unreadable(reason="no CallSid: this is no request of Twilio Voice")]
    word, _slash, rest = raw.envelope.get("rest", "").partition("/")
    step = STEPS.get(word) if "rest" in raw.envelope else _guessed(fields)
    if step is None:
        return [Ignored(key=_key("unused", fields, rest), reason=f"nothing of ours is at {word[:40]}")]
    if unused := _unused(step, fields):
        return [Ignored(key=_key(f"{step}:{unused}", fields, rest), reason=unused)]
    return [_changed(step, fields, rest, line)]


def _guessed(fields: dict[str, str]) -> str:
    """The step, where only the body is known."""
    for name, step in (
        ("TranscriptionText", "transcribed"),
        ("RecordingStatus", "recorded"),
        ("DialCallStatus", "dialled"),
        ("RecordingUrl", "left"),
        ("Digits", "pressed"),
    ):
        if name in fields:
            return step
    return "ended" if STATES.get(fields.get("CallStatus", "")) in ENDED else "rang"


def _unused(step: str, fields: dict[str, str]) -> str:
    """Why a request says nothing new; empty if it does."""
    if step == "ended" and STATES.get(fields.get("CallStatus", "")) not in ENDED:
        return f"the call goes on: {fields.get('CallStatus', '')[:40]}"
    if step == "answered" and STATES.get(fields.get("CallStatus", "")) != "in_progress":
        return f"not answered: {fields.get('CallStatus', '')[:40]}"
    if step == "recorded" and fields.get("RecordingStatus", "completed") != "completed":
        return f"no recording: {fields.get('RecordingStatus', '')[:40]}"
    if step == "transcribed" and fields.get("TranscriptionStatus", "completed") != "completed":
        return f"no transcript: {fields.get('TranscriptionStatus', '')[:40]}"
    return ""


def _changed(step: str, fields: dict[str, str], rest: str, line: Line) -> CallChanged:
    number = int(rest) if rest.isascii() and rest.isdigit() and len(rest) < 6 else 0
    parent, leg = fields.get("ParentCallSid", ""), fields.get("CallSid", "")
    status = fields.get("DialCallStatus", "") if step == "dialled" else fields.get("CallStatus", "")
    common: dict[str, Any] = {
        "key": _key(step, fields, rest),
        "step": step,
        "call": parent or leg,
        "leg": leg,
        "state": STATES.get(status, ""),
        "direction": "out" if fields.get("Direction", "").startswith("outbound") and not parent else "in",
        "caller": _caller(_with(fields, rest) if step == "recorded" else fields),
        "called": fields.get("To", ""),
        "digits": fields.get("Digits", "")[:20],
        "seconds": _seconds(step, fields),
        "recording": fields.get("RecordingSid", ""),
        "recording_url": fields.get("RecordingUrl", ""),
        "transcript": fields.get("TranscriptionText", ""),
        "token": "" if number or step == "recorded" else rest,
        "n": number,
    }
    return CallChanged(**common, said=_said(step, fields, rest, line))


def _key(step: str, fields: dict[str, str], rest: str) -> str:
    """One name a step (INVARIANTS §3): repeated requests are the same step, however their bodies differ."""
    subject = fields.get("TranscriptionSid") or fields.get("RecordingSid") or fields.get("CallSid", "")
    if step in ("rang", "ended", "dialled", "waited", "pressed", "picked_up", "answered", "left"):
        subject = fields.get("CallSid", "")
    ending = STATES.get(fields.get("CallStatus", ""), "") if step == "ended" else step
    return f"call:{subject}:{ending}" + (f":{rest[:100]}" if rest else "")


def _caller(fields: dict[str, str]) -> Party:
    number = phone.PLUS_LOST.sub("+", fields.get("From", ""))
    if number.startswith(WITHHELD_PREFIX):
        return Party(number[:80])
    if _is_withheld(number):
        # A withheld number is nobody we know, and not the same nobody each time.
        return Party(f"{WITHHELD_PREFIX}{(fields.get('ParentCallSid') or fields.get('CallSid', ''))[:64]}")
    return Party(number_of(number), fields.get("CallerName", "")[:200])


def _is_withheld(number: str) -> bool:
    """A word for nobody, or nothing that could be rung; `sip:` and `client:` name somebody without a digit."""
    scheme, named, rest = number.strip().lower().rpartition(":")
    user = rest.partition("@")[0].lstrip("+")
    if user in WITHHELD or not user:
        return True
    return not (named and scheme in ("sip", "sips", "client")) and not any(part.isdigit() for part in user)


def _named(caller: Party) -> Party:
    """Whoever withholds their number is called so; a known name travels with the number."""
    return (
        Party(caller.address, _("Withheld number")) if caller.address.startswith(WITHHELD_PREFIX) else caller
    )


def _as_it_came(caller: Party, fields: dict[str, str]) -> Party:
    """A message keeps the number as the network spelled it: calling back a key may reach nobody."""
    spelled = fields.get("From", "").strip()
    same = phone.E164.fullmatch(spelled) and phone.same(spelled, caller.address)
    return Party(spelled, caller.name) if same else caller


def number_of(text: str) -> str:
    """A number as its row is named; a SIP or client address as it is."""
    try:
        return phone.normalised(text, "")
    except ValueError:
        return text.strip()[:200]


def _seconds(step: str, fields: dict[str, str]) -> int | None:
    names = {
        "dialled": ("DialCallDuration",),
        "left": ("RecordingDuration",),
        "recorded": ("RecordingDuration",),
        "ended": ("CallDuration",),
    }.get(step, ())
    for name in names:
        if fields.get(name, "").isdecimal():
            return min(int(fields[name][:9]), 10**6)
    return None


def _said(step: str, fields: dict[str, str], rest: str, line: Line) -> MessageReceived | None:
    """What becomes a message: the ring itself, a voicemail that is not empty, a recording."""
    with speaking(str(line.settings.get("language") or DEFAULT)):
        if step == "rang":
            return _message(fields, line, _("Incoming call"), {"what": "call"})
        seconds = _seconds(step, fields) or 0
        if seconds < LEAST_SECONDS or not fields.get("RecordingUrl"):
            return None
        if step == "left":
            text = _("Voicemail %(length)s", length=length(seconds))
            return _message(fields, line, text, {"what": "voicemail", "seconds": seconds})
        if step == "recorded":
            text = _("Recording of the call, %(length)s", length=length(seconds))
            return _message(_with(fields, rest), line, text, {"what": "recording", "seconds": seconds})
    return None


def _with(fields: dict[str, str], number: str) -> dict[str, str]:
    """A recording's request names nobody: whom it is of stands in its (signed) address."""
    return fields | ({"From": number} if number else {})


def _message(fields: dict[str, str], line: Line, text: str, told: dict[str, Any]) -> MessageReceived:
    url = fields.get("RecordingUrl", "")
    name = f"{told['what']}.mp3"
    return MessageReceived(
        external_id=fields.get("RecordingSid") or fields.get("CallSid", ""),
        sender=_as_it_came(_named(_caller(fields)), fields),
        to=(Party(fields.get("To") or line.address),),
        text=text,
        new_text=text,
        # the network's own word on who calls (STIR/SHAKEN), where it says anything
        verified=not fields.get("StirVerstat", "").startswith("TN-Validation-Failed"),
        reached=fields.get("To", ""),
        media=(Media(f"{url}.mp3", "audio/mpeg", name),) if url and told["what"] != "call" else (),
        thread=fields.get("CallSid", ""),
        automatic=told["what"] == "recording",  # a machine filed it: nobody waits for an answer
        details={"call": told},
    )


def length(seconds: int) -> str:
    """`3:07`, or `1:02:07` from an hour on."""
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"
