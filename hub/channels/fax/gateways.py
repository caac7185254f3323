"""The gateways we know, as data: which mails they write, and how a fax is handed to them.

Layouts: vendors' help pages, HylaFAX's `etc/templates`, FreePBX's `fax2mail.php`, FusionPBX's fax template. They
change: an admin adds a pattern from a sample mail (settings.patterns of a line), no program is needed.
"""

from __future__ import annotations

from hub.channels.fax.layouts import REPORTED, Gateway, Pattern, Way
from hub.channels.fax.programs import FREEPBX, FUSIONPBX, HYLAFAX

_LABELS = (
    "Caller ID: {caller}",
    "Caller-ID: {caller}",
    "CallerID: {caller}",
    "From: {caller}",
    "Sender: {caller}",
    "Fax number: {caller}",
    "CSID: {csid}",
    "Remote CSID: {csid}",
    "Sender CSID: {csid}",
    "Pages: {pages}",
    "Number of pages: {pages}",
    "Page count: {pages}",
    "To: {to}",
    "Fax ID: {reference}",
)
_J2 = (
    Pattern(
        state="received",
        subject=(
            'eFax message from "{csid}" - {pages} page(s), Caller-ID: {caller}',
            "eFax message from {csid} - {pages} page(s), Caller-ID: {caller}",
            'eFax message from "{csid}" - {pages} page',
            "eFax from {caller} - {pages} page",
        ),
        body=(
            "You have received a {pages} page fax at {date}",
            "You have received a {pages} page fax",
            "Caller-ID: {caller}",
            "Caller ID: {caller}",
            "CSID: {csid}",
            "Pages: {pages}",
            "The reference number for this fax is {reference}",
            "Reference number: {reference}",
        ),
    ),
    Pattern(
        state="delivered",
        subject=(
            "Successful transmission to {to}. Re: {subject}",
            "Successful transmission to {to}",
            "Successful fax transmission to {to}",
        ),
        body=REPORTED,
    ),
    Pattern(
        state="undelivered",
        subject=(
            "Unsuccessful transmission to {to}. Re: {subject}",
            "Unsuccessful transmission to {to}",
            "Failed transmission to {to}. Re: {subject}",
            "Failed transmission to {to}",
            "Unsuccessful fax transmission to {to}",
        ),
        body=REPORTED,
    ),
)
_SERVICE_REPORTS = (
    Pattern(
        state="undelivered",
        subject=(
            "Fax to {to} failed",
            "Fax transmission to {to} failed",
            "Fax Transmission Failed to {to}",
            "Your fax to {to} failed",
            "Your fax to {to} could not be sent",
            "Fax send failed",
            "Fax Failed to {to}",
            "Fax Message Transmission Result to {to} - Not Sent",
            "Fax Message Transmission Result to {to} - Failed",
            "Failed to send fax to {to}",
        ),
        body=REPORTED,
    ),
    Pattern(
        state="delivered",
        subject=(
            "Fax to {to} was sent",
            "Fax to {to} sent successfully",
            "Fax to {to} successful",
            "Fax transmission to {to} was successful",
            "Your fax to {to} was sent",
            "Your fax to {to} was successfully",
            "Fax Sent to {to}",
            "Fax Message Transmission Result to {to} - Sent",
            "Fax successfully sent to {to}",
        ),
        body=REPORTED,
    ),
)
GATEWAYS = (
    Gateway(
        name="efax",
        title="eFax",
        domains=("efax.com", "efaxcorporate.com", "j2.com", "efaxsend.com", "consensus.com"),
        patterns=_J2,
        way=Way(to="{e164_noplus}@efaxsend.com", body="{{nocoverpage}}"),
        country_code=True,
    ),
    HYLAFAX,
    FREEPBX,
    FUSIONPBX,
    Gateway(
        name="ringcentral",
        title="RingCentral",
        domains=("ringcentral.com",),
        patterns=(
            Pattern(
                state="received",
                subject=(
                    "New Fax Message from {caller} on {date}",
                    "New Fax Message from {caller}",
                    "New Fax from {caller}",
                ),
                body=("From: {caller}", "Pages: {pages}", "Received: {date}", "To: {to}"),
            ),
            *_SERVICE_REPORTS,
        ),
        way=Way(to="{e164_noplus}@rcfax.com"),
    ),
    Gateway(
        name="metrofax",
        title="MetroFax",
        domains=("metrofax.com",),
        patterns=(
            Pattern(
                state="received",
                subject=(
                    "Fax received from {caller} ({pages} page",
                    "You have received a {pages} page fax from {caller}",
                    "MetroFax message from {caller} - {pages} page",
                    "New MetroFax from {caller}",
                    "Fax from {caller} - {pages} page",
                ),
                body=_LABELS,
            ),
            *_SERVICE_REPORTS,
        ),
        way=Way(to="{e164_noplus}@metrofax.com"),
    ),
    Gateway(
        name="srfax",
        title="SRFax",
        domains=("srfax.com",),
        patterns=(
            Pattern(
                state="received",
                subject=(
                    "Fax Received from {caller} - {pages} page",
                    "SRFax: fax received from {caller}",
                    "Fax from {caller} ({csid}) - {pages} page",
                    "Fax Received from {caller}",
                    "New Fax Received from {caller}",
                    "Incoming Fax from {caller}",
                ),
                body=_LABELS,
            ),
            *_SERVICE_REPORTS,
        ),
        way=Way(to="{e164_noplus}@srfax.com"),
    ),
    Gateway(
        name="myfax",
        title="MyFax",
        domains=("myfax.com",),
        patterns=(
            Pattern(
                state="received",
                subject=(
                    "You have received a fax from {caller} - {pages} page",
                    "You have received a fax from {caller}",
                    "MyFax from {caller}, {pages} page",
                    "MyFax from {caller}",
                    "Fax from {caller}, {pages} page",
                ),
                body=_LABELS,
            ),
            *_SERVICE_REPORTS,
        ),
        way=Way(to="{e164_noplus}@myfax.com"),
    ),
    Gateway(
        name="documo",
        title="Documo (mFax)",
        domains=("documo.com", "mfax.io"),
        patterns=_SERVICE_REPORTS,
        way=Way(to="{e164_noplus}@send.mfax.io"),
    ),
    Gateway(
        name="sinch",
        title="Sinch",
        domains=("sinch.com", "sinchfax.com"),
        patterns=_SERVICE_REPORTS,
        way=Way(to="{e164_noplus}@sinchfax.com", subject="{own}"),
    ),
    Gateway(
        name="retarus",
        title="Retarus",
        domains=("retarus.com", "rfax.net"),
        patterns=_SERVICE_REPORTS,
        way=Way(to="{e164_noplus}@rfax.net"),
    ),
    Gateway(
        name="faxserver",
        title="FAX=+number@domain (RFC 3192)",
        patterns=(),
        way=Way(to="FAX={e164}@{domain}", form="tiff"),
    ),
    Gateway(
        name="relayfax",
        title="RelayFax, FlexFax (number in the subject)",
        patterns=(),
        way=Way(to="fax@{domain}", subject="{e164_noplus}"),
    ),
)
BY_NAME = {one.name: one for one in GATEWAYS}
