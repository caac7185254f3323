"""What is asked of whoever connects another system."""

from __future__ import annotations

from hub.channels.fields import Field
from hub.channels.form.form import SIGNING, SIGNING_OLD
from hub.plumbing.texts import N_

ADDRESS = Field(
    name="address",
    label=N_("Name of the system"),
    help=N_("As shop or app. Only to tell lines apart."),
    pattern=r"[\w.:/-]{0,200}",
    example="shop",
)
FIELDS = (
    SIGNING,
    Field(
        name="token",
        label=N_("Token for posting in"),
        help=N_("Instead of signing: at least 24 characters, sent as Authorization: Bearer."),
        secret=True,
    ),
    Field(
        name="callback_url",
        label=N_("Address for our answers"),
        help=N_("Each answer is posted there, signed. Empty: agents cannot answer."),
        type="url",
        part="out",
    ),
    Field(
        name="allowed_hosts",
        label=N_("Servers inside your network"),
        help=N_("Names with blanks between: only these may have addresses that strangers cannot reach."),
        pattern=r"[\w.: \[\]-]{0,1000}",
        example="erp.example.internal",
        part="more",
    ),
    SIGNING_OLD,
    Field(name="token_old", label=N_("The token before"), secret=True, part="more"),
)
