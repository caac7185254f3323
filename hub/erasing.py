"""Erasing a person, room by room, in small transactions: each does what is left, so a crash repeats nothing.

The order: their conversations, other people's in which they stand, campaigns, originals, at last the person, then
the files nobody names any more (INVARIANTS §19). Whom an erasure was about is then known nowhere; beside the data
stand the numbers of their contacts, so that a backup that brings them back is told (`again`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

import msgspec

from hub.campaigns import erasing as of_campaigns
from hub.channels import erasing as of_arrivals
from hub.channels.erasing import Looked
from hub.conversations import blotting as in_others
from hub.conversations import erasing as of_conversations
from hub.conversations.erasing import Gone
from hub.customers import erasing as of_customers
from hub.customers import erasures
from hub.customers.erasures import Erasure, Subject
from hub.deliveries import erasing as of_deliveries
from hub.insight import collecting
from hub.notifications import erasing as of_notifications
from hub.plumbing import clock, history, idempotency, todo
from hub.plumbing.crypto import Crypto
from hub.plumbing.db import Tx
from hub.plumbing.errors import NotFound
from hub.plumbing.hub import Hub
from hub.routing import erasing as of_routing

BESIDE = "erased"
SETTLED = timedelta(hours=1)
"""Of this age a file that no row names is nobody's who is only about to name it."""
WORK_ON = {
    "messages": ("search", "machine_reading"),
    "deliveries": ("undelivered", "no_report", "chat_unread"),
    "conversations": ("auto_reply", "route"),
    "awaited": ("media",),
    "arrivals": ("call",),
}
"""What may wait to be done with what is deleted, by whose id it names."""


async def work(hub: Hub, erasure_id: int, *, until: float = float("inf")) -> Erasure:
    """Go on until no row is left, or until this moment of the monotonic clock; then what can be done of the files."""
    while clock.monotonic() < until and await _turn(hub, erasure_id):
        pass
    async with hub.transaction() as tx:
        erasure = await erasures.load(tx, erasure_id)
    return await _files(hub, erasure) if erasure.gone_at and not erasure.done_at else erasure


async def _turn(hub: Hub, erasure_id: int) -> bool:
    """The first step that finds something to do; False when no row is left."""
    for step in STEPS:
        if await hub.retrying(partial(_step, hub=hub, erasure_id=erasure_id, step=step)):
            return True
    return False


async def _step(tx: Tx, *, hub: Hub, erasure_id: int, step: Step) -> bool:
    erasure = await erasures.hold(tx, erasure_id)
    if erasure.gone_at is not None:
        return False
    return await step(tx, hub, erasure, await erasures.subject(tx, erasure))


async def _own_conversations(tx: Tx, hub: Hub, erasure: Erasure, who: Subject) -> bool:
    ids = await of_conversations.of_person(tx, who.contact_ids)
    if ids:
        await _note(tx, erasure, await of_conversations.end(tx, ids), {"conversations": len(ids)})
    return bool(ids)


async def _conversations_of_others(tx: Tx, hub: Hub, erasure: Erasure, who: Subject) -> bool:
    id_ = await in_others.next_shared(tx, who)
    if id_ is None:
        return False
    gone = await in_others.blot(tx, id_, who)
    await of_routing.blot(tx, id_, who.blotting)
    await of_notifications.forget(tx, who.blotting.needles, conversation_id=id_)
    await history.blot(tx, id_, who.blotting)
    await _note(tx, erasure, gone, {"shared": 1})
    return True


async def _campaigns(tx: Tx, hub: Hub, erasure: Erasure, who: Subject) -> bool:
    formerly = await of_customers.formerly(tx, who.contact_ids)
    ids = await of_campaigns.recipients_of(tx, who.contact_ids, formerly, who.address_ids)
    if await of_deliveries.blot(tx, who.address_ids, ids):
        return True
    n = await of_campaigns.blot(tx, ids)
    await erasures.add(tx, erasure.id, {"campaigns": n})
    return bool(n)


async def _originals(tx: Tx, hub: Hub, erasure: Erasure, who: Subject) -> bool:
    """Reports, wishes, what was unreadable: arrivals that are nobody's message and name an address of theirs."""
    looked = await of_arrivals.look_through(tx, erasure.arrival_id, who.blotting.needles)
    await _end_originals(tx, hub, erasure, who, looked)
    await erasures.read_to(tx, erasure.id, looked.up_to)
    return looked.more


