"""Conversations and their decisions over the API."""

from __future__ import annotations

from typing import Literal

import msgspec

from hub.conversations import aside, assignment, closing, fallback, joining, labels, listing, search, snoozing
from hub.conversations.listing import Filters, Listed
from hub.conversations.search_query import parse
from hub.plumbing.clock import now
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, NotFound
from hub.plumbing.texts import _, language
from hub.routing import decisions, explain
from hub.web.api.endpoints import Call, Endpoint, Nothing, Page, Paging, limit_of
from hub.web.api.shapes import ConversationShape, DecisionShape, RatingShape, Ref, ref

State = Literal["open", "snoozed", "closed", "aside"]


class ConversationsQuery(Paging, frozen=True, kw_only=True):
    """GET /conversations. `assignee`: an agent's id, `me` or `none`. `view`: as in the inbox; the caller's `drafts`.

    `sort`: newest message first; who waits longest first, then the others; or urgent first, then by priority.
    """

    view: Literal["", "mine", "unassigned", "all", "closed", "aside", "snoozed", "drafts"] = ""
    sort: Literal["newest", "waiting", "priority"] = "newest"
    state: State | None = None
    assignee: str = ""
    team: int | None = None
    channel: int | None = None
    contact: int | None = None
    account: int | None = None
    tag: str | None = None
    q: str = ""


class ConversationChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """PATCH /conversations/{id}: only what is given changes. `assignee`/`team`: ids; null assignee unassigns.

    `fallback`: whether answers that do not arrive go on by another channel: on, off, or "" as the channel says.
    """

    state: Literal["open", "closed", "aside"] | msgspec.UnsetType = msgspec.UNSET
    reason: str = ""
    outcome: str = ""
    assignee: int | msgspec.UnsetType | None = msgspec.UNSET
    team: int | msgspec.UnsetType = msgspec.UNSET
    priority: str | msgspec.UnsetType = msgspec.UNSET
    tags: list[str] | msgspec.UnsetType = msgspec.UNSET
    fallback: Literal["", "on", "off"] | msgspec.UnsetType = msgspec.UNSET


