"""What the keyboard can do, told once: the help sheet and the command palette are both drawn from here."""

from __future__ import annotations

from typing import Any

import msgspec

from hub.plumbing.texts import N_, _


class Shortcut(msgspec.Struct, frozen=True):
    """One key and what it does.

    `act`: its name in the browser (static/js/keys.js), which makes it an action of the palette. `needs`: what
    must be there for the palette to offer it: a conversation selected (`one`) or open (`open`), or nothing.
    `leads`: only leads and administrators may go there.
    """

    keys: tuple[str, ...]
    label: str
    act: str = ""
    icon: str = ""
    needs: str = ""
    leads: bool = False


EVERYWHERE = (
    Shortcut(("Ctrl", "K"), N_("Commands and quick search")),
    Shortcut(("/",), N_("Search"), "search", "search"),
    Shortcut(("?",), N_("Keyboard shortcuts"), "help", "keyboard"),
    Shortcut(("C",), N_("New message"), "new", "pencil"),
    Shortcut(("G", "I"), N_("My inbox"), "/inbox/mine", "inbox"),
    Shortcut(("G", "M"), N_("Mentions"), "/inbox/mentions", "at-sign"),
    Shortcut(("G", "U"), N_("Unassigned"), "/inbox/unassigned", "users"),
    Shortcut(("G", "H"), N_("Snoozed"), "/inbox/snoozed", "alarm-clock"),
    Shortcut(("G", "D"), N_("Drafts"), "/inbox/drafts", "pencil"),
    Shortcut(("G", "A"), N_("All open"), "/inbox/all", "message-square"),
    Shortcut(("G", "C"), N_("Closed"), "/inbox/closed", "archive"),
    Shortcut(("G", "K"), N_("Contacts"), "/contacts", "user"),
    Shortcut(("G", "Q"), N_("Quarantine"), "/quarantine", "shield-alert", leads=True),
    Shortcut(("F6",), N_("Next zone")),
    Shortcut(("Esc",), N_("Leave the field, close the layer")),
)
LIST = (
    Shortcut(("J",), N_("Next conversation")),
    Shortcut(("K",), N_("Previous conversation")),
    Shortcut(("Enter",), N_("Open")),
    Shortcut(("X",), N_("Tick"), "tick", "check", "one"),
    Shortcut(("U",), N_("Back to the list")),
)
CONVERSATION = (
    Shortcut(("R",), N_("Reply"), "reply", "reply", "open"),
    Shortcut(("N",), N_("Note"), "note", "sticky-note", "open"),
    Shortcut(("A",), N_("Assign"), "assign", "user-plus", "one"),
    Shortcut(("M",), N_("Assign to me"), "mine", "user-check", "one"),
    Shortcut(("T",), N_("Tags"), "tags", "tag", "one"),
    Shortcut(("H",), N_("Snooze"), "snooze", "alarm-clock", "one"),
    Shortcut(("P",), N_("Priority"), "priority", "circle-alert", "one"),
    Shortcut(("E",), N_("Close and go to the next"), "close", "check", "one"),
    Shortcut(("Shift", "E"), N_("Close and stay"), "stay", "check", "one"),
    Shortcut(("Y",), N_("Accept what is offered: the account, its owner")),
    Shortcut(("Shift", "U"), N_("Mark unread"), "unread", "mail", "one"),
    Shortcut(("Shift", "C"), N_("Call"), "call", "phone", "open"),
    Shortcut(("L",), N_("Copy the link"), "link", "link", "one"),
    Shortcut(("I",), N_("Customer card"), "card", "panel-right", "open"),
    Shortcut(("Z",), N_("Undo"), "undo", "undo-2"),
)
COMPOSER = (
    Shortcut(("Ctrl", "Enter"), N_("Send")),
    Shortcut(("Esc",), N_("Leave, the draft is kept")),
)
ALL = {
    N_("Everywhere"): EVERYWHERE,
    N_("List"): LIST,
    N_("Conversation"): CONVERSATION,
    N_("Composer"): COMPOSER,
}


def sheet(leads: bool) -> list[tuple[str, list[tuple[tuple[str, ...], str]]]]:
    """The help sheet in the current language: title, then keys and label of each line. `leads`: for a lead or admin."""
    return [
        (_(title), [(one.keys, _(one.label)) for one in rows if leads or not one.leads])
        for title, rows in ALL.items()
    ]


def actions(leads: bool) -> list[dict[str, Any]]:
    """The palette's actions in the current language, what one does with a conversation first.

    `leads`: for a lead or administrator.
    """
    ordered = [*CONVERSATION, *LIST, *EVERYWHERE]
    return [
        {
            "value": one.act,
            "name": _(one.label),
            "note": " ".join(one.keys),
            "icon": one.icon,
            "needs": one.needs,
        }
        for one in ordered
        if one.act and (leads or not one.leads)
    ]
