"""What Twilio tells of SMS and WhatsApp, read without a database: recorded requests in, facts out."""

from __future__ import annotations

import random
from urllib.parse import urlencode

import pytest

from hub.channels import phone, twilio_sending
from hub.channels.base import Raw
from hub.channels.errors import Misconfigured, Rejected, Throttled, Unknown, Unreachable, WindowClosed
from hub.channels.facts import (
    DeliveryReported,
    Ignored,
    MessageReceived,
    OptedIn,
    OptedOut,
    Party,
    Unreadable,
    to_json,
)
from hub.channels.outgoing import Approved, FileToSend, Line, Outgoing
from hub.channels.registry import adapter
from hub.channels.sms.segments import ALPHABET, EXTENSION, measure
from hub.channels.twilio_account import error_of, fetching
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import speaking

SID = "SM" + "0a" * 16
SMS = Line(
    id=1,
    key="line",
    kind="sms",
    name="SMS",
    address="+34910000000",
    settings={"account_sid": "AC1"},
    secrets={"auth_token": "t"},
)
WHATSAPP = Line(
    id=2,
    key="line",
    kind="whatsapp",
    name="WhatsApp",
    address="whatsapp:+34910000000",
    settings={"account_sid": "AC1"},
    secrets={"auth_token": "t"},
)


def read(line: Line = SMS, rest: str = "", **fields: str) -> list:
    known = {"MessageSid": SID, "From": "+34600123456", "To": "+34910000000", "NumMedia": "0"} | fields
    body = urlencode({name: value for name, value in known.items() if value is not None}).encode()
    return adapter(line.kind).parse(Raw(body=body, envelope={"rest": rest}), line)


def test_a_text_message():
    [said] = read(Body="Hola, ¿llega hoy?\r\nGracias", FutureField="new")
    assert isinstance(said, MessageReceived)
    assert said.key == f"msg:{SID}"
    assert said.sender == Party("+34600123456")
    assert (said.text, said.verified, said.automatic) == ("Hola, ¿llega hoy?\nGracias", True, False)
    assert to_json(said)["from"] == {"address": "+34600123456", "name": ""}


def test_a_picture_message_names_its_files_and_nobody_fetches_them_yet():
    [said] = read(
        NumMedia="2",
        MediaUrl0="https://api.twilio.com/a",
        MediaContentType0="image/jpeg",
        MediaUrl1="https://api.twilio.com/b",
        MediaContentType1="audio/ogg; codecs=opus",
        MediaUrl2="https://api.twilio.com/c",
    )
    assert [(one.url, one.type, one.name) for one in said.media] == [
        ("https://api.twilio.com/a", "image/jpeg", "image-1.jpg"),
        ("https://api.twilio.com/b", "audio/ogg", "audio-2.ogg"),
    ]


def test_whatsapp_brings_a_name_a_place_a_button_and_what_is_answered():
    [said] = read(
        WHATSAPP,
        From="whatsapp:+34600123456",
        To="whatsapp:+34910000000",
        Body="",
        ProfileName="Marta\r\nRuiz",
        WaId="34600123456",
        Latitude="40.4",
        Longitude="-3.7",
        Label="Almacén",
        ButtonText="Sí",
        ButtonPayload="yes",
        Forwarded="true",
        OriginalRepliedMessageSid="SM1",
    )
    assert said.sender == Party("+34600123456", "Marta Ruiz")
    assert (said.text, said.in_reply_to) == ("Almacén", "SM1")
    with speaking("en"):
        told = adapter("whatsapp").worded(said.details)
    assert told == ["Place: 40.4, -3.7", "Pressed: Sí", "Forwarded"]


@pytest.mark.parametrize(
    ("sender", "automatic"), [("INFO", True), ("7777", True), ("whatsapp:+34600123456", False)]
)
def test_short_codes_and_names_are_machines(sender, automatic):
    [said] = read(From=sender, Body="Su código es 1234")
    assert (said.automatic, said.verified) == (automatic, not automatic)


