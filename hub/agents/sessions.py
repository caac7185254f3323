"""Signing in and staying so: a session is a row, its token is known to the browser alone."""

from __future__ import annotations

import msgspec

from hub.agents import passwords
from hub.agents.roles import Person, load, load_many
from hub.plumbing import history
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, SignInNeeded
from hub.plumbing.hub import Hub
from hub.plumbing.ids import fingerprint, token
from hub.plumbing.texts import _

LIFE_DAYS = 14
IDLE_HOURS = 24
PEER_TRIES, PEER_SECONDS = 100, 300
ACCOUNT_TRIES, ACCOUNT_SECONDS = 10, 900


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """An open session: its row's id, its CSRF token and whose it is."""

    id: int
    csrf: str
    person: Person


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A session just opened; `token` goes into the browser's cookie and is stored nowhere."""

    token: str
    session: Session


async def sign_in(
    hub: Hub, email: str, password: str, *, peer: str, user_agent: str = "", old: str = ""
) -> Opened:
    """Check a password and open a session; `old`, the browser's former token, ends.

    Raises TooMany past the limits per network address and per account, SignInNeeded for a wrong pair. The
    limits count before the password is looked at, so that parallel tries cannot slip past them.
    """
    email = email.strip().lower()[:254]
    await check_peer(hub, peer)
    await hub.limits.check(
        f"login:account:{fingerprint(email).hex()[:32]}", most=ACCOUNT_TRIES, seconds=ACCOUNT_SECONDS
    )
    row = await hub.pool.fetchrow("SELECT id, password_hash, active FROM agent WHERE email = $1", email)
    stored = row["password_hash"] if row is not None and row["active"] else None
    if not await passwords.matches(password, stored) or row is None:
        raise SignInNeeded(_("This address and password do not belong together."))
    async with hub.transaction() as tx:
        return await begin(tx, row["id"], peer=peer, user_agent=user_agent, old=old, password_hash=stored)


async def check_peer(hub: Hub, peer: str) -> None:
    """Count one try from this network address. Raises TooMany."""
    await hub.limits.check(f"login:peer:{peer}", most=PEER_TRIES, seconds=PEER_SECONDS)


async def confirm(hub: Hub, agent_id: int, password: str) -> None:
    """That whoever sits there knows the password: a page left open is no place to guess it.

    Raises TooMany, BadInput naming `current`.
    """
    await hub.limits.check(f"password:{agent_id}", most=ACCOUNT_TRIES, seconds=ACCOUNT_SECONDS)
    stored = await hub.pool.fetchval("SELECT password_hash FROM agent WHERE id = $1", agent_id)
    if not await passwords.matches(password, stored):
        raise BadInput(_("This is not your current password."), field="current")


async def begin(
    tx: Tx,
    agent_id: int,
    *,
    peer: str,
    user_agent: str = "",
    old: str = "",
    password_hash: str | None = None,
) -> Opened:
    """Open a session for somebody we know: always a fresh token, the former one ends.

    `password_hash`: what was checked; raises SignInNeeded if it was changed meanwhile. Raises NotFound for
    an inactive agent.
    """
    now = await tx.value("SELECT password_hash FROM agent WHERE id = $1 FOR NO KEY UPDATE", agent_id)
    if password_hash is not None and now != password_hash:
        raise SignInNeeded(_("The password was just changed: sign in with the new one."))
    person = await load(tx, agent_id)
    if old:
        await end(tx, old)
    secret, csrf = token(32), token(24)
    id_: int = await tx.value(
        """
        INSERT INTO session (token_hash, agent_id, csrf, expires_at, peer, user_agent)
        VALUES ($1, $2, $3, now() + make_interval(days => $4), $5, $6) RETURNING id
        """,
        fingerprint(secret),
        agent_id,
        csrf,
        LIFE_DAYS,
        peer[:100],
        user_agent[:300],
    )
    await history.record(tx, "signed_in", agent_id=agent_id, peer=peer[:100])
    return Opened(token=secret, session=Session(id=id_, csrf=csrf, person=person))


async def find(tx: Tx, secret: str) -> Session | None:
    """The session of a browser's token; None when it ended, expired or was idle too long."""
    if not 20 <= len(secret) <= 100:
        return None
    row = await tx.record(
        """
        SELECT id, csrf, agent_id, seen_at < now() - interval '1 minute' AS due FROM session
        WHERE token_hash = $1 AND expires_at > now() AND seen_at > now() - make_interval(hours => $2)
        """,
        fingerprint(secret),
        IDLE_HOURS,
    )
    if row is None:
        return None
    if row["due"]:
        await tx.execute("UPDATE session SET seen_at = now() WHERE id = $1", row["id"])
    people = await load_many(tx, [row["agent_id"]])
    return Session(id=row["id"], csrf=row["csrf"], person=people[0]) if people else None


async def still_open(tx: Tx, ids: list[int]) -> set[int]:
    """Which of these sessions still are; being asked for, with a page open, keeps them from idling out."""
    rows = await tx.fetch(
        """
        UPDATE session SET seen_at = now()
        WHERE id IN (SELECT id FROM session WHERE id = ANY($1::bigint[]) AND expires_at > now()
                     ORDER BY id FOR UPDATE)
        RETURNING id
        """,
        ids,
    )
    return {row["id"] for row in rows}


async def end(tx: Tx, secret: str) -> None:
    """Sign out: the token opens nothing from now on, and its open sockets close."""
    row = await tx.record("DELETE FROM session WHERE token_hash = $1 RETURNING agent_id", fingerprint(secret))
    if row is not None:
        tx.signal("access", row["agent_id"], [f"agent:{row['agent_id']}"])


async def sweep(tx: Tx) -> int:
    """Delete the rows of sessions that ended by themselves; how many."""
    return await tx.execute(
        "DELETE FROM session WHERE expires_at < now() OR seen_at < now() - make_interval(hours => $1)",
        IDLE_HOURS,
    )
