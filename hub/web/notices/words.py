"""A notice in words, and where it leads."""

from __future__ import annotations

from hub.notifications.notifier import Notice
from hub.plumbing.texts import N_, _

SENTENCES = {
    "assigned": N_("%(by)s gave you “%(subject)s”"),
    "mentioned": N_("%(by)s named you in “%(subject)s”"),
    "delivery_failed": N_("What you wrote in “%(subject)s” did not arrive at %(recipient)s"),
    "perhaps_sent": N_(
        "What you wrote in “%(subject)s” was perhaps sent to %(recipient)s: look before you repeat it"
    ),
    "asked_to_be_forgotten": N_("Who wrote in “%(subject)s” asks for their data to be deleted"),
    "campaign_failing": N_("The campaign “%(campaign)s” stands still. %(why)s"),
    "campaign_finished": N_("The campaign “%(campaign)s” is finished"),
}
LOUD = frozenset({"assigned", "mentioned", "asked_to_be_forgotten", "campaign_failing", "campaign_finished"})
"""Told by a toast at once; the others are seen in the conversation, and stand behind the bell."""
PLACES = {"campaign_failing": "run", "campaign_finished": "report"}


def words(notice: Notice) -> str:
    """The sentence, in the language being spoken; a verb nobody worded as it is."""
    if notice.verb not in SENTENCES:
        return notice.verb
    told = {"recipient": "—", "campaign": "—", "why": "", **notice.details}
    about = {"by": notice.by or _("Dialogo"), "subject": notice.subject or _("(no subject)")}
    return _(SENTENCES[notice.verb], **{**told, **about}).strip()


def place(notice: Notice) -> str:
    """Where one looks at it; "" for nowhere."""
    if notice.conversation_id is not None:
        return f"/c/{notice.conversation_id}"
    campaign = notice.details.get("campaign_id")
    return f"/campaigns/{campaign}/{PLACES[notice.verb]}" if campaign and notice.verb in PLACES else ""
