"""What concerns somebody, told at once on their open pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hub.conversations.sight import sights
from hub.notifications.notifier import Notice, notices
from hub.plumbing.db import Tx
from hub.web.drawing import Thing, register
from hub.web.notices.words import LOUD, place, words
from hub.web.sockets import Op


async def draw(tx: Tx, ids: Sequence[int]) -> list[Thing]:
    """The renderer of kind `notification`: a toast that opens what it is about, for whoever may see that."""
    found = [one for one in await notices(tx, ids) if one.verb in LOUD]
    known = await sights(tx, [one.conversation_id for one in found if one.conversation_id is not None])
    return [
        Thing(id=one.id, sight=known.get(one.conversation_id or 0), ops=_toast(one))
        for one in found
        if one.conversation_id is None or one.conversation_id in known
    ]


def _toast(notice: Notice) -> Callable[[Sequence[str]], dict[str, list[Op]]]:
    """Leads to a conversation by its number, elsewhere by an address."""

    def ops(topics: Sequence[str]) -> dict[str, list[Op]]:
        return {
            topic: [["toast", words(notice), notice.conversation_id or place(notice)]] for topic in topics
        }

    return ops


def register_all() -> None:
    """Make the fan-out draw this kind."""
    register("notification", draw)
