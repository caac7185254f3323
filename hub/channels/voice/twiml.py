"""What a call is told next, as TwiML (https://www.twilio.com/docs/voice/twiml), built with Twilio's own classes.

Each document ends: by hanging up, by connecting two people, or by a verb that asks us again at an address with a
number that only rises. `Record` without `action` would ask for the same page for ever, so none stands without.
Addresses are paths: Twilio joins them to the one it called.
"""

from __future__ import annotations

from urllib.parse import quote

from twilio.twiml.voice_response import Dial, Gather, VoiceResponse

from hub.channels.moves import Announce, AnyMove, Bridge, Connect, HangUp, Ring, TakeMessage, Wait
from hub.channels.outgoing import Line
from hub.channels.voice import words

TONGUES = {"es": "es-ES", "en": "en-GB"}
TURN_SECONDS = 12
KEY_SECONDS = 8
SILENCE_SECONDS = 5
CLOSE_KEY = "#"
ACCEPT_KEY = "1"


def twiml(move: AnyMove, line: Line) -> str:
    """One document."""
    answer = VoiceResponse()
    if move.greet:
        _speak(answer, line, move.language, words.greeting(line, move.language))
    match move:
        case Ring():
            _ring(answer, move, line)
        case Wait():
            _wait(answer, move, line)
        case TakeMessage():
            _take_message(answer, move, line)
        case Announce():
            _announce(answer, move, line)
        case Bridge():
            _bridge(answer, move, line)
        case HangUp():
            if said := words.goodbye(line, move.language, move.why):
                _speak(answer, line, move.language, said)
            answer.hangup()
        case Connect():
            pass
    return str(answer)


def path(line: Line, *parts: object) -> str:
    """An address of ours below the line's own."""
    return "/".join(("/in", line.key, *(str(part) for part in parts)))


def _ring(answer: VoiceResponse, move: Ring, line: Line) -> None:
    """The agent hears who calls and accepts with a key, so that a mobile's own voicemail never swallows a call."""
    # Twilio shows the caller's number of itself, spelled as it came: ours is a key, and another spelling is refused
    # (13214). A withheld number cannot be shown: the line shows its own.
    shown = "" if move.caller.startswith("+") else line.address
    dial = _dial(answer, line, move.n, move.seconds, shown=shown, customer=move.caller)
    dial.number(move.phone, url=path(line, "whisper", move.leg), method="POST")


def _bridge(answer: VoiceResponse, move: Bridge, line: Line) -> None:
    dial = _dial(answer, line, move.n, move.seconds, shown=line.address, customer=move.number)
    dial.number(
        move.number,
        status_callback=path(line, "answered", move.leg),
        status_callback_event="answered",
        status_callback_method="POST",
    )


def _dial(answer: VoiceResponse, line: Line, n: int, seconds: int, *, shown: str, customer: str) -> Dial:
    """Ringing that always comes back to us, whatever became of it; `shown`: the number the called one sees."""
    options: dict[str, object] = {}
    if line.settings.get("record"):
        options = {
            "record": "record-from-answer-dual",
            "recording_status_callback": path(line, "recording", quote(customer, safe="+")),
            "recording_status_callback_method": "POST",
        }
    if shown:
        options["caller_id"] = shown
    made: Dial = answer.dial(
        action=path(line, "dialled", n), method="POST", timeout=seconds, answer_on_bridge=True, **options
    )
    return made


def _wait(answer: VoiceResponse, move: Wait, line: Line) -> None:
    """One turn of the queue: the place, a pause in which a key leads to the voicemail, then the next turn."""
    gather: Gather = answer.gather(
        num_digits=1, timeout=TURN_SECONDS, action=path(line, "key", move.turn), method="POST"
    )
    _speak(gather, line, move.language, words.position(line, move.language, move.position))
    answer.redirect(path(line, "wait", move.turn), method="POST")


def _take_message(answer: VoiceResponse, move: TakeMessage, line: Line) -> None:
    _speak(answer, line, move.language, words.ask_message(line, move.language))
    options: dict[str, object] = {}
    if line.settings.get("transcribe"):
        options = {"transcribe": True, "transcribe_callback": path(line, "transcript")}
    answer.record(
        action=path(line, "voicemail"),
        method="POST",
        max_length=move.seconds,
        timeout=SILENCE_SECONDS,
        finish_on_key=CLOSE_KEY,
        play_beep=True,
        **options,
    )
    # Reached only when nothing was said: silence does not call the action.
    _speak(answer, line, move.language, words.goodbye(line, move.language, "sorry"))
    answer.hangup()


def _announce(answer: VoiceResponse, move: Announce, line: Line) -> None:
    gather: Gather = answer.gather(
        num_digits=1, timeout=KEY_SECONDS, action=path(line, "accept", move.leg), method="POST"
    )
    said = words.announced(move.language, move.who, move.account, outgoing=move.outgoing)
    _speak(gather, line, move.language, said)
    _speak(gather, line, move.language, said)
    answer.hangup()


def _speak(into: VoiceResponse | Gather, line: Line, language: str, text: str) -> None:
    options = {"voice": line.settings["voice"]} if line.settings.get("voice") else {}
    into.say(text, language=TONGUES.get(language, TONGUES["en"]), **options)
