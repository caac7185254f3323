"""A customer's conversations as their pages show them."""

from __future__ import annotations

from collections.abc import Sequence

from hub.channels.registry import adapter
from hub.conversations.of_customer import Line
from hub.web.customers.views import HistoryLine


def drawn(lines: Sequence[Line]) -> list[HistoryLine]:
    """Each with its channel's icon and colour, which its adapter declares."""
    made = []
    for line in lines:
        can = adapter(line.channel_kind).can
        made.append(
            HistoryLine(
                id=line.id,
                subject=line.subject,
                state=line.state,
                preview=line.preview,
                who=line.contact_name,
                assignee=line.assignee_name or "",
                icon=can.icon,
                colour=can.colour,
                channel=line.channel_kind,
                at=line.last_message_at,
            )
        )
    return made
