"""What a campaign may become, and who moves it; the one table, for pages, API, workers and the sweep."""

from __future__ import annotations

from typing import Literal

from hub.plumbing.texts import N_

State = Literal["draft", "preparing", "prepared", "scheduled", "running", "paused", "finished", "canceled"]
Who = Literal["person", "worker"]

_TABLE: dict[State, dict[State, tuple[Who, ...]]] = {
    "draft": {"preparing": ("person",), "canceled": ("person",)},
    "preparing": {"prepared": ("worker",), "draft": ("person", "worker"), "canceled": ("person",)},
    "prepared": {"draft": ("person",), "scheduled": ("person",), "canceled": ("person",)},
    "scheduled": {
        "running": ("worker",),
        "paused": ("person", "worker"),
        "prepared": ("person",),  # unscheduled: nothing has left yet
        "canceled": ("person",),
    },
    "running": {"paused": ("person", "worker"), "finished": ("worker",), "canceled": ("person",)},
    "paused": {"running": ("person",), "canceled": ("person",)},
    "finished": {},
    "canceled": {},
}
WORDS: dict[State, str] = {
    "draft": N_("Draft"),
    "preparing": N_("Being prepared"),
    "prepared": N_("To be reviewed"),
    "scheduled": N_("Scheduled"),
    "running": N_("Running"),
    "paused": N_("Paused"),
    "finished": N_("Finished"),
    "canceled": N_("Called off"),
}
OPEN: tuple[State, ...] = ("running",)
"""Deliveries may leave."""
EDITABLE: tuple[State, ...] = ("draft",)
"""Audience, message and schedule may be changed; prepared goes back to draft first."""
ENDED: tuple[State, ...] = ("finished", "canceled")


def may_become(state: State, wanted: State, who: Who) -> bool:
    """Whether `who` may move a campaign from `state` to `wanted`."""
    return who in _TABLE[state].get(wanted, ())
