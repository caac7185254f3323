"""What a press on the preference page did, told by the page it leads to: signed, so that no bare GET can claim it."""

from __future__ import annotations

from hub.plumbing import clock
from hub.plumbing.crypto import Crypto
from hub.plumbing.texts import N_

MARK = "told"
DONE = {
    "stopped": N_("Done. We will not send you campaigns any more."),
    "started": N_("Done. You will hear from us again."),
    "saved": N_("Your choices are saved."),
}
MINUTES = 10
_NUMBERS = {done: number for number, done in enumerate(DONE)}
_MINUTE_BITS, _DONE_BITS = 40, 4


def mark(crypto: Crypto, address_id: int, done: str) -> str:
    """The mark of what was just done for this address; `done` is a key of DONE."""
    when = address_id << _MINUTE_BITS | _minute()
    return crypto.sign(MARK, when << _DONE_BITS | _NUMBERS[done])


def read(crypto: Crypto, address_id: int, given: str) -> str:
    """The key of DONE that a mark of this address tells, for ten minutes; "" for every other text."""
    number = crypto.verify(MARK, given)
    if number is None:
        return ""
    when, done = divmod(number, 1 << _DONE_BITS)
    whose, minute = divmod(when, 1 << _MINUTE_BITS)
    if whose != address_id or not 0 <= _minute() - minute <= MINUTES:
        return ""
    return list(DONE)[done]


def _minute() -> int:
    return int(clock.now().timestamp()) // 60
