"""What the live pages are told: rows in their lists, messages in their thread, head and card beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from hub.conversations import drafts, history_lines, inbox, thread
from hub.conversations.history_lines import HistoryLine
from hub.conversations.inbox import ListRow
from hub.conversations.sight import sights
from hub.conversations.thread import Head, ThreadMessage
from hub.customers import card as customers
from hub.customers.card import AccountCard, CustomerCard
from hub.plumbing.db import Tx
from hub.plumbing.texts import language
from hub.web import render
from hub.web.drawing import Thing, register
from hub.web.inbox.bubbles import bubble, system_row
from hub.web.inbox.heads import account_card, head, person_card
from hub.web.inbox.rows import row
from hub.web.sockets import Op
from hub.web.views import CardView, HeadView, MessageView, RowView

THREAD = "thread:"


async def conversations(tx: Tx, ids: Sequence[int]) -> list[Thing]:
    """The renderer of kind `conversation`: its row in every list, its head, and what was just done with it."""
    known = await sights(tx, ids)
    rows = {one.id: one for one in await inbox.for_everybody(tx, list(known))}
    heads = {id_: await thread.head_for_everybody(tx, id_) for id_ in known}
    done: dict[int, list[HistoryLine]] = {}
    for line in await history_lines.newest(tx, list(known)):
        done.setdefault(line.conversation_id, []).append(line)
    erased = [Thing(id=id_, ops=_nothing, gone=_row_gone(id_)) for id_ in ids if id_ not in known]
    return erased + [
        Thing(
            id=id_,
            sight=sight,
            ops=_conversation(rows[id_], heads[id_], done.get(id_, [])),
            gone=_row_gone(id_),
        )
        for id_, sight in known.items()
        if id_ in rows
    ]


async def begun(tx: Tx, ids: Sequence[int]) -> list[Thing]:
    """The renderer of kind `draft`: the conversation's row in the list of whoever has begun to write there."""
    known = await sights(tx, ids)
    rows = {one.id: one for one in await inbox.for_everybody(tx, list(known))}
    moments: dict[int, dict[int, datetime]] = {id_: {} for id_ in rows}
    for one in await drafts.begun(tx, list(rows)):
        moments[one.conversation_id][one.agent_id] = one.at
    return [
        Thing(
            id=id_, sight=known.get(id_), ops=_begun(rows.get(id_), moments.get(id_, {})), gone=_row_gone(id_)
        )
        for id_ in ids
    ]


async def messages(tx: Tx, ids: Sequence[int]) -> list[Thing]:
    """The renderer of kind `message`: put into its thread, or taken out of it when it is gone."""
    found: list[Thing] = []
    for id_ in ids:
        message = await thread.message(tx, id_)
        place = await thread.shown_in(tx, id_)
        if message is None or place is None:
            found.append(Thing(id=id_, ops=_message_gone(id_), gone=_message_lost(id_)))
            continue
        seq = message.seq
        if message.conversation_id != place:
            seq = await thread.position(tx, place, message.created_at)
        sight = (await sights(tx, [place])).get(place)
        found.append(Thing(id=id_, sight=sight, ops=_message(message, place, seq), gone=_message_lost(id_)))
    return found


async def contacts(tx: Tx, ids: Sequence[int]) -> list[Thing]:
    """The renderer of kind `contact`: the person on every card that shows them."""
    found = {id_: await customers.card(tx, id_) for id_ in ids}
    return [Thing(id=id_, ops=_person(id_, known)) for id_, known in found.items() if known is not None]


async def accounts(tx: Tx, ids: Sequence[int]) -> list[Thing]:
    """The renderer of kind `account`: its name and its people on every card that shows it."""
    return [Thing(id=one.account_id, ops=_account(one)) for one in await customers.accounts(tx, ids)]


def register_all() -> None:
    """Make the fan-out draw these kinds."""
    register("contact", contacts)
    register("account", accounts)
    register("conversation", conversations)
    register("draft", begun)
    register("message", messages)


