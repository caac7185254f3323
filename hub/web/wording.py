"""The texts the browser itself shows: marked here, sent with each page as one small JSON block."""

from __future__ import annotations

import msgspec

from hub.plumbing.texts import N_, _

BROWSER = {
    "sent": N_("Message sent"),
    "noted": N_("Note added"),
    "undo": N_("Undo"),
    "undo_in": N_("Undo (%(n)s s)"),
    "undone": N_("Undone"),
    "unsent": N_("Taken back; your text is in the composer again"),
    "nothing_to_undo": N_("Nothing to undo"),
    "too_late": N_("Too late: it has already left"),
    "sending": N_("Sending"),
    "waiting": N_("Waiting for the connection"),
    "not_sent": N_("Not sent"),
    "retry": N_("Retry"),
    "edit": N_("Edit"),
    "send_anyway": N_("Send anyway"),
    "arrived": N_("Something arrived while you were writing"),
    "failed": N_("That did not work"),
    "signed_out": N_("You are signed out. Sign in again to go on; what you wrote is kept."),
    "too_big": N_("The file is too big"),
    "uploading": N_("Uploading"),
    "remove": N_("Remove"),
    "saving": N_("Saving draft"),
    "saved": N_("Draft saved"),
    "saved_here": N_("Draft kept in this browser"),
    "conflict": N_("This draft was also changed elsewhere"),
    "keep_mine": N_("Keep mine"),
    "take_theirs": N_("Take the other"),
    "closed": N_("Conversation closed"),
    "reopened": N_("Reopened"),
    "assigned": N_("Assigned to %(name)s"),
    "aside": N_("Conversation put aside"),
    "back": N_("Brought back"),
    "unread": N_("Marked unread"),
    "confirmed": N_("Confirmed"),
    "denied": N_("Denied"),
    "joined": N_("Joined"),
    "writing": N_("%(name)s is writing a reply"),
    "noting": N_("%(name)s is writing a note"),
    "viewing": N_("%(name)s is looking at this"),
    "new_one": N_("1 new"),
    "new_many": N_("%(n)s new"),
    "changed": N_("%(n)s conversations changed"),
    "ticked": N_("%(n)s ticked"),
    "here": N_("Here"),
    "away": N_("Away"),
    "wait_min": N_("%(n)s min"),
    "wait_hours": N_("%(n)s h"),
    "wait_days": N_("%(n)s d"),
    "yesterday": N_("yesterday"),
    "nobody": N_("Nobody matches"),
    "why_close": N_("Why is it closed?"),
    "skip": N_("Skip"),
    "how_ended": N_("How did it end?"),
    "full": N_("Too many messages wait for the connection"),
    "offline": N_("No connection. You can go on writing; it is sent when the connection is back."),
}


def for_browser() -> str:
    """The JSON of all of them in the current language, safe inside a script element."""
    spoken = {key: _(message) for key, message in BROWSER.items()}
    return msgspec.json.encode(spoken).decode().replace("<", "\\u003c")
