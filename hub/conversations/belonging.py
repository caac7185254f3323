"""One key on the banner "Pepe writes from Acme's domain, not confirmed": yes, or no and somebody else gets it."""

from __future__ import annotations

from hub.conversations.holding import Held, hold_all, read, tell
from hub.customers import suggesting
from hub.plumbing import todo
from hub.plumbing.db import Tx


async def confirm_account(tx: Tx, conversation_id: int, *, agent_id: int | None) -> Held:
    """The suggested account is right: the contact's open conversations are about it. Raises NotFound, Conflict."""
    [held] = await hold_all(tx, [conversation_id])
    contact = await suggesting.confirm(tx, held.contact_id, agent_id=agent_id)
    ids = await _open_ones(tx, contact.id)
    await tx.execute(
        """
        UPDATE conversation SET account_id = coalesce(account_id, $2), version = version + 1 WHERE id = ANY($1)
        """,
        ids,
        contact.account_id,
    )
    return await _tell_all(tx, held, ids)


async def deny_account(tx: Tx, conversation_id: int, *, agent_id: int | None) -> Held:
    """It is not theirs: what stood on the suggestion is taken away and routed again. Raises NotFound, Conflict."""
    [held] = await hold_all(tx, [conversation_id])
    contact = await suggesting.deny(tx, held.contact_id, agent_id=agent_id)
    if contact is None:
        return held
    ids = await _open_ones(tx, contact.id, contact.account_id)
    await tx.execute(
        "UPDATE conversation SET account_id = NULL, version = version + 1 WHERE id = ANY($1)", ids
    )
    await todo.add_many(tx, "route", ids)
    tx.wake("todo")
    return await _tell_all(tx, held, ids)


async def _open_ones(tx: Tx, root_id: int, account_id: int | None = None) -> list[int]:
    """The open conversations of a person (about one account, if given), locked ascending."""
    rows = await tx.fetch(
        """
        SELECT v.id FROM conversation v
        WHERE v.contact_id IN (SELECT id FROM contact WHERE root_id = $1) AND v.state IN ('open', 'snoozed')
          AND ($2::bigint IS NULL OR v.account_id = $2)
        ORDER BY v.id FOR NO KEY UPDATE OF v
        """,
        root_id,
        account_id,
    )
    return [row["id"] for row in rows]


async def _tell_all(tx: Tx, held: Held, ids: list[int]) -> Held:
    others = [one for one in await read(tx, ids) if one.id != held.id]
    for other in others:
        await tell(tx, other)
    return await tell(tx, held)
