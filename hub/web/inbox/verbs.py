"""What one does with a conversation: each a noun with POST to do and DELETE to take back."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hub.conversations import aside, assignment, belonging, closing, joining, reading, snoozing
from hub.notifications import notifier
from hub.plumbing import clock
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import _
from hub.routing.balance import queue_balance_for
from hub.web.forms import form_of
from hub.web.inbox.asked import do, done, id_of, must_see, whole
from hub.web.requests import hub_of, person_of


class AssignForm(msgspec.Struct):
    """POST assignment: one of the three."""

    agent_id: str = ""
    team_id: str = ""
    me: bool = False


class CloseForm(msgspec.Struct):
    """POST closing."""

    reason: str = ""
    outcome: str = ""


class SnoozeForm(msgspec.Struct):
    """POST snoozing: later, tomorrow, monday, week, a date and time, or now to wake it."""

    until: str = ""


class ReadForm(msgspec.Struct):
    """POST reading: up to which sequence; all of it if empty."""

    seq: str = ""


class SuggestionForm(msgspec.Struct):
    """POST account_suggestion."""

    confirm: bool = False


class JoinForm(msgspec.Struct):
    """POST join: the conversation to be read in."""

    into: str = ""


class SplitForm(msgspec.Struct):
    """POST split: the first message of the new conversation."""

    message_id: str = ""


class MoveForm(msgspec.Struct):
    """POST move: to another contact, another account, or both."""

    contact_id: str = ""
    account_id: str = ""


async def assign(request: web.Request) -> web.StreamResponse:
    """POST /c/{id}/assignment."""
    person, id_ = person_of(request), id_of(request)
    form = await form_of(request, AssignForm)
    agent_id = person.id if form.me else whole(form.agent_id, "agent_id")
    team_id = whole(form.team_id, "team_id")
    if agent_id is not None:
        return await do(request, lambda tx: assignment.assign_to(tx, [id_], agent_id, by=person.id))
    if team_id is not None:
        return await do(request, lambda tx: assignment.assign_to_team(tx, [id_], team_id, by=person.id))
    raise BadInput(_("Choose a person or a team."), field="agent_id")


async def unassign(request: web.Request) -> web.StreamResponse:
    """DELETE /c/{id}/assignment."""
    person, id_ = person_of(request), id_of(request)
    return await do(request, lambda tx: assignment.unassign(tx, [id_], by=person.id))


async def close(request: web.Request) -> web.StreamResponse:
    """POST /c/{id}/closing; tells whom to offer as the account's owner, if it has none."""
    person, id_ = person_of(request), id_of(request)
    form = await form_of(request, CloseForm)

    async def verb(tx: Tx) -> closing.Offer | None:
        await must_see(tx, id_, person)
        held = await closing.close(tx, id_, agent_id=person.id, reason=form.reason, outcome=form.outcome)
        if held.assignee_id is not None:
            await queue_balance_for(tx, held.assignee_id)
        return await closing.owner_to_offer(tx, id_)

    return done(request, id_, make_owner=await hub_of(request).retrying(verb))


async def reopen(request: web.Request) -> web.StreamResponse:
    """DELETE /c/{id}/closing."""
    person, id_ = person_of(request), id_of(request)
    return await do(request, lambda tx: closing.reopen(tx, id_, agent_id=person.id))


async def put_aside(request: web.Request) -> web.StreamResponse:
    """POST /c/{id}/aside."""
    person, id_ = person_of(request), id_of(request)
    return await do(request, lambda tx: aside.put_aside(tx, id_, agent_id=person.id))


async def bring_back(request: web.Request) -> web.StreamResponse:
    """DELETE /c/{id}/aside."""
    person, id_ = person_of(request), id_of(request)
    return await do(request, lambda tx: aside.bring_back(tx, id_, agent_id=person.id))


async def snooze(request: web.Request) -> web.StreamResponse:
    """POST /c/{id}/snoozing."""
    person, id_ = person_of(request), id_of(request)
    wanted = (await form_of(request, SnoozeForm)).until
    if wanted == "now":
        return await wake(request)
    until = snoozing.moment(wanted, clock.now(), person.time_zone)
    return await do(request, lambda tx: snoozing.snooze(tx, id_, agent_id=person.id, until=until))


