"""What is asked of whoever connects a mailbox."""

from __future__ import annotations

from hub.channels.fields import Field
from hub.plumbing.texts import N_

SECURITY = (
    ("", N_("The usual one of the port")),
    ("tls", "TLS (465, 993)"),
    ("starttls", "STARTTLS (587, 143)"),
    ("none", N_("None: only inside one's own network")),
)
ADDRESS = Field(
    name="address",
    label=N_("Mail address"),
    help=N_("Customers write to it, and our answers come from it."),
    type="email",
    required=True,
)
SMTP = (
    Field(
        name="smtp_host",
        label=N_("Server for sending (SMTP)"),
        help=N_("As smtp.office365.com, smtp.gmail.com or your provider's."),
        type="host",
        part="out",
    ),
    Field(name="smtp_port", label=N_("Port for sending"), type="number", least=1, most=65535, part="out"),
    Field(
        name="smtp_security",
        label=N_("Encryption for sending"),
        type="choice",
        choices=SECURITY,
        part="out",
    ),
    Field(
        name="smtp_user",
        label=N_("User for sending"),
        help=N_("Most often the address itself. Empty: no sign-in."),
        part="out",
    ),
    Field(
        name="smtp_password",
        label=N_("Password for sending"),
        help=N_("Where two-step sign-in is on, an app password. Not needed with a sign-in in the browser."),
        secret=True,
        part="out",
    ),
)
AUTHSERV_ID = Field(
    name="authserv_id",
    label=N_("Name of your mail server"),
    help=N_("As it signs Authentication-Results. Without it no sender is ever verified."),
    part="in",
)
LANGUAGE = Field(
    name="language",
    label=N_("Language"),
    help=N_("Of the few words that reading adds."),
    type="choice",
    choices=(("", "Español"), ("en", "English")),
    part="words",
)
_SMTP_CERTIFICATE = Field(
    name="smtp_certificate",
    label=N_("Certificate to trust for sending (PEM)"),
    type="long",
    part="more",
)
IMAP = (
    Field(
        name="imap_host",
        label=N_("Server for reading (IMAP)"),
        help=N_("Empty: nothing is read here; mail is forwarded to the hub's own door."),
        type="host",
        part="in",
    ),
    Field(name="imap_port", label=N_("Port for reading"), type="number", least=1, most=65535, part="in"),
    Field(
        name="imap_security",
        label=N_("Encryption for reading"),
        type="choice",
        choices=SECURITY,
        part="in",
    ),
    Field(name="imap_user", label=N_("User for reading"), help=N_("Empty: the address itself."), part="in"),
    Field(name="imap_password", label=N_("Password for reading"), secret=True, part="in"),
    Field(name="imap_folder", label=N_("Folder"), help=N_("Empty: INBOX."), part="in"),
    Field(
        name="imap_after",
        label=N_("Once a mail is stored"),
        help=N_("seen marks it as read, move:Folder moves it, nothing leaves it as it is."),
        pattern=r"seen|nothing|move:.{1,200}",
        example="move:Dialogo",
        part="in",
    ),
    Field(
        name="imap_backfill_days",
        label=N_("Days to read back at first"),
        type="number",
        most=3650,
        usual="1",
        part="in",
    ),
    AUTHSERV_ID,
)
SIGN_IN = (
    Field(
        name="oauth_provider",
        label=N_("Sign in"),
        help=N_("Microsoft and Google ask for a sign-in in the browser instead of passwords."),
        type="choice",
        choices=(
            ("", N_("With passwords")),
            ("microsoft", "Microsoft 365"),
            ("google", "Google Workspace"),
        ),
    ),
    Field(
        name="oauth_client_id",
        label=N_("Client id of your app"),
        help=N_(
            "Of the app you registered at Microsoft or Google; its redirect address is this hub's, followed by"
            " /admin/channels/oauth."
        ),
    ),
    Field(name="oauth_client_secret", label=N_("Client secret of your app"), secret=True),
    Field(
        name="oauth_tenant",
        label=N_("Directory (tenant) id"),
        help=N_("Only Microsoft. Empty: any organisation."),
        pattern=r"[\w.-]{1,100}",
        example="contoso.onmicrosoft.com",
    ),
)
_MANY = (
    Field(
        name="bulk_connections",
        label=N_("Connections for campaigns"),
        help=N_("Apart from those of people's answers. Each has one message on the wire at most."),
        type="number",
        least=1,
        most=100,
        usual="4",
        part="more",
    ),
    Field(
        name="from_agents",
        label=N_("Campaigns come from the agent's own address"),
        help=N_(
            "Only where it is of the same domain and your server may send for it; answers still come here."
        ),
        type="yes",
        part="more",
    ),
)
_RARE = (
    Field(
        name="dkim_selector",
        label=N_("DKIM selector"),
        help=N_("As your mail provider shows it. Empty: the usual ones are tried before a campaign leaves."),
        pattern=r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?",
        example="selector1",
        part="more",
    ),
    Field(name="oauth_refresh_token", label=N_("Refresh token"), secret=True, part="more"),
    Field(name="oauth_authorize_url", label=N_("Another sign-in page"), type="url", part="more"),
    Field(name="oauth_token_url", label=N_("Another token server"), type="url", part="more"),
    Field(
        name="imap_certificate",
        label=N_("Certificate to trust for reading (PEM)"),
        type="long",
        part="more",
    ),
    _SMTP_CERTIFICATE,
    Field(
        name="imap_largest",
        label=N_("Largest mail that is read, in bytes"),
        type="number",
        least=100_000,
        usual="50000000",
        part="more",
    ),
    Field(
        name="own_message_ids",
        label=N_("Endings of our own Message-IDs"),
        help=N_("One a line, as @mail.example.com: such mails are our own that came back."),
        type="lines",
        part="more",
    ),
    Field(
        name="plus_addresses",
        label=N_("Answers come to name+…@"),
        help=N_("Switch it off where your server knows no plus addresses."),
        type="yes",
        usual=True,
        part="more",
    ),
)
_WORDS = (
    LANGUAGE,
    Field(
        name="quote",
        label=N_("Under an answer"),
        type="choice",
        choices=(("short", N_("The message it answers, shortened")), ("none", N_("Nothing"))),
        usual="short",
        part="words",
    ),
)
FORM = (*SIGN_IN, *IMAP, *SMTP, *_WORDS, *_MANY, *_RARE)
SENDING = (*SMTP, _SMTP_CERTIFICATE)
"""What other kinds whose messages leave as mails ask too."""
