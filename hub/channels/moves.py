"""The closed vocabulary of what a telephone line can be told to do next: decided by routing/ladder, said by an adapter.

Each is one step that ends or asks again at an address of ours, so that a call never circles and never hangs.
"""

from __future__ import annotations

import msgspec


class Move(msgspec.Struct, frozen=True, tag_field="move", kw_only=True):
    """Base of all moves. `language` is the one to speak; `greet`: it is the first thing the caller hears."""

    language: str = "es"
    greet: bool = False


class Ring(Move, frozen=True, tag=True, kw_only=True):
    """Ring an agent's telephone for `seconds`; `leg` names this ringing, `n` counts them within the call."""

    phone: str
    leg: str
    n: int
    caller: str
    seconds: int = 20


class Wait(Move, frozen=True, tag=True, kw_only=True):
    """Tell the caller their place and ask again after a while; `turn` counts how often."""

    position: int
    turn: int


class TakeMessage(Move, frozen=True, tag=True, kw_only=True):
    """Nobody can take it: record a message of at most `seconds`."""

    seconds: int = 120


class Announce(Move, frozen=True, tag=True, kw_only=True):
    """Tell the agent who has picked up whom it is about; a key accepts, so that no answering machine does."""

    leg: str
    who: str
    account: str = ""
    outgoing: bool = False


class Bridge(Move, frozen=True, tag=True, kw_only=True):
    """The agent is on the line: ring the customer and connect them."""

    number: str
    leg: str
    n: int
    seconds: int = 45


class Connect(Move, frozen=True, tag=True, kw_only=True):
    """Nothing more to say: the two are connected."""


class HangUp(Move, frozen=True, tag=True, kw_only=True):
    """The end; `why` is said before: thanks, sorry, busy, no_answer, failed, or nothing."""

    why: str = ""


AnyMove = Ring | Wait | TakeMessage | Announce | Bridge | Connect | HangUp


class Dial(msgspec.Struct, frozen=True, kw_only=True):
    """A call of ours to be begun: the agent's telephone first. `base_url`: where the provider reaches us."""

    phone: str
    leg: str
    base_url: str