def test_whatsapp_says_what_was_chosen_where_it_began_and_what_it_keeps_to_itself():
    whom = {"From": "whatsapp:+34600123456", "To": "whatsapp:+34910000000", "Body": ""}
    with speaking("en"):
        for fields, text, told in (
            ({"ListId": "mon", "ListTitle": "Lunes"}, "Lunes", "Pressed: Lunes"),
            ({"Body": "Info", "ReferralHeadline": "Luz al 50 %"}, "Info", "Came by the ad: Luz al 50 %"),
            ({"MessageType": "order"}, "", "Something that is not passed on to us: order"),
        ):
            [said] = read(WHATSAPP, **whom | fields)
            assert (said.text, adapter("whatsapp").worded(said.details)) == (text, [told])
    [said] = read(WHATSAPP, **whom | {"NumMedia": "1", "MediaUrl0": "https://x/1", "MessageType": "sticker"})
    assert said.details == {}


def test_on_whatsapp_whoever_has_no_number_is_a_person_all_the_same():
    [said] = read(WHATSAPP, From="whatsapp:ES.13491208655302741918", To="whatsapp:+34910000000", Body="Hola")
    assert (said.sender.address, said.automatic) == ("ES.13491208655302741918", False)
    [nobody] = adapter("whatsapp").parse(Raw(body=b"MessageSid=SM1&From=whatsapp%3A&Body=Hola"), WHATSAPP)
    assert isinstance(nobody, Unreadable)


def test_whatever_comes_to_a_reports_address_is_a_report():
    body = b"SmsSid=SM1&SmsStatus=delivered&From=%2B34910000000&To=%2B34600123456"
    [told] = adapter("sms").parse(Raw(body=body, envelope={"rest": "status/tok"}), SMS)
    assert (told.state, told.token, told.provider_id) == ("delivered", "tok", "SM1")


def test_nul_and_broken_bytes_are_stored():
    raw = Raw(body=b"MessageSid=SM1&From=%2B34600123456&Body=a%00b%FFc%ED%A0%80")
    [said] = adapter("sms").parse(raw, SMS)
    assert "\0" not in said.text
    assert said.text.startswith("ab\ufffdc")
    assert said.text.encode()
    assert said.warnings == ("charset",)


@pytest.mark.parametrize("body", [b"", b"garbage", b"{}", b"MessageSid=SM1", b"From=%2B34600123456"])
def test_what_is_no_message_is_unreadable(body):
    assert [type(fact) for fact in adapter("sms").parse(Raw(body=body), SMS)] == [Unreadable]


@pytest.mark.parametrize(
    ("status", "code", "state", "dead", "opted_out"),
    [
        ("queued", "", "sent", False, False),
        ("delivered", "", "delivered", False, False),
        ("read", "", "read", False, False),
        ("undelivered", "30003", "failed", False, False),
        ("undelivered", "30006", "failed", True, False),
        ("failed", "21610", "failed", False, True),
        ("failed", "99999", "failed", False, False),
        ("failed", "", "failed", False, False),
    ],
)
def test_a_report_names_its_delivery_and_its_reason_in_words(status, code, state, dead, opted_out):
    [told] = read(MessageStatus=status, ErrorCode=code, rest="status/ourtoken")
    assert isinstance(told, DeliveryReported)
    assert told.key == f"status:{SID}:{status}"
    assert (told.token, told.provider_id, told.state) == ("ourtoken", SID, state)
    assert (told.dead, told.opted_out, told.permanent) == (dead, opted_out, state == "failed")
    assert bool(told.reason) is (state == "failed")


def test_a_status_of_no_use_is_ignored():
    assert [type(fact) for fact in read(MessageStatus="partially_delivered")] == [Ignored]