async def _person(tx: Tx, hub: Hub, erasure: Erasure, who: Subject) -> bool:
    """The last rows. Whatever came meanwhile is another turn's: once they are locked nothing more comes."""
    await of_customers.lock(tx, who.contact_ids)
    who = await erasures.subject(tx, erasure)
    for step in STEPS[:-1]:
        if await step(tx, hub, await erasures.load(tx, erasure.id), who):
            return True
    looked = await of_arrivals.look_again(tx, erasure.asked_at, who.blotting.needles)
    await _end_originals(tx, hub, erasure, who, looked)
    accounts = await of_customers.alone(tx, who.contact_ids)
    await of_conversations.leave_accounts(tx, accounts)
    await of_conversations.forget_chats(tx, who)
    await history.forget(tx, who.contact_ids, accounts)
    needles = who.blotting.needles
    await todo.forget_naming(tx, needles)
    await idempotency.forget(tx, needles)
    await of_deliveries.forget_reports(tx, needles)
    await of_notifications.forget(tx, needles)
    await erasures.add(tx, erasure.id, await of_customers.end(tx, hub.crypto, who, accounts))
    await erasures.gone(tx, erasure.id)
    await history.record(tx, "person_erased", agent_id=erasure.agent_id, erasure=erasure.id)
    for id_ in who.contact_ids:
        tx.signal("contact", id_, [], lost=[f"contact:{id_}"])
    return False


Step = Callable[[Tx, Hub, Erasure, Subject], Awaitable[bool]]
STEPS: tuple[Step, ...] = (_own_conversations, _conversations_of_others, _campaigns, _originals, _person)


async def _end_originals(tx: Tx, hub: Hub, erasure: Erasure, who: Subject, looked: Looked) -> None:
    large = []
    for id_, key in looked.unread.items():
        if await _stands_in(hub, key, who):
            large.append(id_)
        await tx.execute("SELECT")  # files are slow, and who asks nothing for ten seconds is thrown out
    ids = await of_conversations.without_message(tx, [*looked.found, *large])
    await _note(tx, erasure, Gone(arrivals=ids), {})


async def _stands_in(hub: Hub, key: str, who: Subject) -> bool:
    try:
        return who.blotting.stands_in(await hub.files.get(key))
    except NotFound:  # a file that was lost names nobody
        return False


async def _note(tx: Tx, erasure: Erasure, gone: Gone, counts: dict[str, int]) -> None:
    """Originals and waiting work go along; files are named, to go when no row is left."""
    for what, kinds in WORK_ON.items():
        await todo.forget(tx, kinds, getattr(gone, what))
    originals = await of_arrivals.end(tx, gone.arrivals)
    counts = {**counts, "messages": len(gone.messages), "arrivals": len(gone.arrivals)}
    await erasures.add(tx, erasure.id, counts, files=[*gone.files, *originals])


async def _files(hub: Hub, erasure: Erasure) -> Erasure:
    """Delete what nobody else names; what was put within the hour waits. Raises OSError."""
    await asyncio.to_thread(_remember, hub.settings.data, await hub.retrying(erasures.erased_contacts))
    async with hub.transaction() as tx:
        erasure = await erasures.hold(tx, erasure.id)
        if not await collecting.may_delete(tx):
            return erasure
        used = await collecting.named(tx, erasure.named)
        ours = [key for key in erasure.named if key not in used]
        left = await asyncio.to_thread(hub.files.erase, ours, clock.now() - SETTLED)
        await erasures.keep_files(tx, erasure.id, left, erased=len(ours) - len(left))
        return await erasures.load(tx, erasure.id)


def _remember(data: Path, erased: Sequence[Sequence[int]]) -> None:
    """Beside the data, whole each time: a restore of the database does not take it along."""
    beside = data / f".{BESIDE}"
    known = {tuple(one) for one in [*remembered(data), *erased]}
    beside.write_bytes(msgspec.json.encode(sorted(known)))
    beside.rename(data / BESIDE)


def remembered(data: Path) -> list[list[int]]:
    """The contacts that were ever erased here, root first, as the file beside the data knows."""
    try:
        return msgspec.json.decode((data / BESIDE).read_bytes(), type=list[list[int]])
    except FileNotFoundError:
        return []


async def again(tx: Tx, crypto: Crypto, erased: Iterable[Sequence[int]]) -> int:
    """After a restore: who was erased since the backup was taken, and is back, is erased again; how many."""
    back = 0
    for root, *contact_ids in erased:
        rows = await tx.fetch("SELECT id FROM contact WHERE id = ANY($1) ORDER BY id", contact_ids)
        if rows:
            await erasures.begin(tx, crypto, root, [row["id"] for row in rows], agent_id=None)
            back += 1
    return back