class Join(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /conversations/{id}/join: `into` is the conversation it becomes a part of."""

    into: int


VIEWS = {
    "": Filters(),
    "mine": Filters(state="open", mine=True),
    "unassigned": Filters(state="open", unassigned=True),
    "all": Filters(state="open"),
    "closed": Filters(state="closed"),
    "aside": Filters(state="aside"),
    "snoozed": Filters(state="snoozed"),
    "drafts": Filters(drafts=True),
}


async def list_conversations(call: Call) -> Page[ConversationShape]:
    """Newest message first, unless another sort is asked for; what is searched always is."""
    asked: ConversationsQuery = call.query
    most = limit_of(asked)
    async with call.transaction() as tx:
        if asked.q:
            return await _searched(tx, call, asked, most)
        first, before = listing.place(asked.cursor, asked.sort)
        found = await listing.listed(
            tx,
            call.person.id,
            _filters(asked),
            before=before,
            most=most + 1,
            sort=asked.sort,
            first=first,
        )
    return Page(
        [shape(one) for one in found[:most]],
        listing.cursor(found[most - 1], asked.sort) if len(found) > most else None,
    )


async def read_conversation(call: Call) -> ConversationShape:
    """One conversation. Raises NotFound, also for what this token may not know of."""
    async with call.transaction() as tx:
        return await one(tx, call)


async def change_conversation(call: Call) -> ConversationShape:
    """Several changes at once, all or none."""
    wanted: ConversationChange = call.body
    me = call.person.id
    async with call.transaction() as tx:
        await one(tx, call)
        if isinstance(wanted.team, int):
            await assignment.assign_to_team(tx, [call.id], wanted.team, by=me)
        if isinstance(wanted.assignee, int):
            await assignment.assign_to(tx, [call.id], wanted.assignee, by=me)
        elif wanted.assignee is None:
            await assignment.unassign(tx, [call.id], by=me)
        if isinstance(wanted.priority, str):
            await labels.prioritise(tx, call.id, wanted.priority, agent_id=me)
        if isinstance(wanted.tags, list):
            await _retag(tx, call, wanted.tags)
        if isinstance(wanted.fallback, str):
            await fallback.choose(tx, call.id, wanted.fallback, me)
        await _move(tx, call, wanted)
        return await one(tx, call)


async def join_conversation(call: Call) -> ConversationShape:
    """It becomes a part of `into`; undone by DELETE."""
    wanted: Join = call.body
    async with call.transaction() as tx:
        await one(tx, call)
        if not await listing.by_ids(tx, call.person.id, [wanted.into]):
            raise BadInput(_("There is no such conversation."), field="into")
        await joining.join(tx, call.id, wanted.into, agent_id=call.person.id)
        return await one(tx, call)


async def separate_conversation(call: Call) -> ConversationShape:
    """The join is undone."""
    async with call.transaction() as tx:
        await one(tx, call)
        await joining.separate(tx, call.id, agent_id=call.person.id)
        return await one(tx, call)


async def read_decision(call: Call) -> DecisionShape:
    """The newest routing decision, whole. Raises NotFound when nothing was ever decided."""
    async with call.transaction() as tx:
        await one(tx, call)
        found = await decisions.of_conversation(tx, call.id, most=1)
    if not found:
        raise NotFound(_("Nothing was decided for this conversation."))
    stored = found[0]
    return DecisionShape(
        id=stored.id,
        at=stored.at,
        sentence=explain.sentence(stored.reason, language()),
        row=stored.row_name,
        rule_version=stored.rule_version,
        agent=ref(stored.agent_id, stored.agent_name),
        team=ref(stored.team_id, stored.team_name),
        reason=stored.reason,
        inputs=stored.inputs,
        candidates=stored.candidates,
    )


async def one(tx: Tx, call: Call) -> ConversationShape:
    """The path's conversation as this caller may see it. Raises NotFound."""
    found = await listing.by_ids(tx, call.person.id, [call.id])
    if not found:
        raise NotFound(_("There is no such conversation."))
    return shape(found[0])


def shape(listed: Listed) -> ConversationShape:
    """A conversation as the API shows it."""
    return ConversationShape(
        id=listed.id,
        state=listed.state,
        subject=listed.subject,
        account=ref(listed.account_id, listed.account_name),
        main_contact=Ref(listed.contact_id, listed.contact_name),
        participants=listed.participants,
        assignee=ref(listed.assignee_id, listed.assignee_name),
        team=ref(listed.team_id, listed.team_name),
        channel=Ref(listed.channel_id, listed.channel_name),
        kind=listed.channel_kind,
        priority=listed.priority,
        tags=listed.tags,
        decision=explain.sentence(listed.reason, language()),
        reason=listed.close_reason,
        outcome=listed.close_outcome,
        waiting_since=listed.waiting_since,
        last_message_at=listed.last_message_at,
        preview=listed.last_preview,
        last_seq=listed.last_seq,
        joined_into=listed.joined_into_id,
        fallback=listed.fallback,
        rating=msgspec.convert(listed.rating, RatingShape, from_attributes=True) if listed.rating else None,
        created_at=listed.created_at,
    )


async def _searched(tx: Tx, call: Call, asked: ConversationsQuery, most: int) -> Page[ConversationShape]:
    query = parse(asked.q, today=now().date(), zone=now().tzinfo)  # type: ignore[arg-type]
    found = await search.search(tx, call.person.id, query, before=asked.cursor, most=most)
    order = [result.row.id for result in found.results]
    shown = {each.id: each for each in await listing.by_ids(tx, call.person.id, order)}
    return Page([shape(shown[id_]) for id_ in order if id_ in shown], found.more or None)


def _filters(asked: ConversationsQuery) -> Filters:
    named = asked.assignee not in ("", "me", "none")
    if named and not (asked.assignee.isascii() and asked.assignee.isdigit() and len(asked.assignee) < 19):
        raise BadInput(_("Use an agent's id, me or none."), field="assignee")
    view = VIEWS[asked.view]
    return Filters(
        state=asked.state or view.state,
        mine=view.mine or asked.assignee == "me",
        drafts=view.drafts,
        unassigned=view.unassigned or asked.assignee == "none",
        assignee_id=int(asked.assignee) if named else None,
        team_id=asked.team,
        channel_id=asked.channel,
        contact_id=asked.contact,
        account_id=asked.account,
        tag=asked.tag,
    )


async def _retag(tx: Tx, call: Call, wanted: list[str]) -> None:
    now_ = (await one(tx, call)).tags
    await labels.tag(
        tx,
        call.id,
        agent_id=call.person.id,
        add=[name for name in wanted if name not in now_],
        remove=[name for name in now_ if name not in wanted],
    )


async def _move(tx: Tx, call: Call, wanted: ConversationChange) -> None:
    """To another state, by the verb an agent would use."""
    if wanted.state is msgspec.UNSET:
        return
    state = (await one(tx, call)).state
    if wanted.state == "closed":
        await closing.close(
            tx, call.id, agent_id=call.person.id, reason=wanted.reason, outcome=wanted.outcome
        )
    elif wanted.state == "aside":
        await aside.put_aside(tx, call.id, agent_id=call.person.id)
    elif state == "closed":
        await closing.reopen(tx, call.id, agent_id=call.person.id)
    elif state == "aside":
        await aside.bring_back(tx, call.id, agent_id=call.person.id)
    elif state == "snoozed":
        await snoozing.wake(tx, call.id, agent_id=call.person.id)


ENDPOINTS = [
    Endpoint(
        method="GET",
        path="/conversations",
        summary="Conversations, newest message first",
        handler=list_conversations,
        query=ConversationsQuery,
        answer=Page[ConversationShape],
    ),
    Endpoint(
        method="GET",
        path="/conversations/{id}",
        summary="One conversation",
        handler=read_conversation,
        answer=ConversationShape,
    ),
    Endpoint(
        method="PATCH",
        path="/conversations/{id}",
        summary="Assign, close, reopen, put aside, tag, prioritise, let answers go on",
        handler=change_conversation,
        body=ConversationChange,
        answer=ConversationShape,
    ),
    Endpoint(
        method="GET",
        path="/conversations/{id}/decision",
        summary="Who got it and why",
        handler=read_decision,
        query=Nothing,
        answer=DecisionShape,
    ),
    Endpoint(
        method="POST",
        path="/conversations/{id}/join",
        summary="Make it a part of another conversation",
        handler=join_conversation,
        body=Join,
        answer=ConversationShape,
    ),
    Endpoint(
        method="DELETE",
        path="/conversations/{id}/join",
        summary="Undo the join",
        handler=separate_conversation,
        answer=ConversationShape,
    ),
]
