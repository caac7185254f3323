"""What the checks of a sender address found, and what to do about it, in plain words."""

from __future__ import annotations

from hub.plumbing.texts import N_

CHECK_NAMES = {
    "spf": N_("SPF: who may send for the domain"),
    "dkim": N_("DKIM: the signature of each mail"),
    "dmarc": N_("DMARC: what holds for the rest"),
    "alignment": N_("Alignment: the name people see is the one that is proven"),
    "names": N_("Names of the sending server"),
    "replies": N_("Answers and returned mails arrive"),
    "unsubscribe": N_("Unsubscribing with one click"),
    "reserved": N_("Only for tests"),
}
MEANINGS = {
    "spf_good": N_("The SPF record of %(domain)s names the server that sends."),
    "spf_missing": N_("%(domain)s does not say who may send for it. Publish this record."),
    "spf_several": N_(
        "%(domain)s has %(n)s SPF records and may have one: join them, or none of them counts."
    ),
    "spf_broken": N_("The SPF record of %(domain)s has a word nobody understands: %(word)s. Correct it."),
    "spf_too_long": N_(
        "The SPF record of %(domain)s needs %(n)s look-ups and may need %(most)s: take out services you no longer use."
    ),
    "spf_open": N_("The SPF record of %(domain)s lets anybody send for it (+all). End it with ~all or -all."),
    "spf_without_relay": N_(
        "Mail of %(domain)s leaves by %(relay)s, which its SPF record does not name. Publish this one instead."
    ),
    "spf_undecided": N_(
        "The SPF record of %(domain)s says nothing of other servers. End it with ~all or -all."
    ),
    "dkim_good": N_("There is a key at %(name)s."),
    "dkim_missing": N_(
        "We found no DKIM key for %(domain)s. Switch signing on with your mail provider; if it is on, write its "
        "selector into the settings of this line."
    ),
    "dkim_not_there": N_(
        "There is no DKIM key at %(name)s. Publish the one your mail provider shows you, or correct the selector of "
        "this line."
    ),
    "dkim_revoked": N_("The DKIM key at %(name)s was withdrawn: it is empty. Publish the one in use."),
    "dkim_unreadable": N_("The DKIM key at %(name)s cannot be read. Copy it again, whole and in one piece."),
    "dkim_short": N_(
        "The DKIM key at %(name)s has only %(bits)s bits. Ask your mail provider for one of 2048."
    ),
    "dmarc_good": N_("%(domain)s has a DMARC record (p=%(policy)s)."),
    "dmarc_missing": N_(
        "%(domain)s has no DMARC record. Publish this one: it changes nothing but is asked for."
    ),
    "dmarc_several": N_("%(domain)s has %(n)s DMARC records and may have one: none of them counts."),
    "dmarc_broken": N_(
        "The DMARC record of %(domain)s does not say what to do: p=none, quarantine or reject."
    ),
    "aligned": N_("What people see in From is what is proven."),
    "not_aligned": N_("Nothing proves that mail from %(domain)s is yours. Correct SPF or DKIM first."),
    "names_good": N_("The sending server is who it says."),
    "no_reverse_name": N_(
        "The address %(address)s of %(relay)s has no name (PTR). Ask whoever gives you the address to set one."
    ),
    "reverse_name_differs": N_(
        "The address %(address)s of %(relay)s is called %(name)s, which does not lead back to it."
    ),
    "replies_good": N_("%(domain)s takes mail."),
    "no_mail_server": N_(
        "%(domain)s takes no mail (no MX): answers are lost, and many servers refuse what comes from it."
    ),
    "replies_by_address": N_("%(domain)s has no MX record; mail finds it only by its address. Publish one."),
    "unsubscribe_good": N_("Mail programs can show their button, and it works."),
    "unsubscribe_inside": N_(
        "Unsubscribing needs an address that people reach from outside by https; this hub says %(url)s. Set "
        "HUB_PUBLIC_URL."
    ),
    "not_asked": N_("The name servers did not answer, so nothing could be checked. Try again in a while."),
    "reserved": N_("This address exists only for tests and reaches nobody; there is nothing to check."),
}
