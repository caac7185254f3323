"""What a colleague did that concerns somebody, told at once on their open pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hub.conversations.sight import sights
from hub.notifications.notifier import Notice, notices
from hub.plumbing.db import Tx
from hub.plumbing.texts import N_, _
from hub.web.drawing import Thing, register
from hub.web.sockets import Op

SENTENCES = {
    "assigned": N_("%(by)s gave you “%(subject)s”"),
    "mentioned": N_("%(by)s named you in “%(subject)s”"),
}


async def draw(tx: Tx, ids: Sequence[int]) -> list[Thing]:
    """The renderer of kind `notification`: a toast that opens the conversation, for whoever may see it."""
    found = [one for one in await notices(tx, ids) if one.verb in SENTENCES]
    known = await sights(tx, [one.conversation_id for one in found if one.conversation_id is not None])
    return [
        Thing(id=one.id, sight=known[one.conversation_id], ops=_toast(one))
        for one in found
        if one.conversation_id in known
    ]


def _toast(notice: Notice) -> Callable[[Sequence[str]], dict[str, list[Op]]]:
    def ops(topics: Sequence[str]) -> dict[str, list[Op]]:
        said = _(
            SENTENCES[notice.verb],
            by=notice.by or _("Dialogo"),
            subject=notice.subject or _("(no subject)"),
        )
        return {topic: [["toast", said, notice.conversation_id]] for topic in topics}

    return ops


def register_all() -> None:
    """Make the fan-out draw this kind."""
    register("notification", draw)
