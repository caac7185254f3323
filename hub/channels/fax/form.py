"""What is asked of whoever connects a fax line at a mail gateway."""

from __future__ import annotations

from hub.channels.email.form import AUTHSERV_ID, LANGUAGE, SENDING
from hub.channels.fax.gateways import GATEWAYS
from hub.channels.fields import COUNTRY, TIME_ZONE, Field
from hub.plumbing.texts import N_

ADDRESS = Field(
    name="address",
    label=N_("Mail address of the fax line"),
    help=N_("The gateway knows us by it: our faxes leave from it, and its reports come to it."),
    type="email",
    required=True,
)
_LISTED = r"[\w.@:/-]{1,200}"
FORM = (
    Field(
        name="gateway",
        label=N_("Gateway for sending"),
        type="choice",
        choices=(
            ("", N_("We only receive")),
            *((one.name, one.title) for one in GATEWAYS),
            ("own", N_("Another one, as written under special cases")),
        ),
    ),
    Field(
        name="number",
        label=N_("Our fax number"),
        help=N_("It stands on the cover sheet."),
        type="phone",
    ),
    Field(
        name="gateway_domain",
        label=N_("Domain of the gateway"),
        help=N_("For HylaFAX and other programs of one's own."),
        type="host",
    ),
    Field(
        name="trusted_senders",
        label=N_("Senders we believe"),
        help=N_("One a line: addresses of programs of one's own whose mails nobody signs."),
        type="lines",
        pattern=_LISTED,
        example="fax@example.com",
        part="in",
    ),
    Field(
        name="trusted_peers",
        label=N_("Only from these machines"),
        help=N_("One network address a line. Use it, because anybody can write a sender."),
        type="lines",
        pattern=_LISTED,
        example="192.0.2.7",
        part="in",
    ),
    AUTHSERV_ID,
    Field(
        name="gateways",
        label=N_("Only faxes of these gateways"),
        help=N_("One name a line. Empty: all we know."),
        type="lines",
        pattern=_LISTED,
        example="efax",
        part="in",
    ),
    COUNTRY,
    *SENDING,
    Field(
        name="cover",
        label=N_("Cover sheet"),
        type="choice",
        choices=(
            ("", N_("As usual with the gateway")),
            ("ours", N_("Ours")),
            ("text", N_("Only the words")),
            ("gateway", N_("The gateway's own")),
        ),
        part="words",
    ),
    Field(name="cover_note", label=N_("Small print under the cover"), type="long", part="words"),
    LANGUAGE,
    TIME_ZONE,
    Field(
        name="form",
        label=N_("The gateway gets"),
        type="choice",
        choices=(("", N_("As usual with the gateway")), ("pdf", "PDF"), ("tiff", "TIFF")),
        part="more",
    ),
    Field(
        name="sender",
        label=N_("Sender a gateway knows us by"),
        help=N_("When it is not the line's address."),
        type="email",
        part="more",
    ),
    Field(
        name="report_hours",
        label=N_("Hours to wait for the report"),
        help=N_("After so long a fax counts as perhaps sent. 0 waits for ever."),
        type="number",
        most=1000,
        usual="24",
        part="more",
    ),
    Field(
        name="way.to",
        label=N_("Address for a fax"),
        help=N_("Only for another gateway, as {e164_noplus}@{domain}."),
        part="more",
    ),
    Field(name="way.subject", label=N_("Subject for a fax"), part="more"),
    Field(name="way.body", label=N_("Words of the mail"), type="long", part="more"),
    Field(
        name="way.most_bytes", label=N_("Largest mail, in bytes"), type="number", least=10_000, part="more"
    ),
)
