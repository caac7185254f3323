"""What is asked of whoever connects a line over Twilio, and what they set there."""

from __future__ import annotations

from hub.channels.base import Tried
from hub.channels.errors import SendError
from hub.channels.fields import COUNTRY, Field
from hub.channels.outgoing import Line
from hub.channels.twilio import account_sid, client
from hub.plumbing.texts import N_, _

NUMBER = Field(
    name="address",
    label=N_("Number"),
    help=N_("Your number at Twilio, with its country: +34 600 123 456."),
    type="phone",
    required=True,
)
ACCOUNT = (
    Field(
        name="account_sid",
        label=N_("Account SID"),
        help=N_("On the first page of Twilio's console; it begins with AC."),
        required=True,
        pattern=r"AC[0-9a-zA-Z_-]{6,60}",
        example="AC0123456789abcdef0123456789abcdef",
    ),
    Field(
        name="auth_token",
        label=N_("Auth token"),
        help=N_("Beside the account SID. With it we know that a request really comes from Twilio."),
        secret=True,
        required=True,
    ),
)
ROTATION = Field(
    name="auth_token_next",
    label=N_("Next auth token"),
    help=N_("While you change the token at Twilio, both are believed."),
    secret=True,
    part="more",
)
API_URL = Field(
    name="api_url",
    label=N_("Another server than Twilio's"),
    help=N_("For trials with a pretend Twilio. Empty: https://api.twilio.com"),
    type="url",
    part="more",
)
API_KEY = (
    Field(
        name="api_key_sid",
        label=N_("API key SID"),
        help=N_("Instead of account and token for sending; it begins with SK."),
        pattern=r"SK[0-9a-zA-Z_-]{6,60}",
        example="SK0123456789abcdef0123456789abcdef",
        part="more",
    ),
    Field(name="api_key_secret", label=N_("API key secret"), secret=True, part="more"),
)
SENDER = Field(
    name="sender",
    label=N_("Sender"),
    help=N_("The number messages leave from, when it is not the line's own."),
    type="phone",
    part="out",
)
SERVICE = Field(
    name="messaging_service_sid",
    label=N_("Messaging service SID"),
    help=N_("A service of Twilio's picks the number instead; it begins with MG."),
    pattern=r"MG[0-9a-zA-Z_-]{6,60}",
    example="MG0123456789abcdef0123456789abcdef",
    part="out",
)
FILES = Field(
    name="mms",
    label=N_("Pictures and files"),
    type="choice",
    choices=(
        ("", N_("As usual in the country")),
        ("1", N_("Ride along (MMS)")),
        ("0", N_("As links in the text")),
    ),
    part="out",
)
WHATSAPP = (*ACCOUNT, SENDER, SERVICE, COUNTRY, ROTATION, *API_KEY, API_URL)
SMS = (*ACCOUNT, SENDER, SERVICE, FILES, COUNTRY, ROTATION, *API_KEY, API_URL)


async def signed_in(line: Line) -> list[Tried]:
    """Ask Twilio for the account with the line's own credentials."""
    step = _("sign in at Twilio")
    try:
        await client(line).api.accounts(account_sid(line)).fetch_async()
    except SendError as error:
        return [Tried("out", step, _(error.reason))]
    return [Tried("out", step, "")]
