"""Why somebody did not get it, in words: the plan's codes, those of the claim, and the other side's own words."""

from __future__ import annotations

from hub.deliveries import wording
from hub.plumbing.texts import N_, _

PLAN = {
    "held_out": N_("left out on purpose"),
    "no_address": N_("no address for these channels"),
    "no_way": N_("no address for these channels"),
    "same_person": N_("somebody who gets it already is the same person"),
    "gone": N_("is no longer there"),
    "dropped": N_("taken out by hand"),
    "stopped": N_("stopped by hand"),
    "merged": N_("is somebody else's double"),
    "no_hours": N_("their hours and the campaign's never meet"),
    "same_address": N_("somebody else has the same address"),
    "complaint": N_("an open complaint"),
    "bought": N_("bought just now"),
    "owner": N_("nobody can sign for them"),
    "no_sender": N_("nobody can sign for them"),
    "sender": N_("nobody can sign for them"),
    "cap": N_("got enough from us this week"),
    "reply": N_("they answered"),
    "probable": N_("they came by another way"),
    "bounce": N_("their address does not work"),
    "conversation": N_("a conversation with them is open"),
    "purchase": N_("they bought something"),
    "paused": N_("paused for this person"),
    "changed": N_("no longer what was approved"),
    "unusable": N_("their address does not work"),
    "opted_out": N_("asked not to be written to"),
    "no_consent": N_("never agreed to it"),
    "not_compared": N_("whether they left us once is still being looked up"),
    "not_interested": N_("does not want to read about this"),
    "too_late": N_("the hours were over"),
    "not_sent": N_("the message before did not leave"),
    "called_off": N_("the campaign was called off"),
    "canceled": N_("the campaign was called off"),
}


def words(code: str) -> str:
    """One reason; a code nobody worded as it is."""
    return _(PLAN[code]) if code in PLAN else wording.words(code, "") or code


def evidence(reason: str) -> str:
    """What is known of a delivery: its code in words, then the other side's own."""
    code, _space, said = reason.partition(" ")
    if code in PLAN:
        return " ".join(part for part in (_(PLAN[code]), said) if part)
    return wording.words(code, said) if wording.words(code, "") else reason