STOPS = "STOP STOPALL UNSUBSCRIBE CANCEL END QUIT REVOKE OPTOUT BAJA ALTO PARAR".split()


@pytest.mark.parametrize("word", [*STOPS, "stop", " Stop! ", "BAJA.", "¡Baja!", "opt-out", "“STOP”\n"])
def test_a_bare_word_ends_it_and_is_stored_too(word):
    said, wish = read(Body=word)
    assert isinstance(said, MessageReceived)
    assert isinstance(wish, OptedOut)
    assert (wish.sender, wish.source) == (said.sender, "word")


@pytest.mark.parametrize("word", ["START", "yes", "UNSTOP", " alta. "])
def test_a_bare_word_begins_it_again(word):
    assert [type(fact) for fact in read(Body=word)] == [MessageReceived, OptedIn]


@pytest.mark.parametrize(
    "text",
    [
        "Please stop the delivery",
        "No me den de baja",
        "stop stop",
        "STOPPED",
        "Parar?  no",
        "Alto, quién va",
        "HELP",
        "INFO",
        "ayuda",
        "",
        "👍",
    ],
)
def test_a_sentence_is_no_opt_out(text):
    assert [type(fact) for fact in read(Body=text)] == [MessageReceived]


def test_twilios_own_opt_out_counts_whatever_was_written():
    said, wish = read(Body="no more texts please", OptOutType="STOP")
    assert isinstance(said, MessageReceived)
    assert isinstance(wish, OptedOut)
    assert wish.source == "provider"


FORMS = (
    "600 12 34 56",
    "600-123-456",
    "0034 600 123 456",
    "+34600123456",
    "(+34) 600 123 456",
    "tel:+34-600-123-456",
    "whatsapp:+34600123456",
    "WhatsApp: +34600123456",
    "٦٠٠١٢٣٤٥٦",
    "+٣٤ ٦٠٠ ١٢٣ ٤٥٦",
)


@pytest.mark.parametrize("typed", FORMS)
def test_every_form_of_a_number_is_one_key(typed):
    assert phone.normalised(typed, "ES") == "+34600123456"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+5215512345678", "+525512345678"),
        ("+5491155555555", "+541155555555"),
        ("+551187654321", "+5511987654321"),
    ],
)
def test_mexico_argentina_and_brazil_have_one_key_for_two_spellings(one, other):
    assert phone.key(one) == phone.key(other)
    assert phone.same(one, other)


@pytest.mark.parametrize(
    ("one", "other"), [("+34600123456", "+34600123457"), ("+551134567890", "+5511934567890")]
)
def test_different_numbers_stay_different(one, other):
    assert phone.key(one) != phone.key(other)


@pytest.mark.parametrize(
    "typed", ["", "abc", "12", "+34", "600 123 456 ext", "+34 912 345 678 ext 5", "whatsapp:"]
)
def test_what_is_no_number_is_refused(typed):
    with pytest.raises(ValueError):
        phone.normalised(typed, "ES")


def test_without_a_country_a_national_number_is_nobodys():
    with pytest.raises(ValueError):
        phone.e164("600123456", "")


@pytest.mark.parametrize(
    ("text", "parts", "units", "encoding", "left"),
    [
        ("", 1, 0, "GSM-7", 160),
        ("a" * 160, 1, 160, "GSM-7", 0),
        ("a" * 161, 2, 161, "GSM-7", 145),
        ("a" * 306, 2, 306, "GSM-7", 0),
        ("a" * 307, 3, 307, "GSM-7", 152),
        ("ñéü¿¡", 1, 5, "GSM-7", 155),
        ("€" * 80, 1, 160, "GSM-7", 0),
        ("a" * 152 + "€" + "a" * 10, 2, 164, "GSM-7", 141),  # the escape pair moves on whole
        ("á", 1, 1, "UCS-2", 69),
        ("á" * 70, 1, 70, "UCS-2", 0),
        ("á" * 71, 2, 71, "UCS-2", 63),
        ("😀" * 35, 1, 70, "UCS-2", 0),
        ("á" * 66 + "😀" + "á" * 10, 2, 78, "UCS-2", 55),
    ],
)
def test_parts_are_exact(text, parts, units, encoding, left):
    found = measure(text)
    assert (found.parts, found.units, found.encoding, found.left) == (parts, units, encoding, left)


