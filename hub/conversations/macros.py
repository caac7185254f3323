"""What a saved text does with a conversation: told before it is chosen, done when its answer is sent."""

from __future__ import annotations

from collections.abc import Mapping

from hub.conversations import assignment, closing, labels
from hub.conversations.holding import Held
from hub.conversations.labels import PRIORITIES
from hub.conversations.saved_texts import Actions
from hub.plumbing.db import Tx
from hub.plumbing.texts import _


def told(actions: Actions, names: Mapping[str, str]) -> list[str]:
    """One short sentence an action, in the reader's language; `names` of agent-3 and team-4."""
    said = []
    if actions.assign == "me":
        said.append(_("Assigns it to you"))
    elif actions.assign:
        said.append(_("Assigns it to %(name)s", name=names.get(actions.assign, actions.assign)))
    if actions.tags:
        said.append(_("Tags it: %(names)s", names=", ".join(actions.tags)))
    if actions.priority in PRIORITIES:  # a form that is still being filled in may say anything
        said.append(_("Priority: %(name)s", name=_(PRIORITIES[actions.priority])))
    if actions.close:
        said.append(_("Closes it"))
    return said


async def act(tx: Tx, conversation_id: int, actions: Actions, *, agent_id: int) -> Held | None:
    """Do it, closing last. Answers the closed conversation, None if it was not closed.

    Raises NotFound, Conflict, BadInput (who got it does not work here any more).
    """
    kind, _dash, number = actions.assign.partition("-")
    if kind == "me":
        await assignment.assign_to(tx, [conversation_id], agent_id, by=agent_id)
    elif kind == "agent":
        await assignment.assign_to(tx, [conversation_id], int(number), by=agent_id)
    elif kind == "team":
        await assignment.assign_to_team(tx, [conversation_id], int(number), by=agent_id)
    if actions.tags:
        await labels.tag(tx, conversation_id, agent_id=agent_id, add=actions.tags)
    if actions.priority:
        await labels.prioritise(tx, conversation_id, actions.priority, agent_id=agent_id)
    if actions.close:
        return await closing.close(tx, conversation_id, agent_id=agent_id)
    return None
