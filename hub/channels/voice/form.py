"""What is asked of whoever connects a telephone number."""

from __future__ import annotations

from hub.channels.fields import Field
from hub.channels.twilio_form import ACCOUNT, API_KEY, API_URL, ROTATION
from hub.plumbing.texts import N_

_OWN = N_("Empty: our own words.")
_SAID = (
    ("greeting_es", N_("Greeting in Spanish")),
    ("greeting_en", N_("Greeting in English")),
    ("notice_es", N_("Notice of recording in Spanish")),
    ("notice_en", N_("Notice of recording in English")),
    ("voicemail_es", N_("Before the tone, in Spanish")),
    ("voicemail_en", N_("Before the tone, in English")),
    ("thanks_es", N_("After a message, in Spanish")),
    ("thanks_en", N_("After a message, in English")),
)
FORM = (
    *ACCOUNT,
    Field(
        name="language",
        label=N_("Language of the voice"),
        help=N_("For callers whose own we do not know."),
        type="choice",
        choices=(("", "Español"), ("en", "English")),
        part="words",
    ),
    Field(
        name="voice",
        label=N_("Voice"),
        help=N_("A voice of Twilio's, as Polly.Lucia."),
        pattern=r"[\w.-]{1,100}",
        example="Polly.Lucia",
        part="words",
    ),
    *(Field(name=name, label=label, help=_OWN, type="long", part="words") for name, label in _SAID),
    Field(
        name="record",
        label=N_("Record calls"),
        help=N_("Callers are told first."),
        type="yes",
        usual=False,
        part="in",
    ),
    Field(
        name="voicemail",
        label=N_("Take messages when nobody answers"),
        type="yes",
        usual=True,
        part="in",
    ),
    Field(
        name="voicemail_seconds",
        label=N_("Longest message, in seconds"),
        type="number",
        least=5,
        most=3600,
        usual="120",
        part="in",
    ),
    Field(
        name="transcribe",
        label=N_("Write messages down"),
        help=N_("Twilio turns what was said into text, at a price."),
        type="yes",
        usual=False,
        part="in",
    ),
    ROTATION,
    *API_KEY,
    API_URL,
)
