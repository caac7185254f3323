"""A telephone line: what each of Twilio's requests means, and what every move says."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest

from hub.channels.base import Raw
from hub.channels.facts import CallChanged, Ignored, Unreadable, to_json
from hub.channels.moves import Announce, AnyMove, Bridge, Connect, HangUp, Ring, TakeMessage, Wait
from hub.channels.outgoing import Line
from hub.channels.registry import adapter
from hub.channels.voice import words
from hub.plumbing.texts import speaking

LINE = Line(id=1, key="a-telephone-line", kind="voice", name="Support phone", address="+34910000001")
RECORDED = Line(
    id=1,
    key="a-telephone-line",
    kind="voice",
    name="Support phone",
    address="+34910000001",
    settings={"record": True, "transcribe": True, "greeting_en": "Welcome to Acme.", "voice": "Polly.Lucia"},
)
RING = {
    "CallSid": "CA1",
    "AccountSid": "AC1",
    "From": "+34600123456",
    "To": "+34910000001",
    "CallStatus": "ringing",
    "ApiVersion": "2010-04-01",
    "Direction": "inbound",
}
GOES_ON = {"Gather": "action", "Record": "action", "Dial": "action", "Redirect": None}


def parsed(rest: str | None, **fields: str) -> Any:
    raw = Raw(body=urlencode(RING | fields).encode(), envelope={} if rest is None else {"rest": rest})
    (fact,) = adapter("voice").parse(raw, LINE)
    return fact


def said(move: AnyMove, line: Line = LINE) -> ElementTree.Element:
    answer = adapter("voice").say(move, line)
    assert answer.type == "text/xml"
    return ElementTree.fromstring(answer.body)


def test_a_ring_is_a_message_of_its_caller() -> None:
    fact = parsed("call")
    assert (fact.step, fact.call, fact.direction, fact.state) == ("rang", "CA1", "in", "ringing")
    assert (fact.caller.address, fact.called) == ("+34600123456", "+34910000001")
    assert (fact.said.text, fact.said.verified, fact.said.thread) == ("Llamada entrante", True, "CA1")
    assert fact.key == parsed("call", CallStatus="in-progress").key


@pytest.mark.parametrize("number", ["+521 55 1234 5678", "+5215512345678", "+525512345678"])
def test_one_telephone_has_one_spelling(number: str) -> None:
    assert parsed("call", From=number).caller.address == "+525512345678"


@pytest.mark.parametrize("number", ["sip:ana@acme.sip.twilio.com", "client:ana", "sip:1004@10.0.0.1", "1004"])
def test_who_calls_without_a_telephone_number_is_somebody(number: str) -> None:
    assert parsed("call", From=number).caller.address == number
    assert parsed("call", From=" 34600123456").caller.address == "+34600123456"  # a plus nobody encoded


@pytest.mark.parametrize(
    "number",
    ["anonymous", "Restricted", "", "+266696687", "unknown", "sip:anonymous@anonymous.invalid", "sip:"],
)
def test_withheld_numbers_are_not_all_the_same_nobody(number: str) -> None:
    one, other = parsed("call", From=number), parsed("call", From=number, CallSid="CA2")
    assert (one.caller.address, other.caller.address) == ("withheld:CA1", "withheld:CA2")


def test_a_caller_whom_the_network_does_not_believe_is_not_verified() -> None:
    assert parsed("call", StirVerstat="TN-Validation-Passed-A").said.verified
    assert not parsed("call", StirVerstat="TN-Validation-Failed-C").said.verified


def test_every_step_has_its_own_key_and_a_repeated_one_the_same() -> None:
    facts = [
        parsed("call"),
        parsed("dialled/1", DialCallStatus="no-answer"),
        parsed("dialled/2", DialCallStatus="busy"),
        parsed("wait/1"),
        parsed("wait/2"),
        parsed("key/2", Digits="1"),
        parsed("whisper/leg-one", CallSid="CA9", ParentCallSid="CA1"),
        parsed("accept/leg-one", CallSid="CA9", ParentCallSid="CA1", Digits="1"),
        parsed("voicemail", RecordingUrl="https://api.twilio.com/RE1", RecordingDuration="42"),
        parsed("recording/+34600123456", RecordingSid="RE2", RecordingStatus="completed"),
        parsed("status", CallStatus="completed", CallDuration="60"),
    ]
    assert len({fact.key for fact in facts}) == len(facts)
    assert [fact.step for fact in facts] == [
        *("rang", "dialled", "dialled", "waited", "waited", "pressed", "picked_up", "pressed", "left"),
        *("recorded", "ended"),
    ]
    assert {fact.call for fact in facts} == {"CA1"}
    assert parsed("status", CallStatus="completed", CallDuration="61").key == facts[-1].key


def test_a_voicemail_brings_its_recording_and_an_empty_one_nothing() -> None:
    left = parsed("voicemail", RecordingUrl="https://api.twilio.com/R/RE1", RecordingDuration="42")
    assert left.said.text == "Mensaje de voz 0:42"
    assert [(one.url, one.type) for one in left.said.media] == [
        ("https://api.twilio.com/R/RE1.mp3", "audio/mpeg")
    ]
    assert left.said.details == {"call": {"what": "voicemail", "seconds": 42}}
    assert parsed("voicemail", RecordingUrl="https://api.twilio.com/RE1", RecordingDuration="0").said is None


def test_a_recording_belongs_to_the_customer_its_address_names() -> None:
    """Twilio tells neither From nor To of a recording: the signed address does."""
    fact = parsed(
        "recording/+34699999999",
        From="",
        RecordingSid="RE2",
        RecordingUrl="https://api.twilio.com/RE2",
        RecordingStatus="completed",
        RecordingDuration="187",
    )
    assert fact.said.sender.address == "+34699999999"
    assert fact.said.text == "Grabación de la llamada, 3:07"
    assert fact.said.automatic  # nobody waits for an answer to it


@pytest.mark.parametrize(
    ("rest", "fields"),
    [
        ("status", {"CallStatus": "ringing"}),
        ("recording/+34600123456", {"RecordingSid": "RE1", "RecordingStatus": "absent"}),
        ("transcript", {"TranscriptionStatus": "failed", "RecordingSid": "RE1"}),
        ("answered/leg", {"CallStatus": "ringing"}),
        ("something/new", {}),
    ],
)
def test_what_says_nothing_new_is_ignored(rest: str, fields: dict[str, str]) -> None:
    assert isinstance(parsed(rest, **fields), Ignored)


def test_what_is_no_call_is_unreadable() -> None:
    for body in (b"", b"\xff\xfe=%zz&&&", b"MessageSid=SM1&Body=hola"):
        (fact,) = adapter("voice").parse(Raw(body=body), LINE)
        assert isinstance(fact, Unreadable), body


def test_normalize_tells_the_step_from_the_body_alone() -> None:
    told = to_json(parsed(None), file="ring.txt")
    assert (told["file"], told["fact"], told["step"], told["from"]["address"]) == (
        "ring.txt",
        "CallChanged",
        "rang",
        "+34600123456",
    )
    assert "said" not in told
    assert "key" not in told
    assert "token" not in told
    left = to_json(parsed(None, RecordingUrl="https://api.twilio.com/RE1", RecordingDuration="9"))
    assert (left["step"], left["seconds"], left["recording_url"]) == ("left", 9, "https://api.twilio.com/RE1")
    assert to_json(parsed(None, CallStatus="no-answer"))["state"] == "no_answer"
    assert to_json(parsed(None, DialCallStatus="busy"))["step"] == "dialled"


MOVES: list[AnyMove] = [
    Ring(phone="+34611111111", leg="leg", n=1, caller="+34600123456", greet=True),
    Ring(phone="+34611111111", leg="leg", n=2, caller="withheld:CA1"),
    Wait(position=1, turn=1, greet=True),
    Wait(position=3, turn=2),
    TakeMessage(greet=True),
    Announce(leg="leg", who="Marta Ruiz", account="Acme"),
    Announce(leg="leg", who="Marta Ruiz", outgoing=True),
    Bridge(number="+34600123456", leg="leg", n=1),
    Connect(),
    *(HangUp(why=why) for why in ("", "thanks", "sorry", "busy", "no_answer", "failed")),
]


@pytest.mark.parametrize("line", [LINE, RECORDED], ids=["plain", "recorded"])
@pytest.mark.parametrize("move", MOVES, ids=lambda move: type(move).__name__)
def test_no_document_hangs_or_circles(move: AnyMove, line: Line) -> None:
    """Each verb that goes on asks at an address of ours; what comes after the last word hangs up or connects."""
    root = said(move, line)
    for verb in root.iter():
        if verb.tag in GOES_ON:
            attribute = GOES_ON[verb.tag]
            target = verb.text if attribute is None else verb.get(attribute)
            assert (target or "").startswith(f"/in/{line.key}/"), verb.tag
            assert verb.get("method") == "POST"
    last = root[-1].tag if len(root) else "Connect"
    assert last in ("Dial", "Redirect", "Hangup", "Connect"), last
    for record in root.iter("Record"):
        assert int(record.get("maxLength") or 0) in range(5, 3601)


def test_the_agent_hears_who_calls_and_takes_it_with_a_key() -> None:
    root = said(Announce(language="es", leg="leg", who="Marta Ruiz", account="Acme"))
    gather = root.find("Gather")
    assert gather is not None
    assert gather.get("action") == f"/in/{LINE.key}/accept/leg"
    spoken = [say.text for say in gather.iter("Say")]
    assert spoken[0] == "Llama Marta Ruiz, Acme. Pulsa 1 para atender."
    assert root[-1].tag == "Hangup"  # no key, as a mobile's voicemail presses none


def test_callers_are_told_that_they_are_recorded_and_hear_the_lines_own_words() -> None:
    english = words.greeting(RECORDED, "en")
    assert english == "Welcome to Acme. This call is recorded."
    assert words.greeting(LINE, "en") == "Thank you for calling."
    root = said(Ring(phone="+34611111111", leg="leg", n=1, caller="+34600123456", greet=True), RECORDED)
    assert root[0].get("language") == "es-ES"
    assert root[0].get("voice") == "Polly.Lucia"
    dial = root.find("Dial")
    assert dial is not None
    assert dial.get("recordingStatusCallback") == f"/in/{LINE.key}/recording/+34600123456"


def test_the_agent_sees_the_callers_number_as_it_came() -> None:
    """Ours is a key: a Mexican's, an Argentine's or a Brazilian's is spelled otherwise, and Twilio refuses it."""
    shown = {
        caller: said(Ring(phone="+34611111111", leg="leg", n=1, caller=caller)).find("Dial")
        for caller in ("+525512345678", "withheld:CA1")
    }
    assert [dial.get("callerId") for dial in shown.values() if dial is not None] == [None, LINE.address]


def test_the_capabilities_are_honest() -> None:
    can = adapter("voice").can
    assert can.calls
    assert can.live
    assert not can.sends
    with speaking("en"):
        assert adapter("voice").normalised("600 12 34 56") == "+34600123456"
    assert isinstance(parsed("call"), CallChanged)
