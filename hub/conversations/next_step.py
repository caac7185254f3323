"""What a person had best do about an answer the customer did not get: again, otherwise, another address, a call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from hub.conversations.fallback_policy import Used
from hub.conversations.ways import Way

Kind = Literal["again", "otherwise", "call", "correct"]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """The best thing to do; `way` is set for "otherwise" and "call"."""

    kind: Kind
    way: Way | None = None


def next_step(
    *, state: str, permanent: bool, code: str, ways: Sequence[Way], used: Used, root_id: int | None
) -> Step:
    """Perhaps sent, our own trouble, or only patience lost: again. Else another way to the same person.

    Else a call, where a line can; else the address needs correcting. A closed window is no dead address.
    """
    if state == "unknown" or not permanent:
        return Step(kind="again")
    own = [way for way in ways if way.root_id is not None and way.root_id == root_id]
    for way in own:
        if not way.why_not and (way.channel.id, way.address) not in used:
            return Step(kind="otherwise", way=way)
    for way in own:
        if way.can.calls and way.address:
            return Step(kind="call", way=way)
    return Step(kind="again" if code in ("opted_out", "window_closed") and not own else "correct")