def test_a_part_more_only_when_the_one_before_is_full():
    dice = random.Random(7)
    letters = ALPHABET + EXTENSION
    for _ in range(200):
        text = "".join(dice.choice(letters) for _ in range(dice.randrange(600)))
        found = measure(text)
        assert found.parts == 1 or found.units > 160
        assert found.units <= 160 if found.parts == 1 else found.units <= found.parts * 153


def outgoing(**more) -> Outgoing:
    known = {
        "token": "t",
        "message_id": "m",
        "recipient": "+34600123456",
        "sender": Party("+34910000000"),
        "text": "Hola",
        "report_url": "https://hub.example/in/k/status/x",
    }
    return Outgoing(**(known | more))


FILE = FileToSend("foto.jpg", "image/jpeg", 3, None, url="https://hub.example/in/k/media/abc")


def test_what_is_asked_of_twilio():
    assert twilio_sending.payload(outgoing(), SMS) == {
        "to": "+34600123456",
        "from_": "+34910000000",
        "status_callback": "https://hub.example/in/k/status/x",
        "body": "Hola",
    }
    whatsapp = twilio_sending.payload(outgoing(attachments=(FILE,)), WHATSAPP, prefix="whatsapp:")
    assert (whatsapp["to"], whatsapp["from_"]) == ("whatsapp:+34600123456", "whatsapp:+34910000000")
    assert whatsapp["media_url"] == [FILE.url]


def test_where_carriers_take_no_pictures_the_text_names_their_links():
    assert twilio_sending.payload(outgoing(attachments=(FILE,)), SMS)["body"] == f"Hola\n{FILE.url}"


def test_an_approved_text_leaves_by_its_id_and_variables():
    wanted = twilio_sending.payload(
        outgoing(approved=Approved(provider_id="HX1", variables={"1": "Marta"})), WHATSAPP, prefix="whatsapp:"
    )
    assert (wanted["content_sid"], wanted["content_variables"]) == ("HX1", '{"1":"Marta"}')
    assert "body" not in wanted


def test_what_cannot_be_said_fails_before_anything_leaves():
    with pytest.raises(Rejected):
        twilio_sending.payload(outgoing(text="x" * 1601), SMS)
    with pytest.raises(Rejected):
        twilio_sending.payload(outgoing(text=""), SMS)
    with pytest.raises(Rejected):
        twilio_sending.payload(outgoing(attachments=(FILE, FILE)), WHATSAPP, prefix="whatsapp:", most_files=1)


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (429, 20429, Throttled),
        (429, 0, Throttled),
        (401, 20003, Misconfigured),
        (401, 0, Misconfigured),
        (503, 0, Unreachable),
        (500, 0, Unreachable),
        (502, 0, Unknown),
        (504, 0, Unknown),
        (400, 63016, WindowClosed),
        (400, 99999, Rejected),
        (307, 0, Misconfigured),
    ],
)
def test_answers_of_the_api_become_our_errors(status, code, error):
    found = error_of(status, code, "words", retry_after=3)
    assert type(found) is error


def test_the_account_is_shown_to_its_own_host_only():
    assert "Authorization" in fetching("https://api.twilio.com/2010-04-01/x", SMS).headers
    for url in (
        "https://evil.example/x",
        "https://api.twilio.com.evil.example/",
        "http://127.0.0.1/",
        "http://api.twilio.com/x",
        "https://api.twilio.com:444/x",
    ):
        with pytest.raises(BadInput):
            fetching(url, SMS)
