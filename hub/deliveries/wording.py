"""What became of a delivery, in words for the agent and in the language being spoken."""

from __future__ import annotations

from hub.plumbing.texts import N_, _

_CODES = {
    "unusable": N_("This address does not work: %(detail)s"),
    "opted_out": N_("The recipient asked not to be written to here."),
    "no_consent": N_("The recipient never agreed to marketing."),
    "not_compared": N_("Whether they left us once is still being looked up."),
    "not_interested": N_("The recipient does not want to read about this."),
    "window_closed": N_("They wrote too long ago on this channel: only an approved text may go there now."),
    "quiet_hours": N_("The quiet hours had begun."),
    "lease_over": N_("The worker stopped while sending: perhaps it was sent."),
    "too_old": N_("Tried for days without success. Last answer: %(detail)s"),
    "no_report": N_("No report came in time: perhaps it arrived."),
    "paper": N_("This cannot be made into fax pages: %(detail)s"),
    "our_side": N_("Something on our side failed: %(detail)s"),
}

STATE_NAMES = {
    "held": N_("waiting, can be undone"),
    "queued": N_("queued"),
    "claimed": N_("queued"),
    "sending": N_("sending"),
    "sent": N_("sent"),
    "delivered": N_("delivered"),
    "read": N_("read"),
    "failed": N_("not sent"),
    "unknown": N_("perhaps sent"),
    "canceled": N_("canceled"),
}


def words(code: str, reason: str) -> str:
    """The reason of a failed, waiting or perhaps sent delivery; the server's own text where there is one."""
    known = _CODES.get(code)
    return _(known, detail=_(reason) if reason else "—") if known else _(reason) if reason else ""


def state_name(state: str) -> str:
    """One or two words for a state."""
    return _(STATE_NAMES[state])
