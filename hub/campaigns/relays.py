"""Large mail services: what a domain's SPF includes for them, and under which names they keep DKIM keys."""

from __future__ import annotations

import re

import msgspec

COMMON_SELECTORS = ("default", "dkim", "mail", "s1", "selector1", "google", "k1")
"""Tried where nobody wrote the selector down."""


class Relay(msgspec.Struct, frozen=True, kw_only=True):
    """One service. `under_our_name`: its mails leave with our envelope sender, so SPF must name it."""

    hosts: str
    spf: str
    selectors: tuple[str, ...] = ()
    under_our_name: bool = False


RELAYS = (
    # learn.microsoft.com/defender-office-365/email-authentication-spf-configure, …-dkim-configure
    Relay(
        hosts=r"smtp\.office365\.com|smtp\.outlook\.com|.*\.mail\.protection\.outlook\.com",
        spf="spf.protection.outlook.com",
        selectors=("selector1", "selector2"),
        under_our_name=True,
    ),
    # support.google.com/a/answer/33786, /180504
    Relay(
        hosts=r"smtp(?:-relay)?\.gmail\.com|smtp\.googlemail\.com",
        spf="_spf.google.com",
        selectors=("google",),
        under_our_name=True,
    ),
    # These put their own envelope sender; DKIM carries the proof.
    Relay(hosts=r"email-smtp\..*\.amazonaws\.com", spf="amazonses.com"),
    Relay(hosts=r"smtp\.sendgrid\.net", spf="sendgrid.net", selectors=("s1", "s2")),
    Relay(hosts=r"smtp(?:\.eu)?\.mailgun\.org", spf="mailgun.org", selectors=("mx", "email", "k1")),
    Relay(hosts=r"in(?:-v3)?\.mailjet\.com", spf="spf.mailjet.com", selectors=("mailjet",)),
    Relay(hosts=r"smtp-relay\.(?:brevo|sendinblue)\.com", spf="spf.brevo.com", selectors=("brevo1", "mail")),
)


def relay_of(host: str) -> Relay | None:
    """The service behind the name of a server for sending; None for any other."""
    return next((one for one in RELAYS if re.fullmatch(one.hosts, host)), None)