async def wake(request: web.Request) -> web.StreamResponse:
    """DELETE /c/{id}/snoozing."""
    person, id_ = person_of(request), id_of(request)
    return await do(request, lambda tx: snoozing.wake(tx, id_, agent_id=person.id))


async def read(request: web.Request) -> web.StreamResponse:
    """POST /c/{id}/reading; what they were told of it is seen too."""
    person, id_ = person_of(request), id_of(request)
    up_to = whole((await form_of(request, ReadForm)).seq, "seq")
    if up_to is not None and up_to > 2**31 - 1:
        raise BadInput(_("Use a whole number."), field="seq")

    async def seen(tx: Tx) -> None:
        await reading.read_and_tell(tx, id_, person.id, up_to=up_to)
        await notifier.see(tx, person.id, conversation_id=id_)

    return await do(request, seen)


async def unread(request: web.Request) -> web.StreamResponse:
    """DELETE /c/{id}/reading."""
    person, id_ = person_of(request), id_of(request)
    return await do(request, lambda tx: reading.unread(tx, id_, person.id))


async def suggestion(request: web.Request) -> web.StreamResponse:
    """POST /c/{id}/account_suggestion: the suggested account is theirs, or not."""
    person, id_ = person_of(request), id_of(request)
    form = await form_of(request, SuggestionForm)
    verb = belonging.confirm_account if form.confirm else belonging.deny_account
    return await do(request, lambda tx: verb(tx, id_, agent_id=person.id))


async def join(request: web.Request) -> web.StreamResponse:
    """POST /c/{id}/join: both must be visible."""
    person, id_ = person_of(request), id_of(request)
    into = whole((await form_of(request, JoinForm)).into, "into")
    if into is None:
        raise BadInput(_("Say into which conversation."), field="into")

    async def verb(tx: Tx) -> None:
        await must_see(tx, into, person)
        await joining.join(tx, id_, into, agent_id=person.id)

    return await do(request, verb)


async def separate(request: web.Request) -> web.StreamResponse:
    """DELETE /c/{id}/join."""
    person, id_ = person_of(request), id_of(request)
    return await do(request, lambda tx: joining.separate(tx, id_, agent_id=person.id))


async def keep_apart(request: web.Request) -> web.StreamResponse:
    """DELETE /c/{id}/messages/{message_id}/join: what a message's subject suggested is wrong."""
    person, id_, message_id = person_of(request), id_of(request), id_of(request, "message_id")
    return await do(
        request, lambda tx: joining.keep_apart(tx, message_id, conversation_id=id_, agent_id=person.id)
    )


async def split(request: web.Request) -> web.StreamResponse:
    """POST /c/{id}/split; tells the number of the new conversation."""
    person, id_ = person_of(request), id_of(request)
    message_id = whole((await form_of(request, SplitForm)).message_id, "message_id")
    if message_id is None:
        raise BadInput(_("Say from which message on."), field="message_id")

    async def verb(tx: Tx) -> int:
        await must_see(tx, id_, person)
        return (await joining.split(tx, id_, message_id, agent_id=person.id)).id

    made = await hub_of(request).retrying(verb)
    return done(request, made, id=made)


async def rejoin(request: web.Request) -> web.StreamResponse:
    """DELETE /c/{id}/split: back into the conversation its messages came from."""
    person, id_ = person_of(request), id_of(request)

    async def verb(tx: Tx) -> int:
        await must_see(tx, id_, person)
        return (await joining.rejoin(tx, id_, agent_id=person.id)).id

    into = await hub_of(request).retrying(verb)
    return done(request, into, id=into)


async def move(request: web.Request) -> web.StreamResponse:
    """POST /c/{id}/move."""
    person, id_ = person_of(request), id_of(request)
    form = await form_of(request, MoveForm)
    contact_id, account_id = whole(form.contact_id, "contact_id"), whole(form.account_id, "account_id")
    return await do(
        request,
        lambda tx: joining.move(tx, id_, agent_id=person.id, contact_id=contact_id, account_id=account_id),
    )
