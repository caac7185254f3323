"""What is asked of whoever puts a chat on their pages."""

from __future__ import annotations

from hub.channels.fields import TIME_ZONE, Field
from hub.channels.webchat.settings import DEFAULT_FIELDS, ORIGIN
from hub.plumbing.texts import N_

ADDRESS = Field(
    name="address",
    label=N_("Your page"),
    help=N_("Where the chat will stand, as www.example.com. Only to tell lines apart."),
    pattern=r"[\w.:/-]{0,200}",
    example="www.example.com",
)
FORM = (
    Field(
        name="sites",
        label=N_("Sites that may show it"),
        help=N_("One a line: https://www.example.com, or https://*.example.com for all below."),
        type="lines",
        required=True,
        pattern=ORIGIN.pattern,
        example="https://www.example.com",
    ),
    Field(
        name="title",
        label=N_("Title"),
        help=N_("Above the chat. Empty: the name of the line."),
        part="words",
    ),
    Field(
        name="greeting", label=N_("First words"), help=N_("Empty: our own words."), type="long", part="words"
    ),
    Field(
        name="ask",
        label=N_("Asked before the chat"),
        help=N_("Names with blanks between, a star for what must be given. Empty asks nothing."),
        usual=DEFAULT_FIELDS,
        blank=True,
        part="words",
    ),
    Field(
        name="consent",
        label=N_("Sentence to agree to"),
        help=N_("It must be ticked before the chat begins. Empty: none."),
        type="long",
        part="words",
    ),
    Field(
        name="hours",
        label=N_("Opening hours"),
        help=N_("As mon-fri 9:00-18:00; sat 10:00-14:00. Empty: while somebody of the team is here."),
        pattern=r"([a-zA-Z]{3}(-[a-zA-Z]{3})?\s+\d{1,2}:\d\d-\d{1,2}:\d\d\s*(;\s*|$))+",
        example="mon-fri 9:00-18:00; sat 10:00-14:00",
        part="words",
    ),
    TIME_ZONE,
    Field(
        name="mail_channel",
        label=N_("Goes on by mail from"),
        help=N_("For visitors who have left. Empty: the first mail line of the team."),
        type="channel",
        part="fallback",
    ),
    Field(
        name="identity_key",
        label=N_("Key to sign visitors with"),
        help=N_("Your site signs who is signed in there, so that we know it too."),
        secret=True,
        part="more",
    ),
    Field(name="identity_key_old", label=N_("The key before"), secret=True, part="more"),
)
