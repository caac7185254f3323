"""What is asked of whoever puts a form of ours on their pages."""

from __future__ import annotations

from hub.channels.fields import Field
from hub.channels.form.settings import DEFAULT_FIELDS
from hub.channels.webchat.settings import ORIGIN
from hub.plumbing.texts import N_

PAGE = Field(
    name="address",
    label=N_("Your page"),
    help=N_("Where the form will stand, as www.example.com. Only to tell lines apart."),
    pattern=r"[\w.:/-]{0,200}",
    example="www.example.com",
)
SIGNING = Field(
    name="signing_secret",
    label=N_("Signing secret"),
    help=N_("Begins with whsec_: the other side signs its requests with it, as Standard Webhooks say."),
    secret=True,
)
SIGNING_OLD = Field(
    name="signing_secret_old", label=N_("The signing secret before"), secret=True, part="more"
)
FIELDS = (
    Field(
        name="sites",
        label=N_("Sites that may show it"),
        help=N_("One a line: https://www.example.com, or https://*.example.com for all below."),
        type="lines",
        pattern=ORIGIN.pattern,
        example="https://www.example.com",
    ),
    Field(
        name="title", label=N_("Title"), help=N_("Above the form. Empty: the name of the line."), part="words"
    ),
    Field(
        name="ask",
        label=N_("Fields of the form"),
        help=N_("Names with blanks between, a star for what must be given."),
        usual=DEFAULT_FIELDS,
        part="words",
    ),
    Field(
        name="thanks",
        label=N_("Page after the form"),
        help=N_("On one of the sites above. Empty: a word of thanks."),
        type="url",
        part="words",
    ),
    SIGNING,
    SIGNING_OLD,
)