Drawer = Callable[[Sequence[str]], dict[str, list[Op]]]


def _conversation(stored: ListRow, opened: Head | None, done: Sequence[HistoryLine]) -> Drawer:
    def ops(topics: Sequence[str]) -> dict[str, list[Op]]:
        told: dict[str, list[Op]] = {}
        drawn: dict[str, str] = {}
        for topic in topics:
            view = "snoozed" if topic.startswith("snoozed") else ""  # where another order holds
            if not topic.startswith(THREAD):
                drawn[view] = drawn.get(view) or _row(stored, view)
                told[topic] = [["place", topic, drawn[view]]]
        if opened is not None:
            told[f"{THREAD}{stored.id}"] = _opened(opened, done)
        return told

    return ops


def _nothing(topics: Sequence[str]) -> dict[str, list[Op]]:
    return {}


def _begun(stored: ListRow | None, moments: dict[int, datetime]) -> Drawer:
    def ops(topics: Sequence[str]) -> dict[str, list[Op]]:
        told: dict[str, list[Op]] = {}
        for topic in topics:
            at = moments.get(int(topic.partition(":")[2]))
            if stored is not None and at is not None:
                mine = msgspec.structs.replace(stored, sort_at=at, draft=True)
                told[topic] = [["place", topic, _row(mine, "drafts")]]
        return told

    return ops


def _row(stored: ListRow, view: str) -> str:
    return render.partial("inbox/_row.html", RowView(row=row(stored, view=view, live=True)), language())


def _opened(stored: Head, done: Sequence[HistoryLine]) -> list[Op]:
    drawn = render.partial("inbox/_head.html", HeadView(head=head(stored)), language())
    told: list[Op] = [["patch", f"head:{stored.id}", drawn, stored.version]]
    for line in done:
        made = system_row(line, stored.id, line.after_seq)
        if made is not None:
            html = render.partial("inbox/_message.html", MessageView(message=made), language())
            told.append(["put", f"{THREAD}{stored.id}", html])
    return told


def _message(message: ThreadMessage, place: int, seq: int) -> Drawer:
    def ops(topics: Sequence[str]) -> dict[str, list[Op]]:
        shown = MessageView(message=bubble(message, place, seq))
        html = render.partial("inbox/_message.html", shown, language())
        return {topic: [["put", topic, html]] for topic in topics if topic == f"{THREAD}{place}"}

    return ops


def _person(id_: int, known: CustomerCard) -> Drawer:
    def ops(topics: Sequence[str]) -> dict[str, list[Op]]:
        shown = CardView(card=person_card(known))
        parts: list[Op] = [
            ["patch", f"person:{id_}", render.partial("inbox/_person.html", shown, language())],
            ["patch", f"reach:{id_}", render.partial("inbox/_reach.html", shown, language())],
        ]
        return {topic: parts for topic in topics if topic.startswith("contact:")}

    return ops


def _account(known: AccountCard) -> Drawer:
    def ops(topics: Sequence[str]) -> dict[str, list[Op]]:
        html = render.partial("inbox/_account.html", CardView(card=account_card(known)), language())
        op: Op = ["patch", f"account:{known.account_id}", html]
        return {topic: [op] for topic in topics if topic.startswith("account:")}

    return ops


def _message_gone(id_: int) -> Drawer:
    def ops(topics: Sequence[str]) -> dict[str, list[Op]]:
        return {topic: [["drop", topic, f"m-{id_}"]] for topic in topics if topic.startswith(THREAD)}

    return ops


def _message_lost(id_: int) -> Callable[[str], list[Op]]:
    return lambda topic: [["drop", topic, f"m-{id_}"]] if topic.startswith(THREAD) else []


def _row_gone(id_: int) -> Callable[[str], list[Op]]:
    return lambda topic: [] if topic.startswith(THREAD) else [["drop", topic, f"row-{id_}"]]
