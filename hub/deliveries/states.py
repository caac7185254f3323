"""The one table of what a delivery may become, for worker, reports, sweep and people; nothing lowers a state."""

from __future__ import annotations

from typing import Literal

import msgspec

Who = Literal["worker", "report", "sweep", "person", "passing"]

# from → to → who may do it (INVARIANTS §6, §11). A report settles *unknown*; only a person sends it again.
_TABLE: dict[str, dict[str, tuple[Who, ...]]] = {
    "held": {"claimed": ("worker",), "canceled": ("person", "report"), "failed": ("worker",)},
    "queued": {
        "claimed": ("worker",),
        "canceled": ("person",),
        "failed": ("worker", "report"),
        "sent": ("report",),
        "delivered": ("report",),
        "read": ("report",),
    },
    "claimed": {
        "canceled": ("worker",),  # a campaign's, that may not leave any more
        "sending": ("worker",),
        "queued": ("worker", "sweep"),
        "failed": ("worker", "report"),
        "sent": ("report",),
        "delivered": ("report",),
        "read": ("report",),
    },
    "sending": {
        "queued": ("worker",),
        "sent": ("worker", "report"),
        "delivered": ("worker", "report"),
        "read": ("report",),
        "failed": ("worker", "report"),
        "unknown": ("worker", "sweep"),
    },
    "unknown": {
        "queued": ("person",),
        "sent": ("worker", "report"),
        "delivered": ("worker", "report"),
        "read": ("report",),
        "failed": ("worker", "report"),
    },
    "sent": {
        "queued": ("passing",),  # reported failed for a reason that may pass: one more try
        "delivered": ("report",),
        "read": ("report",),
        "failed": ("report",),
        "unknown": ("sweep",),  # a line that promises reports gave none in time
    },
    "delivered": {"read": ("report",)},
    "failed": {"queued": ("person",), "delivered": ("report",), "read": ("report",)},
    "read": {},
    "canceled": {},
}

STATES = tuple(_TABLE)
WAITING = ("held", "queued")  # nobody works on it
GOING = ("held", "queued", "claimed", "sending", "sent", "delivered", "read", "unknown")
"""The recipient has it, will get it, or perhaps has it."""
LEFT = ("sent", "delivered", "read")  # the other side has it


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery that changed: what rooms below need to tell people; `recipient_id`: a campaign's.

    `dead`, `only_here`, `opted_out`: what the provider's refusal said of the address, still to be written there.
    """

    id: int
    message_id: int | None
    channel_id: int
    recipient: str
    before: str
    state: str
    recipient_id: int | None = None
    permanent: bool = False
    ours: bool = False
    code: str = ""
    reason: str = ""
    dead: bool = False
    only_here: bool = False
    opted_out: bool = False


def may_become(state: str, wanted: str, who: Who) -> bool:
    """Whether `who` may move a delivery from `state` to `wanted`."""
    return who in _TABLE[state].get(wanted, ())
