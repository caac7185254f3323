"""Calls of ours, begun and ended: the row first, then the provider, then what it said (as the road out does)."""

from __future__ import annotations

from functools import partial

import structlog

from hub import answering
from hub.channels import connections
from hub.channels.errors import SendError, Unknown
from hub.channels.moves import Dial
from hub.channels.registry import adapter
from hub.conversations import call_out, calls, holding
from hub.conversations.calls import Call
from hub.plumbing.errors import Forbidden, NotFound, Unavailable
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _

log = structlog.get_logger(__name__)


async def start(
    hub: Hub,
    conversation_id: int,
    agent_id: int,
    *,
    client_id: str,
    number: str = "",
    channel_id: int | None = None,
) -> Call:
    """Ring the agent's telephone, then the customer's; the same `client_id` again rings nobody twice.

    Rights are the caller's to check. Raises BadInput, Conflict, NotFound, and Unavailable with the provider's words.
    """
    begin = partial(
        call_out.begin,
        conversation_id=conversation_id,
        agent_id=agent_id,
        client_id=client_id,
        number=number,
        channel_id=channel_id,
    )
    begun = await hub.retrying(begin)
    if begun.leg is not None:
        line = begun.channel.line(hub.crypto)
        wanted = Dial(phone=begun.leg.phone, leg=begun.leg.token, base_url=hub.settings.base_url)
        try:
            provider_id = await adapter(line.kind).dial(wanted, line)
        except Unknown as error:  # perhaps it rings: its own requests, or the sweep, will tell
            log.warning("a call perhaps rings", call=begun.call.id, why=error.reason)
        except SendError as error:
            await hub.retrying(partial(answering.end, call_id=begun.call.id, reason=error.reason))
            raise Unavailable(_(error.reason)) from error
        else:
            async with hub.transaction() as tx:
                await call_out.dialled(tx, begun.call.id, provider_id)
    async with hub.transaction() as tx:
        return await calls.load(tx, begun.call.id)


async def hang_up(hub: Hub, conversation_id: int, call_id: int, agent_id: int) -> Call:
    """End a call one is in. Raises NotFound, Forbidden for another's, Unavailable with the provider's words."""
    async with hub.transaction() as tx:
        call = await calls.load(tx, call_id)
        channel = await connections.load(tx, call.channel_id)
        stands = (await holding.read(tx, [call.conversation_id]))[0]
    if conversation_id not in (stands.id, stands.joined_into_id):
        raise NotFound(_("There is no such call."))
    if call.agent_id != agent_id:
        raise Forbidden(_("Only who is on the phone can hang up."))
    if call.state == "ended":
        return call
    try:
        if call.provider_id:
            line = channel.line(hub.crypto)
            await adapter(line.kind).hang_up(call.provider_id, line)
    except SendError as error:
        raise Unavailable(_(error.reason)) from error
    return await hub.retrying(partial(answering.end, call_id=call_id))
